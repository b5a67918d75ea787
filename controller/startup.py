"""From a dead session to a live one: fence, settle every open intent, look, and only then move."""

from __future__ import annotations

from collections.abc import Iterator

from controller.decisions import RESUME_WITH, ask, ask_where
from controller.events import (
    AnyEvent,
    DecisionWithdrawn,
    IndentIntended,
    ModeChanged,
    SessionBegan,
)
from controller.fencing import fence_arm, fence_tester
from controller.holder import holder_doubts
from controller.housekeeping import crash_loop, house_doubts
from controller.looking import find_reference, read_inputs
from controller.rig import Asked, Rig, Stop, Trouble
from controller.settling import settle_indent
from controller.state import GRIPPER, OUTSIDE, CellState, Use
from controller.transfer import settle_transfer
from drivers.interfaces import Done, Inputs


async def begin_session(rig: Rig, program: str, digest: str, seed: int) -> None:
    """Open the session in the journal; after a crash the cell is held, whatever it was doing.

    What a device of a dead session asked is withdrawn: its asker is gone, and asks anew.
    """
    state = rig.state
    crashed = state.mode not in ("STOPPED", "ABORTED", "COMPLETE", "IDLE") and bool(state.session)
    at = rig.clock.utc().isoformat(timespec="milliseconds")
    orphans = (
        DecisionWithdrawn(asked.question, "its session ended")
        for asked in state.questions.values()
        if asked.device
    )
    began = SessionBegan(state.session + 1, program, digest, seed, at, crashed)
    await rig.ledger.record(began, *orphans)
    if crashed and state.mode != "HELD":
        await rig.ledger.record(
            ModeChanged("HOLDING", "the daemon was restarted"),
            ModeChanged("HELD", "the daemon was restarted"),
        )


async def take_command(rig: Rig) -> Trouble | None:
    """Start the arm's program, fence both command channels, reference the positioner."""
    trouble = await _start_arm(rig)
    if trouble is not None:
        return trouble
    for fence in (fence_arm, fence_tester):
        status = await fence(rig)
        if isinstance(status, Trouble):
            return status
    return await find_reference(rig)


async def wake_arm(rig: Rig) -> Trouble | None:
    """Bring the arm's program back if it ended, as an emergency stop ends it.

    Only on a person's word that all is well: power, brakes and program are ours to bring
    back then; the stop itself, and a protective one, are his.
    """
    status = await rig.devices.arm.read()
    if not isinstance(status, Done):
        return Trouble.of("arm", status)
    if status.value.ready:
        return None
    fenced = await _start_arm(rig) or await fence_arm(rig)
    return fenced if isinstance(fenced, Trouble) else None


async def _start_arm(rig: Rig) -> Trouble | None:
    started = await rig.devices.arm_controller.start()
    if isinstance(started, Done):
        return None
    return Trouble.of(rig.devices.arm_controller_name, started)


async def settle_open_intents(rig: Rig) -> Stop | None:
    """Settle every intent that the last session left open, by evidence."""
    for intent in tuple(rig.state.intents.values()):
        if isinstance(intent, IndentIntended):
            if rig.state.blocks[intent.block].positions[intent.position].use is Use.DOUBTED:
                continue
            stop = await settle_indent(rig, intent)
        else:
            stop = await settle_transfer(rig, intent)
        if stop is not None:
            return stop
    return None


async def compare_with_sensors(rig: Rig) -> Stop | None:
    """Ask about every difference between the journal's places and the sensed ones.

    A block that is not where it should be is asked about by its name; what stands where
    nothing should, about the cell.
    """
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    arm = await rig.devices.arm.read()
    if not isinstance(arm, Done):
        return Trouble.of("arm", arm)
    holding = arm.value.holding
    strange = tuple(_strange(rig.state, inputs, holding=holding))
    missing = _missing(rig.state, inputs, holding=holding)
    batch = [event for block, where in missing for event in ask_where(rig, block, where)]
    if strange:
        batch += ask(rig, "transfer_doubt", "", "; ".join(strange))
    if not batch:
        return None
    await rig.ledger.record(*batch)
    return Asked()


async def look_at_house(rig: Rig) -> None:
    """Ask before anything moves if disk, clock or holder are not as they should be."""
    await _ask_anew(rig, "house_in_doubt", await house_doubts(rig))
    await _ask_anew(rig, "holder_in_doubt", holder_doubts(rig))


async def _ask_anew(rig: Rig, kind: str, doubts: list[str]) -> None:
    """Ask of what is found now; what a dead session asked stands only if it is the same."""
    text = "; ".join(doubts)
    asked = [one for one in rig.state.undecided if one.kind == kind]
    stale = [one for one in asked if one.text != text]
    batch: list[AnyEvent] = [
        DecisionWithdrawn(one.question, "it was looked at again") for one in stale
    ]
    if text and len(stale) == len(asked):
        batch += ask(rig, kind, "", text)
    if batch:
        await rig.ledger.record(*batch)


def _missing(state: CellState, inputs: Inputs, *, holding: bool) -> Iterator[tuple[str, str]]:
    """Yield each block that is sensed not to be where the journal has it, and how.

    An empty slot is asked about when the arm comes to it.
    """
    sensed = {str(place) for place in inputs.occupied}
    for block in state.blocks.values():
        if block.at == GRIPPER and not holding:
            yield block.name, f"{block.name} should be in the gripper, which is empty"
        expected = block.at not in (GRIPPER, OUTSIDE) and not block.at.startswith("slot-")
        if expected and block.goes_to != "absent" and block.at not in sensed:
            yield block.name, f"{block.name} should be at {block.at}, which is sensed empty"


def _strange(state: CellState, inputs: Inputs, *, holding: bool) -> Iterator[str]:
    """Yield what is sensed where nothing should be."""
    sensed = {str(place) for place in inputs.occupied}
    for place in ("sizing", "vision", "tester"):
        if place in sensed and state.block_at(place) is None:
            yield f"{place} is sensed occupied and should be empty"
    if holding and state.block_at(GRIPPER) is None:
        yield "the gripper holds a block unexpectedly"


def ask_to_resume(rig: Rig, doubts: list[str]) -> tuple[AnyEvent, ...]:
    """Return the question whether the cell may move; the number on the display is asked along."""
    possible = rig.state.count.numbers if rig.state.count.open else ()
    if possible:
        shown = " or ".join(f"{number:06}" for number in possible)
        doubts = [*doubts, f"the tester's display shows {shown}: answer with what it shows"]
    more = tuple(f"{RESUME_WITH}{number:06}" for number in possible)
    text = f"after a restart: {'; '.join(doubts)}"
    return ask(rig, "doubt_after_restart", "", text, more=more)


def uncertainties(rig: Rig) -> list[str]:
    """Return what about the past is in doubt; motion resumes by itself only if nothing is."""
    state = rig.state
    looping = crash_loop(state, rig.config.limits, rig.clock.utc())
    doubts = [looping] if looping else []
    doubts += [
        f"the last indentation of {block.name} is in doubt, it will be photographed"
        for block in state.blocks.values()
        if block.doubted is not None
    ]
    if state.interlocked:
        doubts.append("door or safety chain is open")
    return doubts + [asked.text for asked in state.undecided]
