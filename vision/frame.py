"""Between pixels and millimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Point

Image = NDArray[np.uint8]
"""Grey (rows, columns) or BGR (rows, columns, 3) pixels, 0 … 255."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A millimetre frame laid over an image: x right, y up, pixel centres at whole numbers.

    `column` and `row` are where its origin lies, `px_per_mm` is the scale; the frame is
    turned to the left by `turn` rad.
    """

    column: float
    row: float
    px_per_mm: float
    turn: float = 0.0

    @classmethod
    def centred(cls, shape: tuple[int, ...], px_per_mm: float) -> Frame:
        """Return the frame whose origin is the centre of an image of that shape."""
        return cls((shape[1] - 1) / 2, (shape[0] - 1) / 2, px_per_mm)

    def moved(self, origin: Point) -> Frame:
        """Return the frame whose origin is at `origin` (mm) of this one."""
        column, row = self.to_px(origin.x, origin.y)
        return replace(self, column=column, row=row)

    def turned(self, angle: float) -> Frame:
        """Return the frame turned about its origin to the left by `angle` rad."""
        return replace(self, turn=self.turn + angle)

    def to_px(self, x: float, y: float) -> tuple[float, float]:
        """Return column and row of a point given in mm."""
        if self.turn:
            x, y = turned(x, y, self.turn)
        return self.column + x * self.px_per_mm, self.row - y * self.px_per_mm

    def to_mm(self, column: float, row: float) -> Point:
        """Return the point in mm of a place given in pixels."""
        x, y = (column - self.column) / self.px_per_mm, (self.row - row) / self.px_per_mm
        return Point(*turned(x, y, -self.turn)) if self.turn else Point(x, y)


def turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """Return a point turned to the left about the origin by `angle` rad."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine - y * sine, x * sine + y * cosine
