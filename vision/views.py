"""Close-ups of round things in a picture, all at one size, in grey levels that know no light.

A close-up is cut from the level of an image pyramid whose scale fits, so that large and
small things alike are seen without aliasing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]

_MOST_LINES = 32000
"""As many lines as OpenCV samples at a time."""


@dataclass(frozen=True, slots=True)
class Zoom:
    """A square of `side` px in which the thing's radius is `radius` px."""

    side: int
    radius: float


def pyramid(image: Image, largest_px: float) -> list[Image]:
    """Return the picture and its halves, as many as things of that radius ask for."""
    halves = [image]
    while largest_px / 2 ** len(halves) > 4.0 and min(halves[-1].shape) > 64:
        halves.append(cv2.pyrDown(halves[-1]).astype(np.uint8, copy=False))
    return halves


def close_ups(halves: Sequence[Image], things: Floats, zoom: Zoom) -> Image:
    """Return the close-up of each thing (column, row, radius in px), shape (n, side, side)."""
    step = np.maximum(things[:, 2], 1.0) / zoom.radius
    level = np.clip(np.rint(np.log2(np.maximum(step, 1e-3))), 0, len(halves) - 1).astype(np.intp)
    seen = np.zeros((len(things), zoom.side, zoom.side), np.uint8)
    most = _MOST_LINES // zoom.side
    for k, picture in enumerate(halves):
        mine = np.flatnonzero(level == k)
        for first in range(0, len(mine), most):
            some = mine[first : first + most]
            seen[some] = _cut(picture, things[some, :2] / 2**k, step[some] / 2**k, zoom.side)
    return seen


def _cut(picture: Image, centres: Floats, step: Floats, side: int) -> Image:
    """Return squares about the centres, sampled every `step` px."""
    away = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    offset = step[:, None] * away
    shape = (len(centres), side, side)
    columns = np.broadcast_to((centres[:, :1] + offset)[:, None, :], shape)
    rows = np.broadcast_to((centres[:, 1:] + offset)[:, :, None], shape)
    flat = (-1, side)
    cut = cv2.remap(
        picture,
        np.ascontiguousarray(columns).reshape(flat).astype(np.float32, copy=False),
        np.ascontiguousarray(rows).reshape(flat).astype(np.float32, copy=False),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cut.reshape(shape).astype(np.uint8, copy=False)


def by_contrast(seen: Image) -> Floats:
    """Return grey levels about their mean, over their spread."""
    grey = seen.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    spread = grey.std(axis=(1, 2), keepdims=True) + np.float32(2)
    return np.asarray(np.clip((grey - mean) / spread, -3, 3), np.float32)


def by_surroundings(seen: Image) -> Floats:
    """Return grey levels about those of the border, over the unrest there.

    It shows what is faint beside what is glaring: the far flank beside the bright crescent.
    """
    grey = seen.astype(np.float32)
    edge = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    usual = np.median(edge, axis=1)[:, None]
    unrest = 2 * np.median(np.abs(edge - usual), axis=1) + np.float32(1)
    shown = (grey - usual[:, :, None]) / (2 * unrest[:, None, None])
    return np.asarray(np.clip(shown, -3, 3), np.float32)
