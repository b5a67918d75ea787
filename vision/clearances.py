"""A second opinion on a plan: every clearance is worked out again, one by one.

It shares with the planner the demands, not the arithmetic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from vision.geometry import Mark, Outline, Point
from vision.keep_out import KeepOut
from vision.plans import Demands, Plan

_ROUNDING = 1e-6


def slacks(
    points: Sequence[Point], outline: Outline, occupied: Sequence[Mark], demands: Demands
) -> Iterator[tuple[float, str]]:
    """Yield for each clearance what it has left over the demand (mm), and its name."""
    for number, point in enumerate(points, 1):
        yield outline.distance_to_rim(point) - demands.to_rim, f"{number} to the rim"
        for mark in occupied:
            room = point.distance(mark) - demands.to_mark(mark)
            yield room, f"{number} to the mark at ({mark.x:.2f}, {mark.y:.2f})"
        for region in demands.avoid:
            first = region.corners[0]
            room = region.distance(point) - demands.to_damage
            yield room, f"{number} to the {region.reason} region at ({first.x:.2f}, {first.y:.2f})"
    for (i, one), (k, other) in itertools.combinations(enumerate(points, 1), 2):
        yield one.distance(other) - demands.between, f"{i} to {k}"


def violations(
    plan: Plan,
    outline: Outline,
    occupied: Sequence[Mark],
    *,
    pitch_mm: float,
    edge_mm: float,
    margin_mm: float,
    avoid: Sequence[KeepOut] = (),
    damage_mm: float = 0.0,
    count: int | None = None,
) -> list[str]:
    """Return all that is wrong with a plan, in words; empty if it may be carried out.

    Positions are numbered from 1 in the order of the path, spares follow. With
    `count` the number of positions is checked too. A clearance that is not a number
    is a violation.
    """
    demands = Demands(pitch_mm, edge_mm, margin_mm, tuple(avoid), damage_mm)
    points = plan.positions + plan.spares
    found = []
    if count is not None and len(plan.positions) != count:
        found.append(f"{len(plan.positions)} positions instead of {count}")
    for slack, name in slacks(points, outline, occupied, demands):
        if not slack >= -_ROUNDING:
            short = f"{-slack:.3f} mm too near" if math.isfinite(slack) else "not a number"
            found.append(f"{name}: {short}")
    return found
