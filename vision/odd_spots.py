"""Compact spots that differ from the face around them in any way.

Some lights break an indentation up into dots that close to no circle. Such a spot may be
dirt as well; where nothing explains it, it counts as a doubtful mark and keeps its place.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]

_SHRINK = 8
_OVER_NOISE = 6.0
_LEAST_OFF = 4.0
_OF_MEAN = 1.2533
"""Standard deviation over mean absolute deviation of noise."""

_LEAST_PX = 2.2
_ASPECT = 2.6
_LEAST_FILL = 0.35
_MOST = 300


def find_odd(image: Image, inside: Image, largest_px: float) -> tuple[Floats, Image]:
    """Return what is compact and odd, up to that radius: column, row, radius (px), shape (n, 3).

    The circles enclose it; the largest first, at most 300. The mask is 255 where a pixel is odd.
    """
    calm = cv2.GaussianBlur(image, (0, 0), 1.0)
    off = cv2.absdiff(calm, _light(calm, inside))
    few = off[::3, ::3][inside[::3, ::3] > 0]
    if not len(few):
        return np.zeros((0, 3), np.float32), np.zeros_like(image)
    # A mean, as a median of whole grey levels is too coarse; what is odd is cut off.
    usual = np.minimum(few, 3 * float(np.median(few)) + 2)
    noise = _OF_MEAN * float(usual.mean())
    level = max(_OVER_NOISE * noise, _LEAST_OFF)
    odd = cv2.bitwise_and(cv2.threshold(off, level, 255, cv2.THRESH_BINARY)[1], inside)
    odd = cv2.morphologyEx(odd, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(odd, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    circles = [circle for contour in contours if (circle := _circle(contour, largest_px))]
    circles.sort(key=lambda circle: (-circle[2], circle))
    return np.array(circles[:_MOST], np.float32).reshape(-1, 3), odd.astype(np.uint8, copy=False)


def _circle(contour: cv2.typing.MatLike, largest: float) -> tuple[float, float, float] | None:
    width, height = cv2.minAreaRect(contour)[1]
    if max(width, height) + 1 > _ASPECT * (min(width, height) + 1):
        return None
    (column, row), radius = cv2.minEnclosingCircle(contour)
    full = cv2.contourArea(contour) / (np.pi * radius * radius + 1e-6)
    if not _LEAST_PX <= radius + 0.5 <= largest or full < _LEAST_FILL:
        return None
    return column, row, radius + 0.5


def _light(grey: cv2.typing.MatLike, inside: Image) -> Image:
    """Return the quadratic light through the bare part; marks are left out in rounds."""
    scale = 1 / _SHRINK
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    part = cv2.resize(inside, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    y, x = (np.linspace(-1, 1, n) for n in small.shape)
    xx, yy = np.meshgrid(x, y)
    terms = np.stack([np.ones_like(xx), xx, yy, xx * xx, xx * yy, yy * yy], axis=-1)
    bare = part == 255
    if not bare.any():
        return np.full((grey.shape[0], grey.shape[1]), round(float(np.median(grey))), np.uint8)
    design, level = terms[bare], small[bare].astype(np.float64)
    keep = np.abs(level - np.median(level)) <= 40
    for _ in range(3):
        some = design[keep]
        fit = np.linalg.solve(some.T @ some + 1e-6 * np.eye(6), some.T @ level[keep])
        off = np.abs(level - design @ fit)
        keep = off <= max(2.0, 3 * float(np.median(off)))
    size = (grey.shape[1], grey.shape[0])
    smooth = np.clip(terms @ fit + 0.5, 0, 255).astype(np.uint8)
    return cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
