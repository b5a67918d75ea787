"""How far a mark may reach beyond the rim that was found, where its picture leaves that open.

Light makes circles within a crater, and one of those may be taken for its rim: then another edge
closes around the mark farther out. Or the flank fades towards the rim, and the mark reads as wide
as its bright part. Nobody knows from the picture alone: a raised rim has an edge as well, and
shines. So the mark keeps its width, and what lies around it keeps its room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.profiles import rays, sampled
from vision.views import pyramid
from vision.weighing import SUPPOSED

Floats = NDArray[np.float32]

_RAYS, _FINE_PX = 48, 30.0
_SHARES = np.geomspace(0.85, 5.5, 180).astype(np.float32)
"""Where brightness is looked at on each ray, in radii of the mark."""
_AT_RIM, _WELL_OUTSIDE = int(np.searchsorted(_SHARES, 1.0)), _SHARES > 3

_OWN, _FROM = 1.07, 1.12
_CLOSED, _OVER_GRAIN = ((0.25, 0.95), (0.35, 0.85), (1.0, 0.7)), 1.3
"""How steep an edge is over the mark's own, and on how many rays; and that it is no grain."""
_WANDERS, _ALONE = 13, 7
"""Over how many samples an edge may wander from ray to ray, as light within a crater is not in
its middle; within how many it is the steepest."""
_SEEN = 0.8

_FADED, _OVER_FACE = 0.3, 1.5
_FADES, _TOO_FAR = 1.3, 1.9
"""Between these radii the flank may end, at 0.3 of what it is at most within the mark."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What lies around a mark: `grey` and `on_face` by ray and sample, `px` from the centre."""

    grey: Floats
    on_face: NDArray[np.bool_]
    px: Floats


def outer_rims(
    image: Image, marks: Sequence[Mark], inside: Image, frame: Frame
) -> tuple[Mark, ...]:
    """Return a doubtful mark about each of the marks that may be wider than it reads.

    It is as wide as the outermost edge that closes around the mark within 5.5 radii, or as
    far as its flank goes on. `inside` is 255 on the face.
    """
    if not marks:
        return ()
    halves = pyramid(image, max(mark.diameter for mark in marks) / 2 * frame.px_per_mm)
    soft = [cv2.GaussianBlur(half, (0, 0), 0.8).astype(np.float32) for half in halves]
    rims = []
    for mark in marks:
        around = _looked_around(soft, mark, inside, frame)
        share = max(_outermost_edge(around), _end_of_flank(around))
        if share:
            rims.append(Mark(mark.x, mark.y, share * mark.diameter, SUPPOSED))
    return tuple(rims)


def _looked_around(soft: Sequence[Floats], mark: Mark, inside: Image, frame: Frame) -> _Around:
    radius = mark.diameter / 2 * frame.px_per_mm
    level = min(max(int(np.log2(max(radius / _FINE_PX, 1))), 0), len(soft) - 1)
    reach = (np.float32(radius) * _SHARES).astype(np.float32)
    columns, rows = rays(frame.to_px(mark.x, mark.y), reach, _RAYS)
    step = np.float32(2**level)
    on_face = inside[_index(rows, inside.shape[0]), _index(columns, inside.shape[1])] > 0
    grey = sampled(soft[level], columns / step, rows / step)
    return _Around(grey, on_face, (reach / step).astype(np.float32))


def _index(places: Floats, count: int) -> NDArray[np.intp]:
    return np.clip(np.rint(places), 0, count - 1).astype(np.intp)


def _outermost_edge(around: _Around) -> float:
    """Return the radius of the outermost edge that closes, over the mark's; 0 if there is none.

    In which sense brightness changes is of no account: it may turn over on the way around.
    """
    slope = np.abs(np.gradient(around.grey, axis=1) / np.gradient(around.px)).astype(np.float32)
    steep = cv2.dilate(slope, np.ones((1, _WANDERS), np.uint8))
    own = float(np.median(steep[:, _SHARES < _OWN].max(axis=1)))
    usual = cv2.GaussianBlur(np.median(steep, axis=0)[None], (0, 0), _ALONE / 5)[0]
    alone = usual >= cv2.dilate(usual[None], np.ones((1, _ALONE), np.uint8))[0]
    grain = float(np.median(steep[:, _WELL_OUTSIDE]))
    least = _OVER_GRAIN * grain
    closes = [(steep >= max(over * own, least)).mean(axis=0) >= share for over, share in _CLOSED]
    counts = (
        alone & np.any(closes, axis=0) & (around.on_face.mean(axis=0) >= _SEEN) & (_SHARES > _FROM)
    )
    return float(_SHARES[counts].max(initial=0))


def _end_of_flank(around: _Around) -> float:
    """Return how far the mark's shade goes on beyond its rim, in its radii; 0 if it ends there."""
    bare = around.grey[around.on_face & _WELL_OUTSIDE]
    if not len(bare):
        return 0.0
    shade = np.abs(np.median(around.grey - np.median(bare), axis=0))
    most, unrest = shade[_SHARES < _FROM].max(), shade[_WELL_OUTSIDE].max()
    ends = np.flatnonzero(shade[_AT_RIM:] < max(_FADED * most, _OVER_FACE * unrest))
    end = float(_SHARES[_AT_RIM + ends[0] - 1]) if len(ends) and ends[0] else 0.0
    return end if _FADES < end < _TOO_FAR else 0.0
