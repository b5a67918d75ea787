"""Edges that close around a mark outside of the rim that was found: the rim may be one of them.

Where light makes circles within a crater one of those may be taken for its rim, and the mark
reads up to twice too narrow. Nobody knows from the edge alone: a raised rim has one as well.
So the mark keeps its width, and the circle keeps its room.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.profiles import sampled
from vision.views import pyramid

Floats = NDArray[np.float32]

SUPPOSED = 0.1
"""The confidence of a rim that is only supposed."""

_RAYS, _FINE_PX = 48, 30.0
_SHARES = np.geomspace(0.85, 5.5, 180).astype(np.float32)
_OWN, _FROM, _RIPPLE_PX = 1.07, 1.1, 0.7
_SEEN = 0.8
_CLOSED = ((0.94, 0.35), (0.85, 1.0))
"""On how many rays brightness changes in one sense, and how steeply over the mark's own edge."""


def outer_rims(
    image: Image, marks: Sequence[Mark], inside: Image, frame: Frame
) -> tuple[Mark, ...]:
    """Return the outermost closed edge around each mark that has one, as a doubtful mark.

    `inside` is 255 on the face. An edge counts if it is at least a third as steep as the
    mark's own, and lies within 5.5 radii.
    """
    if not marks:
        return ()
    halves = pyramid(image, max(mark.diameter for mark in marks) / 2 * frame.px_per_mm)
    soft = [cv2.GaussianBlur(half, (0, 0), 0.8).astype(np.float32) for half in halves]
    shares = ((mark, _share(soft, mark, inside, frame)) for mark in marks)
    return tuple(
        Mark(mark.x, mark.y, share * mark.diameter, SUPPOSED) for mark, share in shares if share
    )


def _share(soft: Sequence[Floats], mark: Mark, inside: Image, frame: Frame) -> float:
    """Return the radius of the outermost closed edge over the mark's, 0 if there is none."""
    radius = mark.diameter / 2 * frame.px_per_mm
    level = min(max(int(np.log2(max(radius / _FINE_PX, 1))), 0), len(soft) - 1)
    column, row = frame.to_px(mark.x, mark.y)
    angles = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False, dtype=np.float32)[:, None]
    columns = (np.float32(column) + np.cos(angles) * (radius * _SHARES)).astype(np.float32)
    rows = (np.float32(row) + np.sin(angles) * (radius * _SHARES)).astype(np.float32)
    step = np.float32(2**level)
    grey = sampled(soft[level], columns / step, rows / step)
    change = np.gradient(grey, axis=1)
    usual = np.median(change, axis=0)
    one_sense = (np.sign(change) == np.sign(usual)).mean(axis=0)
    on_face = inside[_index(rows, inside.shape[0]), _index(columns, inside.shape[1])] > 0
    # Between pixels the slope goes in steps, which are no edges.
    samples_per_px = step / (radius * (_SHARES[1] - _SHARES[0]))
    smooth = cv2.GaussianBlur(usual[None, :], (0, 0), max(1.0, _RIPPLE_PX * samples_per_px))
    steep = np.abs(smooth[0])
    peak = np.zeros(len(steep), bool)
    peak[1:-1] = (steep[1:-1] > steep[:-2]) & (steep[1:-1] >= steep[2:])
    own = steep[_SHARES < _OWN].max()
    closed = [(one_sense >= rays) & (steep > ratio * own) for rays, ratio in _CLOSED]
    counts = peak & np.any(closed, axis=0)
    counts &= (on_face.mean(axis=0) >= _SEEN) & (_SHARES > _FROM)
    return float(_SHARES[counts].max(initial=0))


def _index(places: Floats, count: int) -> NDArray[np.intp]:
    return np.clip(np.rint(places), 0, count - 1).astype(np.intp)
