"""``next_action``: what each resource of the cell does next. A pure function of the state.

Unload first, then prefetch the next block as far as the vision station: the
tester is the bottleneck, so nothing may keep it waiting for its next block
(proved optimal for one cell, see docs/decisions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from controller.actions import (
    Action,
    Ask,
    CloseDay,
    FinishTray,
    Indent,
    Judge,
    JudgeCheck,
    Measure,
    MoveBlock,
    OpenTray,
    Photograph,
    StandBy,
)
from controller.events import TransferIntended
from controller.folding.needs import remaining, required
from controller.state import GRIPPER, OUTSIDE, Block, CellState, Stage, Use


class Resource(StrEnum):
    """What can be busy on its own."""

    ARM = "arm"
    TESTER = "tester"
    SIZING = "sizing"
    VISION = "vision"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the choice needs to know of the cell.

    ``arm_pushes``: the arm also moves the block on the anvil, so it cannot be sent
    elsewhere while that block has indentations before it.
    """

    reject_places: int = 8
    daily_checks: bool = True
    arm_pushes: bool = False


def next_action(state: CellState, resource: Resource, layout: Layout) -> Action | None:
    """Return what the resource does next, or None while it has to wait."""
    if resource is Resource.OFFICE:
        return _office(state, layout)
    if resource is Resource.ARM and state.transfer is not None and arm_may_finish(state):
        return _arm(state, layout)
    if state.mode != "EXECUTE" or state.interlocked or state.cell_in_question:
        return None
    return _CHOICES[resource](state, layout)


def arm_may_finish(state: CellState) -> bool:
    """Return whether a block in the gripper is still brought to its place before the cell rests."""
    if state.transfer is None or state.interlocked:
        return False
    held = state.blocks[state.transfer.block].held_by
    return not held and state.mode in ("EXECUTE", "HOLDING", "STOPPING", "COMPLETING")


# -- the arm ------------------------------------------------------------------


def _arm(state: CellState, layout: Layout) -> Action | None:
    if any(isinstance(intent, TransferIntended) for intent in state.intents.values()):
        return None
    if state.transfer is not None:
        if state.blocks[state.transfer.block].held_by:
            return None
        return MoveBlock(state.transfer.block, state.transfer.source, state.transfer.target)
    if layout.arm_pushes and _needs_the_arm(state):
        return None
    for rule in (_unload, _load, _put_away, _bring_to_vision, _prefetch, _stand_by):
        action = rule(state, layout)
        if action is not None:
            return action
    return None


def _needs_the_arm(state: CellState) -> bool:
    """Return whether a block stays on the tester, where an arm that pushes may be due any time."""
    block = state.block_at("tester")
    return block is not None and not _wants_to_leave(state, block)


def _unload(state: CellState, layout: Layout) -> Action | None:
    block = state.block_at("tester")
    if block is None or not _wants_to_leave(state, block):
        return None
    if block.role != "customer":
        return MoveBlock(block.name, "tester", block.home)
    free = next((place for place in ("vision", "sizing") if state.block_at(place) is None), None)
    return MoveBlock(block.name, "tester", free) if free else None


def _wants_to_leave(state: CellState, block: Block) -> bool:
    if block.held_by or _being_indented(state, block):
        return False
    if block.role != "customer":
        return not any(d.block == block.name and remaining(state, d) for d in state.duties)
    return block.doubted is not None or block.stage in (Stage.INDENTED, Stage.REFUSED)


def _being_indented(state: CellState, block: Block) -> bool:
    return any(position.use is Use.INTENDED for position in block.positions)


def _load(state: CellState, layout: Layout) -> Action | None:
    if state.block_at("tester") is not None:
        return None
    if state.duties:
        block = state.blocks[state.duties[0].block]
        if block.at == OUTSIDE:
            return Ask("holder-full", "")
        due = remaining(state, state.duties[0]) and block.at == block.home and not block.held_by
        return MoveBlock(block.name, block.home, "tester") if due else None
    ready = state.block_at("vision")
    if ready is None or ready.held_by or ready.stage is not Stage.PLANNED:
        return None
    return None if ready.doubted is not None else MoveBlock(ready.name, "vision", "tester")


def _put_away(state: CellState, layout: Layout) -> Action | None:
    for place in ("vision", "sizing"):
        block = state.block_at(place)
        if block is not None and not block.held_by and _settled(block):
            target = destination(state, block, layout)
            if target is not None:
                return MoveBlock(block.name, place, target)
    return None


def _settled(block: Block) -> bool:
    return block.stage in (Stage.JUDGED, Stage.REFUSED)


def destination(state: CellState, block: Block, layout: Layout) -> str | None:
    """Return where a settled block goes; None when the reject row is full."""
    if block.goes_to == "slot":
        return block.home
    places = (f"reject-{i:02d}" for i in range(1, layout.reject_places + 1))
    return next((place for place in places if state.block_at(place) is None), None)


def _bring_to_vision(state: CellState, layout: Layout) -> Action | None:
    block = state.block_at("sizing")
    if block is None or block.held_by or state.block_at("vision") is not None:
        return None
    wanted = block.stage in (Stage.SIZED, Stage.INDENTED) or block.doubted is not None
    return MoveBlock(block.name, "sizing", "vision") if wanted else None


def _prefetch(state: CellState, layout: Layout) -> Action | None:
    if state.slots_occupied is None or state.block_at("sizing") is not None:
        return None
    ahead = state.block_at("vision")
    if ahead is not None and ahead.stage in (Stage.SIZED, Stage.PLANNED):
        return None
    block = next((b for b in state.customers if b.stage is Stage.WAITING and b.at == b.home), None)
    if block is None or block.held_by:
        return None
    return MoveBlock(block.name, block.home, "sizing")


def _stand_by(state: CellState, layout: Layout) -> Action | None:
    block = state.block_at("tester")
    if block is None or state.arm_at == "tester" or block.held_by:
        return None
    return StandBy("tester")


# -- the tester ---------------------------------------------------------------


def _tester(state: CellState, layout: Layout) -> Action | None:
    block = state.block_at("tester")
    if block is None or block.held_by or _being_indented(state, block):
        return None
    if state.transfer is not None and (layout.arm_pushes or state.transfer.block == block.name):
        return None
    if block.role != "customer":
        due = next((d for d in state.duties if d.block == block.name), None)
        if due is None or not remaining(state, due):
            return None
        # Without a position the holder needs a person: a question about the cell itself.
        return _indent_next(block, due.duty, spares=False) or Ask("holder-full", "")
    if block.stage is not Stage.PLANNED or block.doubted is not None:
        return None
    short = required(block) - len(block.readings)
    free = [p for p in block.positions if p.use is Use.FREE and not p.spare]
    following = _indent_next(block, "", spares=len(free) < short)
    return following or Ask("no-position-left", block.name)


def _indent_next(block: Block, duty: str, *, spares: bool) -> Indent | None:
    """Choose the next free position; a spare only when a void left too few."""
    for wanted in (False, True) if spares else (False,):
        for index, position in enumerate(block.positions):
            if position.use is Use.FREE and position.spare is wanted:
                return Indent(block.name, index, duty)
    return None


# -- the stations -------------------------------------------------------------


def _vision(state: CellState, layout: Layout) -> Action | None:
    block = _standing(state, "vision")
    if block is None:
        return None
    if block.doubted is not None:
        return Photograph(block.name, "doubt")
    if block.stage is Stage.SIZED:
        return Photograph(block.name, "before")
    if block.stage is Stage.INDENTED:
        return Photograph(block.name, "after")
    return None


def _sizing(state: CellState, layout: Layout) -> Action | None:
    block = _standing(state, "sizing")
    waiting = block is not None and block.stage is Stage.WAITING
    return Measure(block.name) if block is not None and waiting else None


def _standing(state: CellState, place: str) -> Block | None:
    """Return the block at a station, unless it is held by a question or being taken away."""
    block = state.block_at(place)
    if block is None or block.held_by:
        return None
    leaving = state.transfer is not None and state.transfer.block == block.name
    return None if leaving else block


# -- the office ---------------------------------------------------------------


def _office(state: CellState, layout: Layout) -> Action | None:
    if not state.tray or state.tray_finished:
        return None
    if state.slots_occupied is None:
        return OpenTray()
    for block in state.customers:
        if block.stage is Stage.CONFIRMED and not block.held_by:
            return Judge(block.name)
        if _has_nowhere_to_go(state, block, layout):
            return Ask("reject-row-full", block.name)
    for duty in state.duties:
        if duty.kind != "seating" and not remaining(state, duty):
            return JudgeCheck(duty.duty)
    return _end_of_tray(state, layout)


def _has_nowhere_to_go(state: CellState, block: Block, layout: Layout) -> bool:
    waits = _settled(block) and block.at in ("vision", "sizing") and not block.held_by
    return waits and destination(state, block, layout) is None


def _end_of_tray(state: CellState, layout: Layout) -> Action | None:
    if state.duties or any(block.stage is not Stage.FINISHED for block in state.customers):
        return None
    if state.block_at(GRIPPER) or state.block_at("tester") or state.transfer:
        return None
    measured = any(block.readings for block in state.customers)
    due = measured and layout.daily_checks and _has_check_block(state)
    if due and not state.closing_checked:
        return CloseDay()
    return FinishTray()


def _has_check_block(state: CellState) -> bool:
    here = (block for block in state.blocks.values() if block.at != OUTSIDE)
    return any(block.role == "check" for block in here)


_CHOICES: dict[Resource, Callable[[CellState, Layout], Action | None]] = {
    Resource.ARM: _arm,
    Resource.TESTER: _tester,
    Resource.SIZING: _sizing,
    Resource.VISION: _vision,
}
