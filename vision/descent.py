"""Move a few centres downhill until the place that they serve worst is served best.

The largest distance has a kink wherever the worst place changes, so it is rounded off:
less and less, while the centres come to rest. A clearance that is overstepped pushes
back like a spring; its reach is a little longer than it must be, so that the rest
position keeps the clearance. Damped Newton steps (Levenberg and Marquardt), 2 unknowns
a centre.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vision.free_ground import Discs, Ground, Places, squared_distances
from vision.geometry import Round
from vision.worst import covering_radius, worst_places

Doubles = NDArray[np.float64]

Stage = tuple[float, float, int]
"""Sharpness (radius over rounding), longest step (mm), most steps."""

ROUGH: tuple[Stage, ...] = ((60, 3.0, 8), (200, 2.0, 6), (600, 1.0, 6))
FINE: tuple[Stage, ...] = ((1200, 0.5, 5), (1200, 0.25, 5), (2500, 0.12, 5), (2500, 0.06, 5))
_STIFFNESS = 100.0  # of a spring; the pull of the worst place is 1
_SLACK_MM = 0.02
_SETTLED_MM = 1e-5
_TINY = 1e-12
_NO_SAY = 16.0
"""In units of the rounding: who is served better than the worst by this weighs below 1e-6."""


def settle(
    ground: Ground, centres: Places, witnesses: Places, stages: Sequence[Stage] = ROUGH + FINE
) -> Places:
    """Return the best arrangement on the way down that keeps every clearance, shape as given.

    The worst places of each stage join the witnesses of the next.
    """
    best, least = centres, np.inf
    for sharpness, longest, steps in (*stages, (0.0, 0.0, 0)):
        witnesses = np.concatenate([witnesses, worst_places(ground, centres)])
        radius = covering_radius(witnesses, centres)
        if radius < least and ground.holds(centres):
            best, least = centres, radius
        landscape = _Landscape(ground, witnesses, sharpness / max(radius, _TINY))
        centres = _descended(landscape, centres, longest, steps)
    return best


@dataclass(frozen=True, slots=True)
class _Look:
    """One arrangement of n centres: its height, and what its slope follows from.

    `near` (m, 2) are the witnesses that have a say, each with its `distance` (n, m), mm, to
    each centre, with its `share` (n, m) in the pull of each, and with its own `weight` (m,).
    `short` and `moves` are the overstepped clearances.
    """

    centres: Places
    height: float
    near: Places
    distance: Doubles
    share: Doubles
    weight: Doubles
    short: Doubles
    moves: Doubles


@dataclass(frozen=True, slots=True)
class _Landscape:
    """The rounded largest distance, with the clearances as springs; `sharp` in 1/mm."""

    ground: Ground
    witnesses: Places
    sharp: float

    def at(self, centres: Places) -> _Look:
        """Look at an arrangement; most are not worth more than their height."""
        squares = squared_distances(centres, self.witnesses)
        nearest = np.sqrt(squares.min(axis=0))
        # Most witnesses are served so well that they have no say.
        live = (nearest > nearest.max() - _NO_SAY / self.sharp).nonzero()[0]
        nearest, near = nearest[live], self.witnesses[live]
        distance = np.sqrt(squares[:, live]) + _TINY
        shares = np.exp(-self.sharp * (distance - nearest))
        total = shares.sum(axis=0)
        served = nearest - np.log(total) / self.sharp
        worst = served.max()
        weights = np.exp(self.sharp * (served - worst))
        heavy = weights.sum()
        height = float(worst + np.log(heavy) / self.sharp)
        short, moves = _shortfalls(self.ground, centres)
        if len(short):
            height += _STIFFNESS / 2 * float(short @ short)
        share, weight = shares / total, weights / heavy
        return _Look(centres, height, near, distance, share, weight, short, moves)

    def slope(self, look: _Look) -> tuple[Doubles, Doubles]:
        """Return gradient (2n,) and curvature (2n, 2n) where was looked."""
        centres, near = look.centres, look.near
        pull = look.share / look.distance
        columns = np.empty((2 * len(centres), len(near)))
        columns[0::2] = pull * (centres[:, 0, None] - near[:, 0])
        columns[1::2] = pull * (centres[:, 1, None] - near[:, 1])
        rows = columns.T
        gradient = look.weight @ rows
        spread = (rows * look.weight[:, None]).T @ rows - gradient[:, None] * gradient
        curvature = self.sharp * spread
        if len(look.short):
            gradient = gradient - _STIFFNESS * (look.short @ look.moves)
            curvature = curvature + _STIFFNESS * look.moves.T @ look.moves
        return gradient, curvature


def _shortfalls(ground: Ground, centres: Places) -> tuple[Doubles, Doubles]:
    """Return how much each overstepped clearance lacks (m,), and which move mends it (m, 2n)."""
    found = [*_to_discs(ground.marks, centres), *_to_discs(ground.spots, centres)]
    found += [*_to_rim(ground, centres), *_to_shapes(ground, centres), *_between(ground, centres)]
    if not found:
        return _NOTHING
    rows = np.zeros((len(found), 2 * len(centres)))
    for row, (_, moves) in zip(rows, found, strict=True):
        for index, direction in moves:
            row[2 * index : 2 * index + 2] = direction
    return np.array([lack for lack, _ in found]), rows


_NOTHING = np.empty(0), np.empty((0, 0))

_Lack = tuple[float, tuple[tuple[int, Doubles], ...]]


def _to_discs(discs: Discs, centres: Places) -> Iterator[_Lack]:
    if not len(discs.reach):
        return
    reach = discs.reach + _SLACK_MM
    near = squared_distances(centres, discs.centres) < reach * reach
    if not near.any():
        return
    for i, k in np.argwhere(near).tolist():
        away = centres[i] - discs.centres[k]
        distance = max(float(np.hypot(*away)), _TINY)
        yield float(reach[k] - distance), ((i, away / distance),)


def _to_rim(ground: Ground, centres: Places) -> Iterator[_Lack]:
    reach = np.array(ground.reach) - _SLACK_MM
    if isinstance(ground.outline, Round):
        radius = np.hypot(centres[:, 0], centres[:, 1])
        for i in (radius > reach[0]).nonzero()[0].tolist():
            yield float(radius[i] - reach[0]), ((i, -centres[i] / radius[i]),)
        return
    outside = np.abs(centres) > reach
    if not outside.any():
        return
    for i, axis in np.argwhere(outside).tolist():
        inward = np.zeros(2)
        inward[axis] = -np.sign(centres[i, axis])
        yield float(abs(centres[i, axis]) - reach[axis]), ((i, inward),)


def _to_shapes(ground: Ground, centres: Places) -> Iterator[_Lack]:
    for shape, near in ground.near_shapes(centres):
        ways, inside = shape.nearest(centres[near])
        signs = np.where(inside, -1.0, 1.0)
        lengths = np.hypot(ways[:, 0], ways[:, 1])
        lacking = shape.reach + ground.demands.to_damage + _SLACK_MM - signs * lengths
        for k in np.flatnonzero(lacking > 0).tolist():
            direction = signs[k] * ways[k] / max(lengths[k], _TINY)
            yield float(lacking[k]), ((int(near[k]), direction),)


def _between(ground: Ground, centres: Places) -> Iterator[_Lack]:
    least = ground.demands.between + _SLACK_MM
    # They are few: plain numbers are quicker than arrays.
    for (i, (x, y)), (k, (u, v)) in combinations(enumerate(centres.tolist()), 2):
        if (x - u) * (x - u) + (y - v) * (y - v) < least * least:
            away = centres[i] - centres[k]
            distance = max(float(np.hypot(*away)), _TINY)
            yield float(least - distance), ((i, away / distance), (k, -away / distance))


def _descended(landscape: _Landscape, centres: Places, longest: float, steps: int) -> Places:
    """Return the centres after at most so many damped Newton steps."""
    if not steps:
        return centres
    here, damping, each = landscape.at(centres), 0.05, np.eye(centres.size)
    gradient, curvature = landscape.slope(here)
    for _ in range(steps):
        step = np.linalg.solve(curvature + damping * each, -gradient).reshape(-1, 2)
        step *= min(1.0, longest / max(float(np.abs(step).max()), _TINY))
        there = landscape.at(centres + step)
        if there.height >= here.height:
            damping *= 6
            continue
        gained = here.height - there.height
        centres, here, damping = there.centres, there, max(damping / 4, 1e-4)
        if gained < _SETTLED_MM:
            break
        gradient, curvature = landscape.slope(here)
    return centres
