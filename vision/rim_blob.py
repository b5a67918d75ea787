"""A first idea of where the block is: the largest thing that is not as bright as the ground.

It does for most lights. Where part of the face is as dark as the ground, or only the edges
shine, there is no such thing, or it has another shape: then the edges tell more
(`vision.rim_votes`).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.rim_shape import Shape

Floats = NDArray[np.float32]

SEVERAL = "more than one block is in the picture"

_SHRINK = 4
_LEAST_CONTRAST = 12.0
_LEAST_SIGNAL = 5.0
"""Contrast of block and ground: in grey levels, and over the unrest of the ground."""

_LEAST_EXTENT_MM = 15.0
_SECOND = 0.5
_ROUND_FILL = 0.955
_RECTANGULAR_FILL = 0.95
_LEVEL = 0.4


def blob(image: Image, px_per_mm: float) -> Shape | str:
    """Return roughly where the one block on its even ground lies, or why there is none."""
    hull = _ground_left(image, px_per_mm)
    if isinstance(hull, str):
        return hull
    area = cv2.contourArea(hull)
    (column, row), radius = cv2.minEnclosingCircle(hull)
    middle, (width, height), degrees = cv2.minAreaRect(hull)
    squareness = area / (width * height)
    if squareness >= _RECTANGULAR_FILL:
        half = (width / 2, height / 2)
        return Shape(False, middle[0], middle[1], half, math.radians(degrees))
    if area / (math.pi * radius * radius) >= _ROUND_FILL:
        return Shape(True, column, row, (radius, radius))
    return f"the outline is neither round nor a rectangle (fills {squareness:.2f} of its box)"


def _ground_left(image: Image, px_per_mm: float) -> Floats | str:
    """Return the hull of what is not ground, px, shape (n, 2), or why it is not one block."""
    small = cv2.resize(image, None, fx=1 / _SHRINK, fy=1 / _SHRINK, interpolation=cv2.INTER_AREA)
    frame = np.concatenate([small[:2].ravel(), small[-2:].ravel(), small[:, :2].ravel()])
    frame = np.concatenate([frame, small[:, -2:].ravel()])
    ground = float(np.median(frame))
    unrest = 1.4826 * float(np.median(np.abs(frame - ground)))
    differs = cv2.absdiff(small, np.full_like(small, round(ground)))
    _, mask = cv2.threshold(differs, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if not 0 < cv2.countNonZero(mask) < mask.size:
        return "the picture has no contrast"
    inside = float(np.median(differs[mask > 0]))
    if inside < max(_LEAST_CONTRAST, _LEAST_SIGNAL * unrest):
        return "the picture has no contrast"
    faint = 3 * unrest + 2
    hull: cv2.typing.MatLike | str = ""
    # In dark field the indentations outshine the face: look again for what is just not ground.
    for limit in (max(_LEVEL * inside, faint), faint):
        mask = cv2.threshold(differs, limit, 255, cv2.THRESH_BINARY)[1]
        hull = _hull(mask, px_per_mm)
        if not isinstance(hull, str):
            break
    if isinstance(hull, str):
        return hull
    scaled: Floats = (hull.reshape(-1, 2).astype(np.float32) + 0.5) * _SHRINK - 0.5
    return scaled


def _hull(mask: cv2.typing.MatLike, px_per_mm: float) -> cv2.typing.MatLike | str:
    """Return the hull of the largest thing in the mask, or why it is not one block."""
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hulls = sorted((cv2.convexHull(c) for c in contours), key=cv2.contourArea, reverse=True)
    if not hulls:
        return "the picture has no contrast"
    width, height = cv2.minAreaRect(hulls[0])[1]
    if min(width, height) * _SHRINK < _LEAST_EXTENT_MM * px_per_mm:
        return "nothing as large as a block is in the picture"
    if len(hulls) > 1 and cv2.contourArea(hulls[1]) > _SECOND * cv2.contourArea(hulls[0]):
        return SEVERAL
    left, top, wide, high = cv2.boundingRect(hulls[0])
    rows, columns = mask.shape
    if left <= 0 or top <= 0 or left + wide >= columns or top + high >= rows:
        return "the block is not wholly in the picture"
    return hulls[0]
