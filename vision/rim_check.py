"""Whether an outline can be trusted: a wrong one is far worse than none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.rim_edges import LINES, band
from vision.rim_fit import Fit
from vision.rim_shape import Shape, rays

_LEAST_MM = 15.0
_SUPPORT, _SIDE_SUPPORT = 0.75, 0.6
_LONGEST_GAP = 0.2
_LEAST_CONTRAST = 6.0
_BEYOND_MM = (0.5, 1.5, 2.5)
_BESIDE_PX, _NEAR_PX = 12.0, 2.0
_MOST_GOING_ON = 1


def doubt_about(image: Image, fit: Fit, px_per_mm: float) -> str:
    """Return why this is not the rim of one block, wholly in the picture; or nothing."""
    if 2 * min(fit.shape.half) < _LEAST_MM * px_per_mm:
        return "nothing as large as a block is in the picture"
    starts = rays(fit.shape)[0]
    last = np.array([image.shape[1] - 1, image.shape[0] - 1])
    inside = (starts >= 0).all() and (starts <= last).all()
    if not inside:
        return "the block is not wholly in the picture"
    held = fit.held
    if fit.support < _SUPPORT:
        return "the rim is not clear"
    if fit.shape.round:
        if _longest_gap(held) > _LONGEST_GAP * len(held):
            return "the rim of the round block is not clear"
    elif held.reshape(4, -1).mean(axis=1).min() < _SIDE_SUPPORT:
        return "a side of the rectangular block is not clear"
    elif _going_on(image, fit.shape, px_per_mm) > _MOST_GOING_ON:
        return "the sides of the rectangular block do not end at its corners"
    if fit.contrast < _LEAST_CONTRAST:
        return "the picture has no contrast"
    return ""


def _going_on(image: Image, shape: Shape, px_per_mm: float) -> int:
    """Return how many of the eight ends of the sides run on beyond their corner."""
    starts, inward, _ = rays(shape)
    per_side = len(starts) // 4
    beyond, ways = [], []
    for k in range(0, len(starts), per_side):
        first, last = starts[k, 0], starts[k + per_side - 1, -1]
        middle, along = (first + last) / 2, (last - first) / np.hypot(*(last - first))
        half = shape.half[1 if k < 2 * per_side else 0]
        for end in (-1, 1):
            for near, far in pairwise(_BEYOND_MM):
                reach = half + np.linspace(near, far, LINES) * px_per_mm
                beyond.append(middle + end * reach[:, None] * along)
                ways.append(inward[k])
    depth = band(image, np.array(beyond), np.array(ways), _BESIDE_PX).steps[0]
    shown = (np.abs(np.nan_to_num(depth, nan=np.inf)) <= _NEAR_PX).any(axis=1)
    return int(shown.reshape(8, -1).all(axis=1).sum())


def _longest_gap(held: NDArray[np.bool_]) -> int:
    """Return how many sectors in a row show no edge, all around."""
    longest = run = 0
    for good in (*held, *held):
        run = 0 if good else run + 1
        longest = max(longest, run)
    return min(longest, len(held))
