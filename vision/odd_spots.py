"""Compact spots that differ from the face around them in any way.

Some lights break an indentation up into dots that close to no circle. Such a spot may be
dirt as well; where nothing explains it, it counts as a doubtful mark and keeps its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]

_SHRINK = 8
_OVER_NOISE = 6.0
_LEAST_PX = 2.2
_ASPECT = 2.6
_LEAST_FILL = 0.35
_MOST = 300
_LONG, _LONG_PX = 4.0, 20.0


@dataclass(frozen=True, slots=True)
class Odd:
    """What differs from the face.

    `spots` are enclosing circles (column, row, radius, px; shape (n, 3)), `thin` the outlines
    and widths (px) of long thin things, scratches for one.
    """

    spots: Floats
    thin: tuple[tuple[cv2.typing.MatLike, float], ...]

    def along_thin(self, column: float, row: float, radius: float) -> bool:
        """Whether a circle is but a piece of something thin: little wider, and on it."""
        return any(
            radius < 0.9 * width and cv2.pointPolygonTest(line, (column, row), True) > -0.5 * width
            for line, width in self.thin
        )


def find_odd(image: Image, inside: Image, largest_px: float) -> Odd:
    """Return what is compact and odd, up to that radius, and what is long and thin."""
    grey = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    light = _light(grey, inside)
    off = np.abs(grey - light)
    few = off[::3, ::3][inside[::3, ::3] > 0]
    if not len(few):
        return Odd(np.zeros((0, 3), np.float32), ())
    noise = 1.4826 * float(np.median(few))
    odd = ((off > max(_OVER_NOISE * noise, 4.0)) & (inside > 0)).astype(np.uint8)
    odd = cv2.morphologyEx(odd, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(odd, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    circles = [circle for contour in contours if (circle := _circle(contour, largest_px))]
    circles.sort(key=lambda circle: (-circle[2], circle))
    thin = [line for contour in contours if (line := _thin(contour))]
    spots = np.array(circles[:_MOST], np.float32).reshape(-1, 3)
    return Odd(spots, tuple(thin[:_MOST]))


def _thin(contour: cv2.typing.MatLike) -> tuple[cv2.typing.MatLike, float] | None:
    """Return the contour and its width if it is long and thin, bent or not."""
    length = cv2.arcLength(contour, True) / 2
    width = (cv2.contourArea(contour) + length) / max(length, 1.0)
    return (contour, width) if length > _LONG * width and length > _LONG_PX else None


def _circle(contour: cv2.typing.MatLike, largest: float) -> tuple[float, float, float] | None:
    width, height = cv2.minAreaRect(contour)[1]
    if max(width, height) + 1 > _ASPECT * (min(width, height) + 1):
        return None
    (column, row), radius = cv2.minEnclosingCircle(contour)
    full = cv2.contourArea(contour) / (np.pi * radius * radius + 1e-6)
    if not _LEAST_PX <= radius + 0.5 <= largest or full < _LEAST_FILL:
        return None
    return column, row, radius + 0.5


def _light(grey: cv2.typing.MatLike, inside: Image) -> Floats:
    """Return the quadratic light through the bare part; marks are left out in rounds."""
    scale = 1 / _SHRINK
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    part = cv2.resize(inside, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    y, x = (np.linspace(-1, 1, n) for n in small.shape)
    xx, yy = np.meshgrid(x, y)
    terms = np.stack([np.ones_like(xx), xx, yy, xx * xx, xx * yy, yy * yy], axis=-1)
    bare = part == 255
    if not bare.any():
        return np.full((grey.shape[0], grey.shape[1]), float(np.median(grey)), np.float32)
    design, level = terms[bare], small[bare]
    keep = np.abs(level - np.median(level)) <= 40
    for _ in range(3):
        some = design[keep]
        fit = np.linalg.solve(some.T @ some + 1e-6 * np.eye(6), some.T @ level[keep])
        off = np.abs(level - design @ fit)
        keep = off <= max(2.0, 3 * float(np.median(off)))
    size = (grey.shape[1], grey.shape[0])
    light = cv2.resize((terms @ fit).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(light, np.float32)
