"""What needs no device: opening and closing a tray, duties, and the end of it."""

from __future__ import annotations

from controller.actions import Ask, CloseDay, FinishTray, OpenTray
from controller.decisions import EXCHANGED, ask
from controller.events import AnyEvent, DutyFell, SlotMapRead, TrayFinished
from controller.holder import in_holder
from controller.looking import read_inputs
from controller.rig import Asked, Rig, Stop, Trouble
from controller.tester_records import account_for_records
from drivers.interfaces import Station


async def open_tray(rig: Rig, action: OpenTray) -> Stop | None:
    """Read the slot map and set the duties that come before the first block."""
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    occupied = sorted(p.index for p in inputs.occupied if p.station is Station.SLOT)
    state = rig.state
    known = {block.order.slot for block in state.customers if block.order}
    batch: list[AnyEvent] = [SlotMapRead(state.tray, tuple(occupied))]
    strangers = [slot for slot in occupied if slot not in known]
    if strangers:
        text = f"slots {strangers} are occupied but not in the manifest; they are not touched"
        batch += ask(rig, "unexpected_block", "", text)
    await rig.ledger.record(*batch, *_opening_duties(rig))
    return None


def _opening_duties(rig: Rig) -> list[AnyEvent]:
    state, duties = rig.state, rig.config.duties
    scale = state.customers[0].scale
    seating, check = in_holder(state, "seating"), in_holder(state, "check")
    fell: list[AnyEvent] = []
    n = state.ops + 1
    if seating is not None and state.set_up_for != scale:
        cause = f"the force was set up for {scale}"
        needed = duties.seating_indentations
        fell.append(DutyFell(f"seating-{n}", "seating", seating.name, needed, cause))
    if check is not None and duties.daily_checks and (fell or not _checked_today(rig)):
        cause = "before the first block of the day"
        needed = duties.check_indentations
        fell.append(DutyFell(f"opening-check-{n}", "opening-check", check.name, needed, cause))
    return fell


def _checked_today(rig: Rig) -> bool:
    """Return whether the last check was good and is of this day: an earlier tray had it made."""
    done = rig.state.duties_done
    return bool(done) and done[-1].good and done[-1].day == rig.clock.utc().date().isoformat()


async def close_day(rig: Rig, action: CloseDay) -> Stop | None:
    """Set the closing check."""
    state = rig.state
    check = in_holder(state, "check")
    assert check is not None
    needed = rig.config.duties.check_indentations
    ident = f"closing-check-{state.ops + 1}"
    cause = "after the last block of the day"
    await rig.ledger.record(DutyFell(ident, "closing-check", check.name, needed, cause))
    return None


async def finish_tray(rig: Rig, action: FinishTray) -> Stop | None:
    """Record that nothing is left to do for the tray."""
    unaccounted = await account_for_records(rig)
    if unaccounted is not None:
        return unaccounted
    customers = rig.state.customers
    passed = sum(
        b.verdict is not None and b.verdict.passed and b.goes_to == "slot" for b in customers
    )
    failed = sum(b.verdict is not None and not b.verdict.passed for b in customers)
    refused = len(customers) - passed - failed
    await rig.ledger.record(TrayFinished(rig.state.tray, passed, failed, refused))
    return None


async def put_question(rig: Rig, action: Ask) -> Stop | None:
    """Ask about a block what the state of the cell raises."""
    texts = {
        "reject-row-full": "the reject row is full",
        "no-position-left": "no free position is left for another indentation",
        "holder-full": "the seating or check block is gone or has no free position: "
        f"put in a new one, {EXCHANGED}",
    }
    kind = action.kind.replace("-", "_")
    await rig.ledger.record(*ask(rig, kind, action.block, texts[action.kind]))
    return Asked()
