"""What has changed on a face between two pictures, beside the indentations made."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.finder import Surface, searched
from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.regions import Disc

Floats = NDArray[np.float32]

_CALM_MM = 0.06
_SLIP_PX = 1.0
_OVER_NOISE, _LEAST = 7.0, 0.06
_LEAST_MM2 = 0.02


def changed_places(
    before: tuple[Image, Surface],
    after: tuple[Image, Surface],
    made: Sequence[Mark],
    *,
    px_per_mm: float,
) -> tuple[Disc, ...]:
    """Return where the face differs from before but for the marks made: sorted discs, mm.

    Both pictures must come from the same station; `after` must be in the frame of the one
    before (see `alignment.aligned`). Differences of the lamp over the whole face, and those
    that a shift by a pixel would explain, are none.
    """
    frame = before[1].frame(before[0].shape, px_per_mm)
    inside = searched(before[0].shape, before[1].outline, frame)
    for mark in made:
        _paint(inside, frame, Disc(mark.x, mark.y, 0.9 * mark.diameter + 0.15))
    old = _calm(before[0].astype(np.float32), px_per_mm)
    new = _calm(_laid_over(after, before[0].shape, frame, px_per_mm), px_per_mm)
    free = inside > 0
    if not free.any():
        return ()
    off = _difference(old, new, free)
    noise = 1.4826 * float(np.median(np.abs(off[free])))
    allowed = np.float32(max(_OVER_NOISE * noise, _LEAST)) + _slip(old)
    return _discs((np.abs(off) > allowed) & free, frame)


def _laid_over(
    after: tuple[Image, Surface], shape: tuple[int, ...], frame: Frame, px_per_mm: float
) -> Floats:
    """Return the picture after, moved and turned so that the block lies as before."""
    image, surface = after
    there = surface.frame(image.shape, px_per_mm)
    corners = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)]
    source = np.array([there.to_px(*c) for c in corners], np.float32)
    target = np.array([frame.to_px(*c) for c in corners], np.float32)
    way = cv2.getAffineTransform(source, target)
    size = (shape[1], shape[0])
    laid = cv2.warpAffine(image.astype(np.float32), way, size, flags=cv2.INTER_LINEAR)
    return laid.astype(np.float32, copy=False)


def _calm(grey: Floats, px_per_mm: float) -> Floats:
    sigma = max(1.0, _CALM_MM * px_per_mm)
    return cv2.GaussianBlur(grey, (0, 0), sigma).astype(np.float32, copy=False)


def _difference(old: Floats, new: Floats, free: NDArray[np.bool_]) -> Floats:
    """Return new over old less 1, without what varies slowly over the face."""
    ratio = (new + 4) / (old + 4) - 1
    weight = free.astype(np.float32)
    few = np.clip(np.where(free, ratio, 0), -0.5, 0.5).astype(np.float32)
    size = (max(3, old.shape[1] // 32), max(3, old.shape[0] // 32))
    total = cv2.resize(few, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    slow = cv2.medianBlur((total / np.maximum(share, 0.1)).astype(np.float32), 5)
    smooth = cv2.resize(slow, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_LINEAR)
    return (ratio - smooth).astype(np.float32)


def _slip(old: Floats) -> Floats:
    """Return how much a shift by a pixel would change."""
    steep = cv2.magnitude(
        cv2.Scharr(old, cv2.CV_32F, 1, 0, scale=1 / 32),
        cv2.Scharr(old, cv2.CV_32F, 0, 1, scale=1 / 32),
    )
    wide = cv2.dilate(steep, np.ones((3, 3), np.uint8))
    return (np.float32(_SLIP_PX) * wide / (old + 4)).astype(np.float32)


def _discs(changed: NDArray[np.bool_], frame: Frame) -> tuple[Disc, ...]:
    contours, _ = cv2.findContours(
        changed.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    found = []
    for contour in contours:
        (column, row), radius = cv2.minEnclosingCircle(contour)
        reach = (radius + 0.5) / frame.px_per_mm
        if math.pi * reach * reach >= _LEAST_MM2:
            place = frame.to_mm(column, row)
            found.append(Disc(place.x, place.y, reach))
    return tuple(sorted(found))


def _paint(mask: Image, frame: Frame, disc: Disc) -> None:
    column, row = frame.to_px(disc.x, disc.y)
    radius = math.ceil(disc.radius * frame.px_per_mm)
    cv2.circle(mask, (round(column), round(row)), radius, (0,), -1)
