"""A surface as its slopes, pixel by pixel: what a lamp and a camera make of it comes later."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Window = tuple[slice, slice]
"""Rows and columns of a part of an image."""


@dataclass(slots=True)
class Slopes:
    """Rise per length to the right (`p`) and upwards (`q`) of each pixel, no unit."""

    p: Floats
    q: Floats

    @classmethod
    def flat(cls, shape: tuple[int, int]) -> Slopes:
        """Return a plane surface of so many rows and columns."""
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.p.shape
        return rows, columns

    def add_height(self, height: Floats, window: Window) -> None:
        """Add the slopes of a height map, in pixels, that covers a window of the surface."""
        self.p[window] += cv2.Scharr(height, cv2.CV_32F, 1, 0, scale=1 / 32)
        self.q[window] -= cv2.Scharr(height, cv2.CV_32F, 0, 1, scale=1 / 32)

    def part(self, window: Window, zoom: int) -> Slopes:
        """Return a copy of a window, with `zoom` times as many pixels in both directions."""
        if zoom == 1:
            return Slopes(self.p[window].copy(), self.q[window].copy())
        rows, columns = self.p[window].shape
        size = (columns * zoom, rows * zoom)
        bigger = [cv2.resize(a[window], size, interpolation=cv2.INTER_LINEAR) for a in self._both()]
        return Slopes(*(a.astype(np.float32, copy=False) for a in bigger))

    def _both(self) -> tuple[Floats, Floats]:
        return self.p, self.q


def window_around(shape: tuple[int, int], column: float, row: float, reach: float) -> Window:
    """Return the rows and columns within `reach` pixels of a place, cut at the border."""
    top, left = (min(max(0, int(v - reach)), n) for v, n in ((row, shape[0]), (column, shape[1])))
    bottom = min(shape[0], int(row + reach) + 2)
    right = min(shape[1], int(column + reach) + 2)
    return slice(top, max(top, bottom)), slice(left, max(left, right))
