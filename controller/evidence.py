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

from controller.events import Evidence, IndentIntended, Shown, TransferIntended
from drivers.interfaces import (
    Activity,
    ArmStatus,
    Cycle,
    CycleEnd,
    IndentOrder,
    ResultRecord,
    TesterStatus,
)
from drivers.record_count import BEYOND_COUNT
from drivers.spool import Ambiguous, Match, Matched, Missing, Unproved


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
    """The surface bears it, the reading does not count; the record, if one came, is kept."""

    reason: str
    record: ResultRecord | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can tell from here."""

    reason: str
    record: ResultRecord | None = None


@dataclass(frozen=True, slots=True)
class WhoseRecord:
    """It happened, and only the tester's display can tell whether the record that came is its."""

    record: ResultRecord
    reason: str


Finding: TypeAlias = Happened | Unspent | Void | Doubt | WhoseRecord

Counted: TypeAlias = tuple[int, int]
"""How many records the tester has counted, at least and at most."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far a cycle's timing (s) and force (%) may stray before its reading is void."""

    dwell_s: float
    force_pct: float
    force_n: Decimal


def records_counted(
    intent: IndentIntended, status: TesterStatus, *, counts_broken_off: bool
) -> Counted:
    """Return how many records a tester at rest has counted since an intent.

    ``counts_broken_off``: where nobody sees what it shows, it may count one for a cycle that
    was broken off under load.
    """
    made, seen = status.cycle.count - intent.before.count, results_seen(intent.before, status)
    if not (0 <= made < BEYOND_COUNT and 0 <= (seen or 0) < BEYOND_COUNT):
        return 0, BEYOND_COUNT
    ours = made == 1 and status.cycle.tag == intent.tag
    if ours and status.cycle.end is CycleEnd.COMPLETE and status.activity is Activity.DONE:
        # One is certain; if none was seen, the station does not see them all.
        return min(1, 1 if seen is None else seen), max(1, seen or 0)
    broken_off = ours and status.cycle.end is not CycleEnd.COMPLETE
    if seen is None:
        return 0, int(counts_broken_off) if broken_off else made
    if status.fence.boot != intent.before.boot and not broken_off:
        # Both may have lost power after the tester showed one and before the station saw it.
        return seen, max(seen, made)
    return seen, seen


def results_seen(before: Evidence, status: TesterStatus) -> int | None:
    """Return how many results the tester has shown since; None where nobody sees them."""
    if before.results is None or status.cycle.results is None:
        return None
    return status.cycle.results - before.results


def weigh_indent(
    intent: IndentIntended,
    order: IndentOrder,
    status: TesterStatus,
    match: Match,
    tolerances: Tolerances,
    shown: Shown | None = None,
) -> Finding:
    """Weigh an indentation against the retentive evidence of a tester at rest.

    ``shown`` is what a person found on the tester's display, if one was asked.
    """
    record = match.record if isinstance(match, Matched) else None
    made = status.cycle.count - intent.before.count
    if status.fence.boot != intent.before.boot:
        return Doubt("the tester lost power during the cycle", record)
    if made == 0:
        if isinstance(match, Missing):
            return Unspent("the cycle counter did not move")
        return Doubt("a record came although the cycle counter did not move", record)
    if made != 1 or status.cycle.tag != intent.tag:
        reason = f"the tester made {made} cycles, the last tagged {status.cycle.tag}"
        return Doubt(reason, record)
    if status.cycle.end is not CycleEnd.COMPLETE:
        return Void(f"the cycle ended early: {status.cycle.end.name.lower()}", record)
    if isinstance(match, Ambiguous):
        return Void(f"the records do not fit one cycle: {match.detail}")
    if isinstance(match, Missing):
        return Void("no record arrived")
    fault = cycle_fault(order, status.cycle, tolerances)
    if fault:
        return Void(fault, record)
    if match.record.scale != intent.scale:
        return Void(f"the record is of scale {match.record.scale}, not {intent.scale}", record)
    if isinstance(match, Matched):
        return Happened(match.record)
    return _whose(match, shown, counted=status.activity is Activity.DONE)


def _whose(match: Unproved, shown: Shown | None, *, counted: bool) -> Finding:
    """Return whose the record is, by what the display showed.

    The last number on it is this cycle's only if the tester has surely ``counted`` this cycle.
    """
    said = f"record {match.record.number:06} proves no reading: {match.detail}"
    match shown:
        case None if counted:
            return WhoseRecord(match.record, match.detail)
        case None:
            return Void(f"{said}, and this one was broken off before the tester was done")
        case "same":
            return Happened(match.record)
        case "other":
            return Void(f"{said}, and the tester's display showed another number")
        case "unread":
            return Void(f"{said}, and nobody read the tester's display")


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
        status.cycle.results,
    )
