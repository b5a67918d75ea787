"""Where to indent a block: evenly over its usable surface, clear of all that is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vision.clearances import slacks, violations
from vision.free_ground import Ground, Places
from vision.geometry import Mark, Outline, Point
from vision.keep_out import KeepOut
from vision.path import open_path
from vision.plans import Demands, NoRoom, Plan
from vision.room import sparing, still_fitting
from vision.spread import spread, with_spares
from vision.worst import served_within

__all__ = ["NoRoom", "Plan", "plan_positions", "violations"]

_CENTRE = Point(0.0, 0.0)
UNEVENNESS = 0.006
"""By this share the covering radius may exceed the least one found, to save surface."""


def plan_positions(
    outline: Outline,
    occupied: Sequence[Mark],
    *,
    count: int,
    spares: int,
    pitch_mm: float,
    edge_mm: float,
    margin_mm: float,
    avoid: Sequence[KeepOut] = (),
    damage_mm: float = 0.0,
    load: Point = _CENTRE,
) -> Plan | NoRoom:
    """Plan `count` indentations and up to `spares` more, or say that there is no room.

    Two centres stay `pitch_mm` apart (4 diameters of an old mark that is larger),
    every centre `edge_mm` from the rim and `damage_mm` from the regions to `avoid`;
    `margin_mm` is added to all of these. The positions are spread evenly over the usable
    surface: the largest distance from a place of it to the nearest of them is made small.
    Of plans that are about as even, the one is taken that leaves room for most later
    verifications. The positions are visited on the shortest way from `load`, the place of
    the block under the indenter when it arrives. The order of `occupied` is of no account.
    """
    demands = Demands(pitch_mm, edge_mm, margin_mm, tuple(avoid), damage_mm)
    ground = Ground(outline, tuple(sorted(occupied)), demands)
    free = ground.lattice()
    if not len(free):
        return NoRoom(0, count, f"no place is clear of {_obstacles(ground)}")
    witnesses = ground.witnesses()
    even = spread(ground, free, witnesses, count)
    if len(even) < count:
        reason = f"only {len(even)} of {count} indentations fit beside {_obstacles(ground)}"
        return NoRoom(len(even), count, reason, _points(even))
    chosen, radius = _sparing(ground, even, witnesses, free)
    positions = open_path(_points(chosen), load)
    extra = with_spares(ground, free, chosen, spares)
    points = (*positions, *_points(extra))
    return Plan(
        positions=positions,
        spares=points[count:],
        covering_radius=radius,
        min_clearance=min(slack for slack, _ in slacks(points, outline, occupied, demands)),
        later=still_fitting(ground, chosen, free) // count,
    )


def _sparing(ground: Ground, even: Places, witnesses: Places, free: Places) -> tuple[Places, float]:
    """Return places about as even as these that save surface, and their covering radius."""
    least = served_within(ground, even, witnesses)
    moved = sparing(ground, even, witnesses, free, least * (1 + UNEVENNESS))
    reached = served_within(ground, moved, witnesses)
    # New corners between the territories may lie a trifle farther out.
    if ground.holds(moved) and reached <= least * (1 + 2 * UNEVENNESS):
        return moved, reached
    return even, least


def _points(places: Places) -> tuple[Point, ...]:
    return tuple(Point(float(x), float(y)) for x, y in np.asarray(places))


def _obstacles(ground: Ground) -> str:
    """Return what stands in the way, in words."""
    old, damaged = len(ground.occupied), len(ground.demands.avoid)
    words = ["the rim"]
    words += [f"{old} old indentation{'s' * (old > 1)}"] * bool(old)
    words += [f"{damaged} region{'s' * (damaged > 1)} to be avoided"] * bool(damaged)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
