"""One indentation: intent → act → confirm, sent once, never where it is forbidden."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from controller.actions import Indent
from controller.decisions import ask
from controller.events import (
    AnyEvent,
    ClimateRead,
    Evidence,
    FaultReset,
    IndentConfirmed,
    IndentDoubted,
    IndentIntended,
    IndentVoided,
    NotHappened,
    StrayRecord,
)
from controller.evidence import (
    Doubt,
    Finding,
    Happened,
    Tolerances,
    Unspent,
    Void,
    tester_evidence,
    weigh_indent,
)
from controller.fencing import fence_tester
from controller.folding.keys import indent_key, number_of
from controller.looking import find_reference, read_inputs, read_tester
from controller.rig import Asked, Rig, Stop, Trouble
from controller.rules import forbidden
from controller.state import Block
from drivers.interfaces import (
    TESTER,
    Activity,
    Cycle,
    Done,
    IndentOrder,
    ResultRecord,
    TesterStatus,
)
from drivers.spool import Match, Missing, match_record
from metrology import find_scale

RECORD_POLL_S = 0.1


async def indent(rig: Rig, action: Indent) -> Stop | None:
    """Make one indentation at a planned position and journal its reading."""
    block = rig.state.blocks[action.block]
    reason = forbidden(block, action.position)
    if reason:
        await rig.ledger.record(*ask(rig, "no_position_left", block.name, reason))
        return Asked()
    stop = await _check_cell(rig, block)
    if stop is not None:
        return stop
    async with rig.anvil:
        return await _indent_at(rig, action, block)


async def _indent_at(rig: Rig, action: Indent, block: Block) -> Stop | None:
    stop = await _bring_under(rig, block, action.position)
    if stop is not None:
        return stop
    status = await _ready_tester(rig)
    if isinstance(status, Trouble):
        return status
    unaccounted = await account_for_records(rig)
    if unaccounted is not None:
        return unaccounted
    kept = await rig.devices.results.records(rig.state.records)
    if not isinstance(kept, Done):
        return Trouble.of("results", kept)
    intent = _intent(rig, action, status, kept.value)
    await rig.ledger.record(intent)
    rig.boundary("indent-before-send")
    outcome = await rig.devices.tester.indent(order_for(rig, intent), status)
    rig.boundary("indent-after-act")
    if isinstance(outcome, Done):
        return await settle_indent(rig, intent, outcome.value)
    return await settle_indent(rig, intent) or Trouble.of(rig.devices.tester_name, outcome)


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


def _intent(
    rig: Rig, action: Indent, status: TesterStatus, kept: Sequence[ResultRecord]
) -> IndentIntended:
    block = rig.state.blocks[action.block]
    position = block.positions[action.position]
    op = rig.next_op()
    return IndentIntended(
        op=op,
        block=block.name,
        position=action.position,
        x=position.x,
        y=position.y,
        scale=block.scale,
        duty=action.duty,
        tag=number_of(op) % 0x10000,
        attempt=rig.state.attempts.get(indent_key(block.name, action.position), 0) + 1,
        before=tester_evidence(status, kept),
    )


# -- before -------------------------------------------------------------------


async def _check_cell(rig: Rig, block: Block) -> Stop | None:
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    if not inputs.motion_allowed:
        return Trouble("interlock", "cell", "door or safety chain is open")
    if TESTER not in inputs.occupied:
        await rig.ledger.record(
            *ask(rig, "transfer_doubt", block.name, "the anvil is sensed empty")
        )
        return Asked()
    if inputs.slipped:
        ready = await _ready_tester(rig, slipped=True)
        if isinstance(ready, Trouble):
            return ready
    return None if block.climate is not None else await _read_climate(rig, block)


async def _read_climate(rig: Rig, block: Block) -> Trouble | None:
    read = await rig.devices.climate.climate()
    if not isinstance(read, Done):
        return Trouble.of(rig.devices.climate_name, read)
    climate, cell = read.value, rig.config.cell
    low, high = Decimal(str(cell.temperature_min_c)), Decimal(str(cell.temperature_max_c))
    if not low <= climate.temperature_c <= high:
        what = f"{climate.temperature_c} °C is outside {low}..{high} °C"
        return Trouble("climate", "cell", what)
    if climate.humidity_pct > Decimal(str(cell.humidity_max_pct)):
        what = f"{climate.humidity_pct} % is above {cell.humidity_max_pct} %"
        return Trouble("climate", "cell", what)
    await rig.ledger.record(
        ClimateRead(block.name, climate.temperature_c, climate.humidity_pct), durable=False
    )
    return None


async def _ready_tester(rig: Rig, *, slipped: bool = False) -> TesterStatus | Trouble:
    """Read the tester at rest; what it latched is cleared, now that the evidence is settled."""
    status = await read_tester(rig)
    if isinstance(status, Trouble) or not (slipped or status.activity is Activity.FAULT):
        return status
    cleared = await rig.devices.tester.reset(status)
    if not isinstance(cleared, Done):
        return Trouble.of(rig.devices.tester_name, cleared)
    await rig.ledger.record(FaultReset(rig.devices.tester_name, status.fault))
    return cleared.value


async def _bring_under(rig: Rig, block: Block, index: int) -> Trouble | None:
    """Bring the position under the indenter and believe only what is read at the anvil."""
    lost = await find_reference(rig)
    if lost is not None:
        return lost
    position = block.positions[index]
    moved = await rig.devices.positioner.move(position.x, position.y)
    if not isinstance(moved, Done):
        return Trouble.of("positioner", moved)
    off = math.hypot(moved.value.x_mm - position.x, moved.value.y_mm - position.y)
    if not moved.value.idle or off > rig.config.devices.stage.tolerance_mm:
        return Trouble("position", "positioner", f"{off:.3f} mm from the planned position")
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    if inputs.slipped:
        return Trouble("slip", "positioner", "the slip sensor tripped before the start")
    return None


# -- after --------------------------------------------------------------------


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
    expected = status.cycle.count != intent.before.count
    heard = await _await_record(rig, intent, patient=expected)
    if isinstance(heard, Trouble):
        return heard
    match, kept = heard
    finding = weigh_indent(intent, order_for(rig, intent), status, match, _tolerances(rig, intent))
    if isinstance(finding, Happened):
        inputs = await read_inputs(rig)
        if isinstance(inputs, Trouble):
            return inputs
        if inputs.slipped:
            finding = Doubt("the slip sensor tripped during the cycle", finding.record)
    rig.boundary("indent-result")
    after = tester_evidence(status, kept)
    batch = _conclude(rig, intent, finding, status, after, recovered=recovered)
    await rig.ledger.record(*_strays(rig, kept, finding), *batch)
    return None


async def account_for_records(rig: Rig) -> Trouble | None:
    """Journal every record that came without an indentation of ours, late ones too."""
    kept = await rig.devices.results.records(rig.state.records)
    if not isinstance(kept, Done):
        return Trouble.of("results", kept)
    strays = _strays(rig, kept.value, None)
    if strays:
        await rig.ledger.record(*strays)
    return None


def _strays(
    rig: Rig, kept: Sequence[ResultRecord], finding: Finding | None
) -> tuple[StrayRecord, ...]:
    """Return what is in the spool, unaccounted for, and not the record of the finding."""
    own = getattr(finding, "record", None)
    return tuple(
        StrayRecord(record.number, _text(record), record.received.isoformat(), index)
        for index, record in enumerate(kept[rig.state.records :], start=rig.state.records + 1)
        if (own is None or record.raw != own.raw)
    )


def _tolerances(rig: Rig, intent: IndentIntended) -> Tolerances:
    cell = rig.config.cell
    force = find_scale(intent.scale).total_force_n
    return Tolerances(cell.dwell_tolerance_s, cell.force_tolerance_pct, force)


async def _await_record(
    rig: Rig, intent: IndentIntended, *, patient: bool
) -> tuple[Match, Sequence[ResultRecord]] | Trouble:
    """Wait for the record of the cycle; the recorder may be a moment behind the PLC."""
    wait_s = rig.config.devices.results.record_wait_s if patient else 0.0
    deadline = rig.clock.link() + wait_s
    while True:
        kept = await rig.devices.results.records(rig.state.records)
        if not isinstance(kept, Done):
            return Trouble.of("results", kept)
        match = match_record(
            kept.value, known=intent.before.records, unheard=rig.state.unheard, owed=rig.state.owed
        )
        if not isinstance(match, Missing) or rig.clock.link() >= deadline:
            return match, kept.value
        await rig.clock.sleep_link(RECORD_POLL_S)


def _conclude(
    rig: Rig,
    intent: IndentIntended,
    finding: Finding,
    status: TesterStatus,
    after: Evidence,
    *,
    recovered: bool,
) -> tuple[AnyEvent, ...]:
    """Return the events that follow from a finding."""
    block = rig.state.blocks[intent.block]
    match finding:
        case Happened(record) if record is not None:
            return (_confirmed(intent, record, status.cycle, after, recovered=recovered),)
        case Unspent(reason):
            return _unspent(rig, intent, reason)
        case Void(reason, record, owed):
            voided = IndentVoided(intent.op, reason, *_raw(record), after.records, owed)
            return (voided, *after_void(rig, block, reason))
        case Doubt(reason, record, made) if block.role == "customer":
            return (IndentDoubted(intent.op, reason, *_raw(record), after.records, made),)
        case Doubt(reason, record, _):
            # No customer's surface: the position counts as spent, no picture is needed.
            voided = IndentVoided(intent.op, reason, *_raw(record), after.records)
            return (voided, *after_void(rig, block, reason))
    raise AssertionError(finding)


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
        raw=_text(record),
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
    return record.number, _text(record)


def _text(record: ResultRecord) -> str:
    return record.raw.decode("ascii", "backslashreplace")


def _unspent(rig: Rig, intent: IndentIntended, reason: str) -> tuple[AnyEvent, ...]:
    nothing = NotHappened(intent.op, reason)
    if intent.attempt < rig.config.limits.attempts:
        return (nothing,)
    text = f"{intent.attempt} starts without a cycle: {reason}"
    return (nothing, *ask(rig, "transfer_doubt", intent.block, text))


def after_void(rig: Rig, block: Block, reason: str) -> tuple[AnyEvent, ...]:
    """Return the question that one void too many raises: of the tester, or of the block."""
    limits = rig.config.limits
    if rig.state.void_series + 1 >= limits.voids_in_a_row:
        text = f"{rig.state.void_series + 1} readings in a row are void, the last one: {reason}"
        return ask(rig, "voids_in_a_row", "", text)
    if block.role != "customer" or block.voids < limits.voids_per_block:
        return ()
    return ask(rig, "second_void", block.name, f"one more void reading: {reason}")
