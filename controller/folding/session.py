"""Sessions, modes, commands, alarms: what concerns the cell and no block."""

from __future__ import annotations

from controller import events as e
from controller.checkpoint import read_state
from controller.folding.handlers import Handlers
from controller.replacing import replace
from controller.state import CellState, with_item, without

on = Handlers()

COMMANDS_KEPT = 256
"""Orders remembered, so that one sent twice is obeyed once: whoever repeats does so soon."""
CRASHES_KEPT = 10
"""Deaths of the program that the state remembers."""


@on(e.JournalSealed)
def _(state: CellState, event: e.JournalSealed) -> CellState:
    # A journal may begin with it; where one does not, `controller.audit` compares.
    return read_state(event.state_version, event.state)


@on(e.SessionBegan)
def _(state: CellState, event: e.SessionBegan) -> CellState:
    crashes = (*state.crashes, event.at)[-CRASHES_KEPT:] if event.crashed else state.crashes
    return replace(state, session=event.session, arm_at="", crashes=crashes)


@on(e.EpochClaimed)
def _(state: CellState, event: e.EpochClaimed) -> CellState:
    return replace(state, epochs=with_item(state.epochs, event.device, event.epoch))


@on(e.ModeChanged)
def _(state: CellState, event: e.ModeChanged) -> CellState:
    return replace(state, mode=event.mode, mode_reason=event.reason)


@on(e.CommandTaken)
def _(state: CellState, event: e.CommandTaken) -> CellState:
    return replace(state, commands=(*state.commands, event.command)[-COMMANDS_KEPT:])


@on(e.InterlockChanged)
def _(state: CellState, event: e.InterlockChanged) -> CellState:
    return replace(state, door_closed=event.door_closed, safety_closed=event.safety_closed)


@on(e.AlarmRaised)
def _(state: CellState, event: e.AlarmRaised) -> CellState:
    key = f"{event.alarm}:{event.source}"
    return replace(state, alarms=with_item(state.alarms, key, event.detail))


@on(e.AlarmCleared)
def _(state: CellState, event: e.AlarmCleared) -> CellState:
    return replace(state, alarms=without(state.alarms, f"{event.alarm}:{event.source}"))


@on(e.ArmMoved)
def _(state: CellState, event: e.ArmMoved) -> CellState:
    return replace(state, arm_at=event.at)
