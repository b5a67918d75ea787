"""The rim of a round thing laid out flat: one row for each direction, outwards to the right.

A circle about the right centre becomes a straight upright line there, a shifted one a wave.
The picture is taken finer than the close-ups, so that a rim is told from the soft edges of
the reflections within it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.profiles import sampled

Floats = NDArray[np.float32]

RAYS, SAMPLES = 48, 48
NEAREST, FARTHEST = 0.5, 1.4
"""From where to where the rays go, in radii."""

WRAPPED = 4
"""So many rows are there once more above and below, as the circle closes."""

_TOGETHER = 2
OUTSIDE = 6
"""The samples at the end of a row that show what is beside the thing."""

_AT_ONCE = 256


def unrolled(halves: Sequence[Image], things: Floats) -> Image:
    """Return the surroundings of the rims (column, row, radius; px), shape (n, rays, samples).

    `halves` are a picture and its halves. Row 0 goes to the right, those after it down.
    """
    pitch = things[:, 2] * ((FARTHEST - NEAREST) / SAMPLES)
    level = np.clip(np.rint(np.log2(np.maximum(pitch, 1e-3))), 0, len(halves) - 1)
    seen = np.zeros((len(things), RAYS, SAMPLES), np.uint8)
    for k, picture in enumerate(halves):
        mine = np.flatnonzero(level == k)
        for first in range(0, len(mine), _AT_ONCE):
            some = mine[first : first + _AT_ONCE]
            seen[some] = _laid_out(picture, things[some] / np.float32(2**k))
    return seen


def _laid_out(picture: Image, things: Floats) -> Image:
    """Return the rows of some circles; each is the mean of neighbouring rays."""
    count = RAYS * _TOGETHER
    angles = (np.arange(count) - (_TOGETHER - 1) / 2) * (2 * np.pi / count)
    share = NEAREST + (np.arange(SAMPLES) + 0.5) * ((FARTHEST - NEAREST) / SAMPLES)
    away = np.maximum(things[:, 2], 1)[:, None, None] * share.astype(np.float32)
    places = [
        (things[:, k, None, None] + away * f(angles).astype(np.float32)[:, None])
        .reshape(-1, SAMPLES)
        .astype(np.float32)
        for k, f in enumerate((np.cos, np.sin))
    ]
    grey = sampled(picture, *places).reshape(len(things), RAYS, _TOGETHER, SAMPLES)
    rows: Image = (grey.mean(axis=2) + 0.5).astype(np.uint8)
    return rows


def flat_view(seen: Image) -> Floats:
    """Return what a net looks at: by contrast and by surroundings, wrapped, (n, …, …, 2)."""
    grey = seen.astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    spread = grey.std(axis=(1, 2), keepdims=True) + np.float32(2)
    outside = grey[:, :, -OUTSIDE:].reshape(len(grey), RAYS * OUTSIDE)
    usual = np.median(outside, axis=1)[:, None]
    unrest = 2 * np.median(np.abs(outside - usual), axis=1) + np.float32(1)
    by_outside = (grey - usual[:, :, None]) / (2 * unrest[:, None, None])
    views = np.stack([(grey - mean) / spread, by_outside], axis=3)
    views = np.clip(views, -3, 3).astype(np.float32)
    return np.concatenate([views[:, -WRAPPED:], views, views[:, :WRAPPED]], axis=1)
