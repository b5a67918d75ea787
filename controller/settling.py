"""What became of an intended indentation is found out by evidence, and recorded."""

from __future__ import annotations

from typing import TypedDict

from controller.decisions import ask, ask_where
from controller.events import (
    AnyEvent,
    Evidence,
    IndentConfirmed,
    IndentDoubted,
    IndentIntended,
    IndentVoided,
    NotHappened,
)
from controller.evidence import (
    Counted,
    Doubt,
    Finding,
    Happened,
    Tolerances,
    Unspent,
    Void,
    WhoseRecord,
    tester_evidence,
    weigh_indent,
)
from controller.fencing import fence_tester
from controller.looking import read_inputs
from controller.rig import Asked, Rig, Stop, Trouble
from controller.state import Block
from controller.tester_records import hear_out, strays_of, text_of
from drivers.interfaces import Cycle, IndentOrder, ResultRecord, TesterStatus
from metrology import find_scale


async def settle_indent(
    rig: Rig, intent: IndentIntended, status: TesterStatus | None = None
) -> Stop | None:
    """Find out what became of an intended indentation, and record it.

    Without the status of its own end the tester is fenced first: the command
    may still be under way, or lie in a queue.
    """
    recovered = status is None
    if status is None:
        fenced = await fence_tester(rig)
        if isinstance(fenced, Trouble):
            return fenced
        status = fenced
    evidence = await hear_out(rig, intent, status)
    if isinstance(evidence, Trouble):
        return evidence
    status, counted, match, kept = evidence
    finding = weigh_indent(
        intent,
        order_for(rig, intent),
        status,
        match,
        _tolerances(rig, intent),
        rig.state.shown.get(intent.op),
    )
    if isinstance(finding, Happened):
        inputs = await read_inputs(rig)
        if isinstance(inputs, Trouble):
            return inputs
        if inputs.slipped:
            finding = Doubt("the slip sensor tripped during the cycle", finding.record)
    rig.boundary("indent-result")
    if isinstance(finding, WhoseRecord):
        await rig.ledger.record(*_ask_whose(rig, intent, finding))
        return Asked()
    after = tester_evidence(status, kept)
    batch = _conclude(rig, intent, finding, status, counted, after, recovered=recovered)
    # What the tester counted comes first: by that the others are understood.
    await rig.ledger.record(*batch, *strays_of(rig, kept, getattr(finding, "record", None)))
    return None


def order_for(rig: Rig, intent: IndentIntended) -> IndentOrder:
    """Return the order of an intent: scale, tag and the configured dwells."""
    cell = rig.config.cell
    return IndentOrder(
        scale=intent.scale,
        tag=intent.tag,
        preliminary_dwell_ms=round(cell.preliminary_dwell_s * 1000),
        total_dwell_ms=round(cell.total_dwell_s * 1000),
        recovery_dwell_ms=round(cell.recovery_dwell_s * 1000),
    )


def _tolerances(rig: Rig, intent: IndentIntended) -> Tolerances:
    cell = rig.config.cell
    force = find_scale(intent.scale).total_force_n
    return Tolerances(cell.dwell_tolerance_s, cell.force_tolerance_pct, force)


def _conclude(
    rig: Rig,
    intent: IndentIntended,
    finding: Finding,
    status: TesterStatus,
    counted: Counted,
    after: Evidence,
    *,
    recovered: bool,
) -> tuple[AnyEvent, ...]:
    """Return the events that follow from a finding."""
    block = rig.state.blocks[intent.block]
    known = _Known(
        records=after.records,
        made=status.cycle.count - intent.before.count,
        counted=counted,
        results=after.results,
    )
    match finding:
        case Happened(record) if record is not None:
            return (_confirmed(intent, record, status.cycle, after, recovered=recovered),)
        case Unspent(reason):
            return _unspent(rig, intent, reason)
        case Doubt(reason, record) if block.role == "customer":
            return (IndentDoubted(intent.op, reason, *_raw(record), **known),)
        case Void(reason, record) | Doubt(reason, record):
            # A doubted one on no customer's surface counts as spent, without a picture.
            spent = IndentVoided(intent.op, reason, *_raw(record), **known)
            return (spent, *after_void(rig, block, reason))
    raise AssertionError(finding)


class _Known(TypedDict):
    """What a cycle without a reading leaves to know of the tester."""

    records: int
    made: int
    counted: Counted
    results: int | None


def _ask_whose(rig: Rig, intent: IndentIntended, finding: WhoseRecord) -> tuple[AnyEvent, ...]:
    number, where = f"{finding.record.number:06}", f"position {intent.position + 1}"
    text = f"record {number} came for {where}, but {finding.reason}: is {number} on the display?"
    return ask(rig, "record_doubt", intent.block, text, op=intent.op)


def _confirmed(
    intent: IndentIntended,
    record: ResultRecord,
    cycle: Cycle,
    after: Evidence,
    *,
    recovered: bool,
) -> IndentConfirmed:
    return IndentConfirmed(
        op=intent.op,
        hardness=record.hardness,
        number=record.number,
        raw=text_of(record),
        received=record.received.isoformat(),
        preliminary_dwell_ms=cycle.preliminary_dwell_ms,
        loading_ms=cycle.loading_ms,
        total_dwell_ms=cycle.total_dwell_ms,
        total_force_n=cycle.total_force_n,
        after=after,
        recovered=recovered,
    )


def _raw(record: ResultRecord | None) -> tuple[int | None, str]:
    if record is None:
        return None, ""
    return record.number, text_of(record)


def _unspent(rig: Rig, intent: IndentIntended, reason: str) -> tuple[AnyEvent, ...]:
    nothing = NotHappened(intent.op, reason)
    if intent.attempt < rig.config.limits.attempts:
        return (nothing,)
    text = f"{intent.attempt} starts without a cycle: {reason}"
    return (nothing, *ask_where(rig, intent.block, text))


def after_void(rig: Rig, block: Block, reason: str) -> tuple[AnyEvent, ...]:
    """Return the question that one void too many raises: of the tester, or of the block."""
    limits = rig.config.limits
    if rig.state.void_series + 1 >= limits.voids_in_a_row:
        text = f"{rig.state.void_series + 1} readings in a row are void, the last one: {reason}"
        return ask(rig, "voids_in_a_row", "", text)
    if block.role != "customer" or block.voids < limits.voids_per_block:
        return ()
    return ask(rig, "second_void", block.name, f"one more void reading: {reason}")
