"""Two pictures of one block taken at different times: how far it was turned between them.

Sides tell the turn of a rectangular block. A round one has none: its old indentations,
and the places where new ones were made, are the landmarks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vision.finder import Surface
from vision.frame import turned
from vision.geometry import Mark, Point, Round

_STEP = math.radians(0.1)
_LEAST_LEVER_MM = 3.0

Places = NDArray[np.complex128]
"""Points as complex numbers, mm: turning them is a product."""


def find_turn(
    landmarks: Sequence[Point], marks: Sequence[Mark], *, most: float, reach_mm: float
) -> float | None:
    """Return by how much the marks are turned to the left against the landmarks, rad.

    Looked for within ± `most`; a mark within `reach_mm` of a landmark is taken for it.
    None if no landmark 3 mm or more from the centre is met, or if two turns meet as many.
    """
    known = np.array([complex(p.x, p.y) for p in landmarks], np.complex128)
    known = known[np.abs(known) >= _LEAST_LEVER_MM]
    seen = np.array([complex(m.x, m.y) for m in marks if m.certain], np.complex128)
    if not len(known) or not len(seen):
        return None
    angles = np.arange(-most, most + _STEP / 2, _STEP)
    met = _met(known, seen, angles, reach_mm)
    if met.max() <= 0:
        return None
    best = angles[met >= met.max() - 0.02 * len(known)]
    if best[-1] - best[0] > reach_mm / float(np.abs(known).mean()):
        return None
    return _refined(known, seen, float(np.median(best)), reach_mm)


def _met(
    known: Places, seen: Places, angles: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """Return for each angle how many landmarks have a mark, each the less the farther it is."""
    apart = _apart(known, seen, angles).min(axis=2)
    return np.asarray(np.clip(1 - (apart / reach) ** 2, 0, 1).sum(axis=1), np.float64)


def _apart(known: Places, seen: Places, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances, shape (angles, landmarks, marks), mm."""
    there = np.exp(1j * angles)[:, None, None] * known[:, None]
    return np.asarray(np.abs(there - seen), np.float64)


def _refined(known: Places, seen: Places, angle: float, reach: float) -> float:
    """Return the turn of least squares over the landmarks that are met."""
    apart = _apart(known, seen, np.array([angle]))[0]
    near, there = apart.argmin(axis=1), apart.min(axis=1) <= reach
    return float(np.angle((seen[near[there]] * known[there].conj()).sum()))


def aligned(
    before: Surface,
    after: Surface,
    expected: Sequence[Point] = (),
    *,
    most: float = math.radians(15),
    reach_mm: float = 0.5,
) -> Surface:
    """Return the surface `after` in the frame of the one before.

    A rectangular block's frame is its sides', and it is returned as it is; so is a round
    one without landmarks. The turn found is added to `turn`, so that `frame` still fits
    the picture.
    """
    if not isinstance(after.outline, Round):
        return after
    landmarks = [mark.centre for mark in before.marks if mark.certain] + list(expected)
    turn = find_turn(landmarks, after.marks, most=most, reach_mm=reach_mm)
    if turn is None:
        return after
    marks = tuple(sorted(_back(mark, turn) for mark in after.marks))
    return replace(after, marks=marks, turn=after.turn + turn)


def _back(mark: Mark, turn: float) -> Mark:
    x, y = turned(mark.x, mark.y, -turn)
    return replace(mark, x=x, y=y)
