"""The rim of the block in a picture: round or rectangular, where, how large, how far turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Outline, Point, Rectangle, Round
from vision.profiles import first_rise, sampled

Doubles = NDArray[np.float64]

_SHRINK = 4
_LEAST_CONTRAST = 12.0
_LEAST_SIGNAL = 5.0
"""Contrast of block and ground: in grey levels, and over the unrest of the ground."""

_LEAST_EXTENT_MM = 15.0
_REACH_PX = 10.0
_STEP_PX = 0.5
_RAYS = 180
_LEAST_RAYS = 60
_SECOND = 0.5
_ROUND_FILL = 0.955
_RECTANGULAR_FILL = 0.95
_LEVEL = 0.4


@dataclass(frozen=True, slots=True)
class Rim:
    """The outline found, and the block centre relative to the image centre, mm.

    `turn` is how far the block's x axis is turned to the left, rad, from -pi/4 to pi/4;
    it is 0 for a round block.
    """

    outline: Outline
    centre: Point
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class _Blob:
    """The region that is not ground, in full-size pixels.

    `hull` is its hull (n, 2), `apart` the picture as difference from the ground, `level`
    how much difference makes the block.
    """

    hull: NDArray[np.float32]
    apart: Image
    level: float


def find_rim(image: Image, px_per_mm: float) -> Rim | str:
    """Return the rim of the one block on its even ground, or the reason why there is none.

    The block may be brighter or darker than the ground, and lie at any angle.
    """
    blob = _blob(image, px_per_mm)
    if isinstance(blob, str):
        return blob
    area = cv2.contourArea(blob.hull)
    _, radius = cv2.minEnclosingCircle(blob.hull)
    box = cv2.minAreaRect(blob.hull)
    squareness = area / (box[1][0] * box[1][1])
    if squareness >= _RECTANGULAR_FILL:
        return _rectangle(image, blob, box, px_per_mm)
    if area / (math.pi * radius * radius) >= _ROUND_FILL:
        return _circle(image, blob, px_per_mm)
    return f"the outline is neither round nor a rectangle (fills {squareness:.2f} of its box)"


def _blob(image: Image, px_per_mm: float) -> _Blob | str:
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
    level = faint
    # In dark field the indentations outshine the face: look again for what is just not ground.
    for limit in (max(_LEVEL * inside, faint), faint):
        level = limit
        mask = cv2.threshold(differs, limit, 255, cv2.THRESH_BINARY)[1]
        hull = _hull(mask, px_per_mm)
        if not isinstance(hull, str):
            break
    if isinstance(hull, str):
        return hull
    scaled = (hull.reshape(-1, 2).astype(np.float32) + 0.5) * _SHRINK - 0.5
    apart = cv2.absdiff(image, np.full_like(image, round(ground)))
    return _Blob(scaled, apart.astype(np.uint8, copy=False), float(level))


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
        return "more than one block is in the picture"
    left, top, wide, high = cv2.boundingRect(hulls[0])
    rows, columns = mask.shape
    if left <= 0 or top <= 0 or left + wide >= columns or top + high >= rows:
        return "the block is not wholly in the picture"
    return hulls[0]


def _rises(image: Image, starts: Doubles, inward: Doubles, level: float) -> Doubles:
    """Return where lines from outside first meet the block; NaN rows where they do not.

    `starts` (columns, rows) lie on the expected rim and `inward` are unit vectors,
    both of shape (n, 2); so is the result.
    """
    steps = np.arange(-_REACH_PX, _REACH_PX + _STEP_PX, _STEP_PX)
    columns = starts[:, :1] + inward[:, :1] * steps
    rows = starts[:, 1:] + inward[:, 1:] * steps
    profiles = sampled(image, columns.astype(np.float32), rows.astype(np.float32))
    depth = first_rise(profiles, level).astype(np.float64) * _STEP_PX - _REACH_PX
    met: Doubles = starts + inward * depth[:, None]
    return met


def _circle(image: Image, blob: _Blob, px_per_mm: float) -> Rim | str:
    angles = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False)
    outward = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    column, row, radius = _fitted_circle(blob.hull.astype(np.float64))
    starts = np.array([column, row]) + outward * radius
    met = _rises(blob.apart, starts, -outward, blob.level)
    met = met[~np.isnan(met[:, 0])]
    for _ in range(3):  # leave out what a chip or a fixture pulled aside
        if len(met) < _LEAST_RAYS:
            return "the rim of the round block is not clear"
        column, row, radius = _fitted_circle(met)
        off = np.abs(np.hypot(met[:, 0] - column, met[:, 1] - row) - radius)
        met = met[off <= max(1.0, 3 * float(np.median(off)))]
    centre = Frame.centred(image.shape, px_per_mm).to_mm(column, row)
    return Rim(Round(2 * radius / px_per_mm), centre)


def _fitted_circle(points: Doubles) -> tuple[float, float, float]:
    """Return column, row and radius of the circle of least squares (Kåsa)."""
    origin = points.mean(axis=0)
    x, y = (points - origin).T
    design = np.stack([x, y, np.ones_like(x)], axis=1)
    a, b, c = np.linalg.lstsq(design, x * x + y * y, rcond=None)[0]
    radius = float(np.sqrt(c + (a * a + b * b) / 4))
    return float(origin[0] + a / 2), float(origin[1] + b / 2), radius


def _rectangle(
    image: Image,
    blob: _Blob,
    box: cv2.typing.RotatedRect,
    px_per_mm: float,
) -> Rim | str:
    """Return the rectangle through its four sides; `box` is where it lies roughly."""
    middle, (width, height), degrees = np.array(box[0]), box[1], box[2]
    degrees = (degrees + 45) % 90 - 45
    if abs((degrees - box[2]) % 180) > 1:  # the box's width is the other side
        width, height = height, width
    along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    across = np.array([-along[1], along[0]])
    sides = []
    for inward, half, other in (
        (along, width / 2, height / 2),
        (-along, width / 2, height / 2),
        (across, height / 2, width / 2),
        (-across, height / 2, width / 2),
    ):
        side = _side(blob, middle - inward * half, inward, other)
        if isinstance(side, str):
            return side
        sides.append(side)
    # Each side: its distance inward of where it was expected, and its slope.
    turn = math.radians(degrees) + float(np.mean([slope for _, slope in sides]))
    left, right, top, bottom = (place for place, _ in sides)
    centre = middle + along * (left - right) / 2 + across * (top - bottom) / 2
    size = Rectangle((width - left - right) / px_per_mm, (height - top - bottom) / px_per_mm)
    # Rows run downwards: a turn to the right in pixels is one to the left seen from above.
    quarters, turn = divmod(-turn + math.pi / 4, math.pi / 2)
    turn -= math.pi / 4
    if quarters % 2:  # just beyond 45° the other side is the width
        size = Rectangle(size.height, size.width)
    place = Frame.centred(image.shape, px_per_mm).to_mm(float(centre[0]), float(centre[1]))
    return Rim(size, place, turn)


def _side(blob: _Blob, start: Doubles, inward: Doubles, half: float) -> tuple[float, float] | str:
    """Return how far inward of `start` the middle of a side lies, px, and its slope, rad."""
    along = np.array([-inward[1], inward[0]])
    share = np.linspace(-0.88, 0.88, 64)
    starts = start + (share * half)[:, None] * along
    met = _rises(blob.apart, starts, np.broadcast_to(inward, starts.shape), blob.level)
    ok = ~np.isnan(met[:, 0])
    where, depth = share[ok] * half, (met[ok] - start) @ inward
    for _ in range(3):  # a chip or a jaw of the gripper is no part of the side
        if len(where) < len(share) // 3:
            return "a side of the rectangular block is not clear"
        slope, at_middle = np.polyfit(where, depth, 1)
        off = np.abs(depth - slope * where - at_middle)
        keep = off <= max(0.7, 2.5 * float(np.median(off)))
        where, depth = where[keep], depth[keep]
    return float(at_middle), -float(slope)
