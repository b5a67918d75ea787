"""The least time in which one cell can verify a tray: its tester never waits for a block.

Closed form from the durations in `lab.toml` and the planned paths. The tester is
the bottleneck, so the makespan is the sum of its visits, of the exchanges between
them (unload first, the next block waits at the vision station), of the way in of
the first block and of the way out of the last.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.config import LabConfig
from controller.connecting import push_motion
from controller.events import DutyFell
from controller.state import Block, CellState, Use

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bound:
    """Seconds of process time; the parts add up to the total."""

    visits_s: float
    exchanges_s: float
    ends_s: float

    @property
    def total_s(self) -> float:
        """The least makespan."""
        return self.visits_s + self.exchanges_s + self.ends_s


@dataclass(frozen=True, slots=True)
class _Visit:
    """One stay on the tester: the points in the order of the path."""

    block: str
    points: tuple[XY, ...]


def bound(config: LabConfig, state: CellState, duties: Sequence[DutyFell]) -> Bound:
    """Return the bound for what was measured, given the duties that fell, in order."""
    arm = config.durations.arm.times()
    lift = arm.pick_s + arm.carry_s + arm.release_s
    opening = [_duty_visit(state, duty) for duty in duties if duty.kind != "closing-check"]
    closing = [_duty_visit(state, duty) for duty in duties if duty.kind == "closing-check"]
    customers = [_customer_visit(block) for block in state.customers if block.readings]
    visits = [*opening, *customers, *closing]
    visits_s = sum(_visit_s(config, visit) for visit in visits)
    # Off the tester, over to the next block, and that onto the tester.
    exchange = lift + arm.carry_s + lift
    ends = arm.carry_s + lift
    if closing:
        # The closing check starts when the last block has its verdict and its place.
        ends += 2 * lift + config.durations.photograph_s + arm.carry_s + lift + lift
    else:
        ends += 2 * lift + config.durations.photograph_s
    exchanges = max(0, len(opening) + len(customers) - 1)
    return Bound(visits_s, exchanges * exchange, ends)


def _visit_s(config: LabConfig, visit: _Visit) -> float:
    """Return path, settling and force cycles of one stay, from load position to load position."""
    cell = config.cell
    cycle = config.durations.cycle.times().cycle_s(
        cell.preliminary_dwell_s, cell.total_dwell_s, cell.recovery_dwell_s
    )
    move = _pushed_s if config.devices.stage.arm_pushes else _slid_s
    return move(config, visit.points) + len(visit.points) * cycle


def _slid_s(config: LabConfig, points: Sequence[XY]) -> float:
    """Return the time of a path on the frame, from its load position and back."""
    stage, motion = config.devices.stage, config.durations.stage.times()
    load = (stage.centre_x_mm - stage.load_x_mm, stage.centre_y_mm - stage.load_y_mm)
    stops = [load, *points, load]
    moves = len(stops) - 1
    travel = motion.travel_s(_length(stops) + moves * motion.relief_mm)
    return travel + moves * motion.settle_s


def _pushed_s(config: LabConfig, points: Sequence[XY]) -> float:
    """Return the least time of the same path with an arm that pushes: straight legs alone.

    A push begins up to its tolerance away from where the last one was to end.
    """
    motion = push_motion(config)
    stops = [(0.0, 0.0), *points, (0.0, 0.0)]
    moves = len(stops) - 1
    length = max(0.0, _length(stops) - moves * 2 * motion.tolerance_mm)
    return moves * (motion.overhead_s + motion.settle_s) + length / motion.feed_mm_s


def _length(stops: Sequence[XY]) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise(stops))


def _duty_visit(state: CellState, duty: DutyFell) -> _Visit:
    block = state.blocks[duty.block]
    made = (r.position for r in block.readings if r.duty == duty.duty)
    return _Visit(block.name, tuple(_points(block, made)))


def _customer_visit(block: Block) -> _Visit:
    spent = (i for i, p in enumerate(block.positions) if p.use in (Use.MEASURED, Use.VOID))
    return _Visit(block.name, tuple(_points(block, spent)))


def _points(block: Block, indices: Iterable[int]) -> Iterable[XY]:
    return ((block.positions[i].x, block.positions[i].y) for i in indices)
