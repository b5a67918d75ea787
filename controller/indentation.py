"""One indentation: intent → act → confirm, sent once, never where it is forbidden."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from controller.actions import Indent
from controller.decisions import ask, ask_where
from controller.events import ClimateRead, FaultReset, IndentIntended
from controller.evidence import tester_evidence
from controller.folding.keys import indent_key, number_of
from controller.looking import find_reference, read_inputs, read_tester
from controller.rig import Asked, Rig, Stop, Trouble
from controller.rules import forbidden
from controller.settling import order_for, settle_indent
from controller.state import Block
from controller.tester_records import strays_of
from drivers.interfaces import TESTER, Activity, Done, ResultRecord, TesterStatus


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
    kept = await rig.devices.results.records(rig.state.records)
    if not isinstance(kept, Done):
        return Trouble.of("results", kept)
    intent = _intent(rig, action, status, kept.value)
    # What the counters say comes first: by that the records before it are understood.
    await rig.ledger.record(intent, *strays_of(rig, kept.value, None))
    rig.boundary("indent-before-send")
    outcome = await rig.devices.tester.indent(order_for(rig, intent), status)
    rig.boundary("indent-after-act")
    if isinstance(outcome, Done):
        return await settle_indent(rig, intent, outcome.value)
    return await settle_indent(rig, intent) or Trouble.of(rig.devices.tester_name, outcome)


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


async def _check_cell(rig: Rig, block: Block) -> Stop | None:
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    if not inputs.motion_allowed:
        return Trouble("interlock", "cell", "door or safety chain is open")
    if TESTER not in inputs.occupied:
        await rig.ledger.record(*ask_where(rig, block.name, "the anvil is sensed empty"))
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
