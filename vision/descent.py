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
class _Slope:
    """Height, gradient (2n,) and curvature (2n, 2n) at one arrangement of n centres."""

    height: float
    gradient: Doubles
    curvature: Doubles


@dataclass(frozen=True, slots=True)
class _Landscape:
    """The rounded largest distance, with the clearances as springs; `sharp` in 1/mm."""

    ground: Ground
    witnesses: Places
    sharp: float

    def at(self, centres: Places) -> _Slope:
        squares = squared_distances(centres, self.witnesses)
        nearest = np.sqrt(squares.min(axis=0))
        # Most witnesses are served so well that they have no say.
        live = np.flatnonzero(nearest > nearest.max() - _NO_SAY / self.sharp)
        nearest, near = nearest[live], self.witnesses[live]
        x = centres[:, 0, None] - near[:, 0]
        y = centres[:, 1, None] - near[:, 1]
        distance = np.sqrt(squares[:, live]) + _TINY
        shares = np.exp(-self.sharp * (distance - nearest))
        total = shares.sum(axis=0)
        served = nearest - np.log(total) / self.sharp
        worst = served.max()
        weights = np.exp(self.sharp * (served - worst))
        height = worst + np.log(weights.sum()) / self.sharp
        weights /= weights.sum()
        pull = shares / total / distance
        rows = np.stack([pull * x, pull * y], axis=1).reshape(-1, len(live)).T
        gradient = weights @ rows
        spread = (rows * weights[:, None]).T @ rows - np.outer(gradient, gradient)
        return self._with_springs(centres, float(height), gradient, self.sharp * spread)

    def _with_springs(
        self, centres: Places, height: float, gradient: Doubles, curvature: Doubles
    ) -> _Slope:
        short, rows = _shortfalls(self.ground, centres)
        if not len(short):
            return _Slope(height, gradient, curvature)
        height += _STIFFNESS / 2 * float(short @ short)
        gradient = gradient - _STIFFNESS * (short @ rows)
        return _Slope(height, gradient, curvature + _STIFFNESS * rows.T @ rows)


def _shortfalls(ground: Ground, centres: Places) -> tuple[Doubles, Doubles]:
    """Return how much each overstepped clearance lacks (m,), and which move mends it (m, 2n)."""
    found = [*_to_discs(ground.marks, centres), *_to_discs(ground.spots, centres)]
    found += [*_to_rim(ground, centres), *_to_shapes(ground, centres), *_between(ground, centres)]
    rows = np.zeros((len(found), 2 * len(centres)))
    for row, (_, moves) in zip(rows, found, strict=True):
        for index, direction in moves:
            row[2 * index : 2 * index + 2] = direction
    return np.array([lack for lack, _ in found]), rows


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
        for i in np.flatnonzero(radius > reach[0]).tolist():
            yield float(radius[i] - reach[0]), ((i, -centres[i] / radius[i]),)
        return
    for i, axis in np.argwhere(np.abs(centres) > reach).tolist():
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
    near = squared_distances(centres, centres) < least * least
    if np.count_nonzero(near) == len(centres):
        return
    for i, k in np.argwhere(np.triu(near, 1)).tolist():
        away = centres[i] - centres[k]
        distance = max(float(np.hypot(*away)), _TINY)
        yield float(least - distance), ((i, away / distance), (k, -away / distance))


def _descended(landscape: _Landscape, centres: Places, longest: float, steps: int) -> Places:
    """Return the centres after at most so many damped Newton steps."""
    if not steps:
        return centres
    here, damping = landscape.at(centres), 0.05
    for _ in range(steps):
        pull = here.curvature + damping * np.eye(centres.size)
        step = np.linalg.solve(pull, -here.gradient).reshape(-1, 2)
        step *= min(1.0, longest / max(float(np.abs(step).max()), _TINY))
        there = landscape.at(centres + step)
        if there.height >= here.height:
            damping *= 6
            continue
        gained = here.height - there.height
        centres, here, damping = centres + step, there, max(damping / 4, 1e-4)
        if gained < _SETTLED_MM:
            break
    return centres
