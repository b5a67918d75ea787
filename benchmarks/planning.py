"""How good and how fast the planner is: `python -m benchmarks.planning`.

The covering radius is set against the best of many descents from random starts, and on
bare surfaces against what is proved or published; the path against the exact shortest;
each clearance is worked out again by code that shares no arithmetic with the planner.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.planning_cases import MARGIN_MM, Case, case
from vision.clearances import violations
from vision.descent import settle
from vision.free_ground import Ground, Places, thinned
from vision.geometry import Mark, Point, Rectangle, Round
from vision.path import path_length
from vision.planner import plan_positions
from vision.plans import Demands, NoRoom, Plan
from vision.worst import served_within

COUNT, SPARES = 5, 2
RATIO, PATH, CPU_MS = 1.03, 1.001, 100.0

FIVE_ON_DISC = 0.6093828640
"""Covering radius of five equal discs on the unit disc (Neville 1915, Bezdek 1983)."""
FIVE_ON_SQUARE = 0.3261605839
"""The same on the unit square (Tarnai and Gaspar 1995, Heppes and Melissen 1997)."""


def main() -> int:
    """Run, print a table, write JSON; return 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=200, help="blocks compared with the best")
    options.add_argument("--starts", type=int, default=40, help="random starts of a descent")
    options.add_argument("--clearances", type=int, default=10_000, help="blocks only checked")
    options.add_argument("--out", type=Path, default=Path("out/bench/planning.json"))
    given = options.parse_args()
    figures = {
        **_quality(given.cases, given.starts),
        **_clearances(given.cases, given.clearances),
        **_lives(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for name, value in figures.items():
        print(f"{name:36} {value:.4f}" if isinstance(value, float) else f"{name:36} {value}")
    missed = [
        figures["worst covering ratio"] > RATIO,
        figures["worst path ratio"] > PATH,
        figures["slowest plan, CPU ms"] > CPU_MS,
        figures["clearances violated"] > 0,
    ]
    return 1 if any(missed) else 0


def _plan(one: Case) -> Plan | NoRoom:
    return plan_positions(
        one.outline,
        one.occupied,
        count=COUNT,
        spares=SPARES,
        pitch_mm=one.pitch,
        edge_mm=one.edge,
        margin_mm=MARGIN_MM,
        avoid=one.avoid,
        damage_mm=one.damage,
    )


def _violations(plan: Plan, one: Case) -> list[str]:
    return violations(
        plan,
        one.outline,
        one.occupied,
        pitch_mm=one.pitch,
        edge_mm=one.edge,
        margin_mm=MARGIN_MM,
        avoid=one.avoid,
        damage_mm=one.damage,
        count=COUNT,
    )


# -- evenness, way and time --------------------------------------------------------


def _quality(cases: int, starts: int) -> dict[str, float]:
    ratios, ways, times, missed = [], [], [], 0
    _plan(case(0))
    for seed in range(cases):
        one = case(seed)
        began = time.process_time()
        plan = _plan(one)
        times.append(1e3 * (time.process_time() - began))
        best = _best_known(one, starts)
        if isinstance(plan, NoRoom):
            missed += bool(np.isfinite(best))
            continue
        ratios.append(plan.covering_radius / min(best, plan.covering_radius))
        ways.append(_way_ratio(plan))
        _tell(seed + 1, cases, f"worst ratio {max(ratios):.4f}")
    return {
        "blocks compared": cases,
        "blocks planned": len(ratios),
        "refused though there is a plan": missed,
        "mean covering ratio": statistics.mean(ratios),
        "worst covering ratio": max(ratios),
        "covering ratio, bare disc of 60": _proved(Round(60), FIVE_ON_DISC * 25.85),
        "covering ratio, bare square of 60": _proved(Rectangle(60, 60), FIVE_ON_SQUARE * 51.7),
        "worst path ratio": max(ways),
        "median plan, CPU ms": statistics.median(times),
        "slowest plan, CPU ms": max(times),
    }


def _proved(outline: Round | Rectangle, radius: float) -> float:
    plan = _plan(Case(outline, (), (), 0.63))
    assert isinstance(plan, Plan)
    return plan.covering_radius / radius


def _best_known(one: Case, starts: int) -> float:
    """Return the least covering radius of many descents, not finite if nothing fits."""
    demands = Demands(one.pitch, one.edge, MARGIN_MM, one.avoid, one.damage)
    ground = Ground(one.outline, one.occupied, demands)
    free, witnesses = ground.lattice(), ground.witnesses()
    few = thinned(witnesses, 400)
    luck = np.random.default_rng(1)
    found = [np.inf]
    for _ in range(starts):
        start = _random_start(ground, free, luck)
        if start is not None:
            found.append(served_within(ground, settle(ground, start, few), witnesses))
    return min(found)


def _random_start(ground: Ground, free: Places, luck: np.random.Generator) -> Places | None:
    left, chosen = free, []
    while len(left) and len(chosen) < COUNT:
        chosen.append(left[luck.integers(len(left))])
        left = left[np.hypot(*(left - chosen[-1]).T) >= ground.demands.between + 1e-9]
    return np.array(chosen) if len(chosen) == COUNT else None


def _way_ratio(plan: Plan) -> float:
    start = Point(0.0, 0.0)
    shortest = min(path_length(way, start) for way in itertools.permutations(plan.positions))
    return path_length(plan.positions, start) / shortest


# -- clearances ----------------------------------------------------------------------


def _clearances(first: int, cases: int) -> dict[str, int]:
    violated = refused = 0
    for seed in range(first, first + cases):
        one = case(seed)
        plan = _plan(one)
        if isinstance(plan, NoRoom):
            refused += 1
        else:
            violated += bool(_violations(plan, one))
        _tell(seed - first + 1, cases, f"{violated} violated, {refused} without room")
    named = ("blocks checked", "blocks without room", "clearances violated")
    return dict(zip(named, (cases, refused, violated), strict=True))


# -- lives: one verification after another, until the block is full -----------------


def _lives() -> dict[str, str]:
    told = {}
    for diameter, outline in itertools.product((0.42, 0.63, 1.2), (Round(60), Rectangle(60, 40))):
        luck = np.random.default_rng(3)
        marks: list[Mark] = []
        promised: list[int] = []
        while isinstance(plan := _plan(Case(outline, tuple(marks), (), diameter)), Plan):
            promised.append(plan.later)
            for place in plan.positions:
                angle, off = luck.uniform(0, 2 * np.pi), luck.uniform(0, MARGIN_MM)
                x, y = place.x + off * np.cos(angle), place.y + off * np.sin(angle)
                marks.append(Mark(float(x), float(y), diameter))
        kind = "disc" if isinstance(outline, Round) else "rectangle"
        over = max(later - len(promised) + 1 + age for age, later in enumerate(promised))
        text = f"{promised[0] + 1} told, {len(promised)} made, at worst {over} too many told"
        told[f"life, {kind}, d {diameter} mm"] = text
        _tell(len(told), 6, "lives")
    return told


def _tell(done: int, of: int, what: str) -> None:
    if sys.stderr.isatty() or done == of:
        print(f"\r{done}/{of} {what}   ", end="\n" if done == of else "", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
