"""What a look at the cell shows: state, who does what, the tray, open questions, alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from controller.events import IndentIntended, TransferIntended
from controller.state import Block, CellState, Stage

LETTERS: Mapping[str, tuple[str, str, str]] = {
    "waiting": ("w", "waiting", "等待"),
    "work": ("M", "being measured", "检定中"),
    "pass": ("P", "passed", "合格"),
    "fail": ("F", "failed", "不合格"),
    "refused": ("R", "refused", "退回"),
    "asked": ("?", "a person is asked", "待决定"),
    "empty": ("·", "no block", "空"),
}
"""How a slot of the tray stands: the letter that marks it, in English, in Chinese."""


@dataclass(frozen=True, slots=True)
class OnTester:
    """The block on the tester: ``made`` of ``needed`` indentations have a reading."""

    block: str
    duty: str
    made: int
    needed: int
    last: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of the tray; ``state`` is a key of `LETTERS`."""

    slot: int
    block: str
    state: str


@dataclass(frozen=True, slots=True)
class Open:
    """A question that waits for a person; an empty deadline never comes.

    ``device`` is the device that asks for itself, ``form`` what may be typed.
    """

    question: str
    block: str
    text: str
    options: tuple[str, ...]
    default: str
    deadline: str
    device: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """One look. ``at`` is lab time, ISO 8601; ``doing`` says it in words per resource."""

    at: str
    tray: str
    mode: str
    reason: str
    door_closed: bool
    safety_closed: bool
    finished: bool
    done: int
    total: int
    doing: Mapping[str, str]
    tester: OnTester | None
    slots: tuple[Slot, ...]
    questions: tuple[Open, ...]
    alarms: tuple[tuple[str, str], ...]


def overview(state: CellState, *, slots: int, needed: int, at: str) -> Overview:
    """Return what there is to see; ``needed`` is the number of indentations per block."""
    customers = state.customers
    return Overview(
        at=at,
        tray=state.tray,
        mode=state.mode,
        reason=state.mode_reason,
        door_closed=state.door_closed,
        safety_closed=state.safety_closed,
        finished=state.tray_finished,
        done=sum(block.stage is Stage.FINISHED for block in customers),
        total=len(customers),
        doing={
            "arm": _arm(state),
            "sizing": _sizing(state),
            "vision": _vision(state),
            "tester": _tester(state, needed),
        },
        tester=_on_tester(state, needed),
        slots=_slots(customers, slots),
        questions=tuple(
            Open(q.question, q.block, q.text, q.options, q.default, q.deadline, q.device, q.form)
            for q in state.questions.values()
        ),
        alarms=tuple(state.alarms.items()),
    )


def overview_from(data: Mapping[str, Any]) -> Overview:
    """Return an overview that came over the bus. Raises ValueError if it is none."""
    return _ADAPTER.validate_python(data)


def _slots(blocks: tuple[Block, ...], slots: int) -> tuple[Slot, ...]:
    by_slot = {block.order.slot: block for block in blocks if block.order}
    return tuple(
        Slot(slot, by_slot[slot].name, slot_state(by_slot[slot]))
        if slot in by_slot
        else Slot(slot, "", "empty")
        for slot in range(1, slots + 1)
    )


def slot_state(block: Block) -> str:
    """Return how a block stands, as a key of `LETTERS`."""
    if block.held_by:
        return "asked"
    if block.refused_because or block.stage is Stage.REFUSED:
        return "refused"
    if block.verdict is not None:
        return "pass" if block.verdict.passed else "fail"
    return "waiting" if block.at == block.home else "work"


# -- who does what ---------------------------------------------------------------


def _arm(state: CellState) -> str:
    if state.transfer is not None:
        way = state.transfer
        return f"brings {way.block} from {way.source} to {way.target}"
    for intent in state.intents.values():
        if isinstance(intent, TransferIntended):
            return f"takes {intent.block} at {intent.source}"
    return f"waits over {state.arm_at}" if state.arm_at else "waits"


def _sizing(state: CellState) -> str:
    block = state.block_at("sizing")
    if block is None:
        return "empty"
    if block.held_by:
        return f"{block.name} waits for an answer"
    if block.stage is Stage.WAITING and _works(state):
        return f"identifies and measures {block.name}"
    return f"{block.name} waits"


def _vision(state: CellState) -> str:
    block = state.block_at("vision")
    if block is None:
        return "empty"
    if block.held_by:
        return f"{block.name} waits for an answer"
    if not _works(state):
        return f"{block.name} waits"
    if block.doubted is not None:
        return f"photographs {block.name}: an indentation is in doubt"
    if block.stage is Stage.SIZED:
        return f"photographs {block.name} and plans its indentations"
    if block.stage is Stage.INDENTED:
        return f"photographs {block.name} after its indentations"
    if block.stage is Stage.PLANNED:
        return f"{block.name} is planned and waits for the tester"
    return f"{block.name} waits to be put away"


def _works(state: CellState) -> bool:
    """Whether the stations begin anything new."""
    return state.mode == "EXECUTE" and not state.interlocked


def _tester(state: CellState, needed: int) -> str:
    now = _on_tester(state, needed)
    if now is None:
        return "empty"
    for intent in state.intents.values():
        if isinstance(intent, IndentIntended):
            what = f" ({now.duty})" if now.duty else ""
            return f"indents {now.block}{what}, {min(now.made + 1, now.needed)} of {now.needed}"
    return f"{now.block} stands under the indenter"


def _on_tester(state: CellState, needed: int) -> OnTester | None:
    block = state.block_at("tester")
    if block is None:
        return None
    duty = next((duty for duty in state.duties if duty.block == block.name), None)
    if duty is None and block.role != "customer":
        return OnTester(block.name, "", 0, 0, "")
    name, due = (duty.duty, duty.needed) if duty else ("", needed)
    made = [reading for reading in block.readings if reading.duty == name]
    return OnTester(block.name, name, len(made), due, str(made[-1].hardness) if made else "")


_ADAPTER: TypeAdapter[Overview] = TypeAdapter(Overview)
