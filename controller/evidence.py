"""What the evidence says about an intended action. Pure rules; see docs/decisions.

Fenced first (a higher epoch acknowledged, the device at rest), then weighed:
E == E0 means it did not happen, E == E0 + 1 with our tag that it did; anything
else is in doubt. A reading is void only for a technical reason that does not
depend on its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from controller.events import Evidence, IndentIntended, TransferIntended
from drivers.interfaces import (
    Activity,
    ArmStatus,
    Cycle,
    CycleEnd,
    IndentOrder,
    ResultRecord,
    TesterStatus,
)
from drivers.spool import Ambiguous, Match, Matched, Missing


@dataclass(frozen=True, slots=True)
class Happened:
    """It happened and, for an indentation, here is its record."""

    record: ResultRecord | None = None


@dataclass(frozen=True, slots=True)
class Unspent:
    """It provably did not happen."""

    reason: str


@dataclass(frozen=True, slots=True)
class Void:
    """The surface bears it, the reading does not count; the record, if one came, is kept.

    ``owed``: the tester finished, so that it must have counted a record which never came.
    """

    reason: str
    record: ResultRecord | None = None
    owed: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can tell from here; ``made`` cycles were counted since the intent."""

    reason: str
    record: ResultRecord | None = None
    made: int = 1


Finding: TypeAlias = Happened | Unspent | Void | Doubt


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far a cycle's timing (s) and force (%) may stray before its reading is void."""

    dwell_s: float
    force_pct: float
    force_n: Decimal


def weigh_indent(
    intent: IndentIntended,
    order: IndentOrder,
    status: TesterStatus,
    match: Match,
    tolerances: Tolerances,
) -> Finding:
    """Weigh an indentation against the retentive evidence of a tester at rest."""
    record = match.record if isinstance(match, Matched) else None
    made = status.cycle.count - intent.before.count
    if status.fence.boot != intent.before.boot:
        return Doubt("the tester lost power during the cycle", record, made)
    if made == 0:
        if isinstance(match, Missing):
            return Unspent("the cycle counter did not move")
        return Doubt("a record came although the cycle counter did not move", record, made)
    if made != 1 or status.cycle.tag != intent.tag:
        reason = f"the tester made {made} cycles, the last tagged {status.cycle.tag}"
        return Doubt(reason, record, made)
    if status.cycle.end is not CycleEnd.COMPLETE:
        return Void(f"the cycle ended early: {status.cycle.end.name.lower()}", record)
    finished = status.activity is Activity.DONE
    if isinstance(match, Ambiguous):
        reason = f"the records do not fit one cycle: {match.detail}"
        return Void(reason, owed=finished and not match.own)
    if record is None:
        return Void("no record arrived", owed=finished)
    fault = cycle_fault(order, status.cycle, tolerances)
    if fault:
        return Void(fault, record)
    if record.scale != intent.scale:
        return Void(f"the record is of scale {record.scale}, not {intent.scale}", record)
    return Happened(record)


def cycle_fault(order: IndentOrder, cycle: Cycle, tolerances: Tolerances) -> str:
    """Return what is wrong with a cycle's timing or force, or an empty string."""
    for name, asked, had in (
        ("preliminary dwell", order.preliminary_dwell_ms, cycle.preliminary_dwell_ms),
        ("total-force dwell", order.total_dwell_ms, cycle.total_dwell_ms),
    ):
        if abs(had - asked) > tolerances.dwell_s * 1000:
            return f"{name} {had / 1000:g} s instead of {asked / 1000:g} s"
    off = abs(cycle.total_force_n - tolerances.force_n) / tolerances.force_n * 100
    if off > Decimal(str(tolerances.force_pct)):
        return f"total force {cycle.total_force_n} N instead of {tolerances.force_n} N"
    return ""


def weigh_transfer(
    intent: TransferIntended, *, holding: bool, source: bool, target: bool
) -> Finding:
    """Weigh a pick or release against gripper and presence sensors, the arm at rest and clear."""
    if intent.step == "pick":
        if holding and not source:
            return Happened()
        if source and not holding:
            return Unspent("the gripper is empty and the source still occupied")
    else:
        if target and not holding:
            return Happened()
        if holding and not target:
            return Unspent("the gripper still holds the block and the target is empty")
    senses = f"gripper {_full(holding)}, source {_full(source)}, target {_full(target)}"
    return Doubt(f"the sensors contradict each other: {senses}")


def _full(occupied: bool) -> Literal["full", "empty"]:
    return "full" if occupied else "empty"


def arm_evidence(status: ArmStatus) -> Evidence:
    """Return what the journal keeps of an arm's status."""
    fence = status.fence
    return Evidence(fence.boot, fence.epoch, fence.accepted, activity=int(status.activity))


def tester_evidence(status: TesterStatus, kept: Sequence[ResultRecord]) -> Evidence:
    """Return what the journal keeps of a tester's status and of the spool."""
    fence, last = status.fence, kept[-1].number if kept else -1
    return Evidence(
        fence.boot,
        fence.epoch,
        fence.accepted,
        status.cycle.count,
        last,
        len(kept),
        int(status.activity),
    )
