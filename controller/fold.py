"""``fold``: the state after an event. Pure; the only way state comes about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

from controller import events as e
from controller.checkpoint import read_state
from controller.events import AnyEvent
from controller.seen import SEEN
from controller.state import (
    GRIPPER,
    Block,
    CellState,
    Position,
    Reading,
    Stage,
    Transfer,
    Use,
    planned,
    with_item,
    without,
)
from controller.trimming import in_holder, without_the_past

COMMANDS_KEPT = 256
"""Orders remembered, so that one sent twice is obeyed once: whoever repeats does so soon."""

Handler = Callable[[CellState, Any], CellState]
_HANDLERS: dict[type[Any], Handler] = {}


CRASHES_KEPT = 10
"""Deaths of the program that the state remembers."""


def fold(state: CellState, event: AnyEvent) -> CellState:
    """Return the state after one event."""
    return _HANDLERS[type(event)](state, event)


def fold_all(history: Iterable[AnyEvent], start: CellState | None = None) -> CellState:
    """Return the state after a whole history, or after what follows a state."""
    state = start or CellState()
    for event in history:
        state = fold(state, event)
    return state


def _on(kind: type[Any]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        _HANDLERS[kind] = handler
        return handler

    return register


def _put(state: CellState, block: Block) -> CellState:
    return replace(state, blocks=with_item(state.blocks, block.name, block))


def _use(block: Block, index: int, use: Use) -> tuple[Position, ...]:
    position = replace(block.positions[index], use=use)
    return (*block.positions[:index], position, *block.positions[index + 1 :])


# -- session ------------------------------------------------------------------


@_on(e.JournalSealed)
def _(state: CellState, event: e.JournalSealed) -> CellState:
    # A journal may begin with it; where one does not, `controller.audit` compares.
    return read_state(event.state_version, event.state)


@_on(e.SessionBegan)
def _(state: CellState, event: e.SessionBegan) -> CellState:
    crashes = (*state.crashes, event.at)[-CRASHES_KEPT:] if event.crashed else state.crashes
    return replace(state, session=event.session, arm_at="", crashes=crashes)


@_on(e.EpochClaimed)
def _(state: CellState, event: e.EpochClaimed) -> CellState:
    return replace(state, epochs=with_item(state.epochs, event.device, event.epoch))


@_on(e.ModeChanged)
def _(state: CellState, event: e.ModeChanged) -> CellState:
    return replace(state, mode=event.mode, mode_reason=event.reason)


@_on(e.CommandTaken)
def _(state: CellState, event: e.CommandTaken) -> CellState:
    return replace(state, commands=(*state.commands, event.command)[-COMMANDS_KEPT:])


@_on(e.InterlockChanged)
def _(state: CellState, event: e.InterlockChanged) -> CellState:
    return replace(state, door_closed=event.door_closed, safety_closed=event.safety_closed)


@_on(e.AlarmRaised)
def _(state: CellState, event: e.AlarmRaised) -> CellState:
    key = f"{event.alarm}:{event.source}"
    return replace(state, alarms=with_item(state.alarms, key, event.detail))


@_on(e.AlarmCleared)
def _(state: CellState, event: e.AlarmCleared) -> CellState:
    return replace(state, alarms=without(state.alarms, f"{event.alarm}:{event.source}"))


@_on(e.ArmMoved)
def _(state: CellState, event: e.ArmMoved) -> CellState:
    return replace(state, arm_at=event.at)


# -- tray and holder ----------------------------------------------------------


@_on(e.TrayAccepted)
def _(state: CellState, event: e.TrayAccepted) -> CellState:
    state = without_the_past(state, {_key(intent) for intent in state.intents.values()})
    holder = {name: block for name, block in state.blocks.items() if in_holder(block)}
    # What an earlier tray left in the reject row still stands there.
    left = {
        name: replace(block, role="rejected")
        for name, block in state.blocks.items()
        if name not in holder and block.at.startswith("reject-")
    }
    tray = {
        order.block: Block(
            name=order.block,
            role="customer",
            scale=order.scale,
            home=f"slot-{order.slot:02d}",
            at=f"slot-{order.slot:02d}",
            stage=Stage.WAITING,
            order=order,
        )
        for order in sorted(event.blocks, key=lambda order: order.slot)
    }
    return replace(
        state,
        tray=event.tray,
        regulation=event.regulation,
        tray_finished=False,
        closing_checked=False,
        slots_occupied=None,
        blocks={**left, **tray, **holder},
        unchecked=frozenset(state.unchecked & left.keys()),
    )


@_on(e.HolderStocked)
def _(state: CellState, event: e.HolderStocked) -> CellState:
    block = Block(
        name=event.block,
        role=event.role,
        scale=event.scale,
        home=event.place,
        at=event.place,
        stage=Stage.PLANNED,
        stock=event,
        identified=True,
        positions=planned(event.positions, ()),
        pitch_mm=event.pitch_mm,
    )
    return _put(_without_predecessor(state, event), block)


def _without_predecessor(state: CellState, event: e.HolderStocked) -> CellState:
    """Take the block out whose place a new one takes; its open duties pass to the new one."""
    gone = [b for b in state.blocks.values() if b.role == event.role and b.name != event.block]
    for block in gone:
        state = _put(state, replace(block, at="outside"))
    names = {block.name for block in gone}
    duties = tuple(
        replace(duty, block=event.block) if duty.block in names else duty for duty in state.duties
    )
    return replace(state, duties=duties)


@_on(e.DutyFell)
def _(state: CellState, event: e.DutyFell) -> CellState:
    scale = state.blocks[event.block].scale
    set_up_for = scale if event.kind == "seating" else state.set_up_for
    return replace(state, duties=(*state.duties, event), set_up_for=set_up_for)


@_on(e.CheckJudged)
def _(state: CellState, event: e.CheckJudged) -> CellState:
    left = tuple(duty for duty in state.duties if duty.duty != event.duty)
    blocks = {
        name: replace(block, verdict_held=not event.good) if name in state.unchecked else block
        for name, block in state.blocks.items()
    }
    return replace(
        state,
        duties=left,
        duties_done=(*state.duties_done, event),
        closing_checked=state.closing_checked or event.duty.startswith("closing-check"),
        blocks=blocks,
        # Verdicts that a failed check holds stay so until a good one follows.
        unchecked=frozenset() if event.good else state.unchecked,
    )


@_on(e.SlotMapRead)
def _(state: CellState, event: e.SlotMapRead) -> CellState:
    return replace(state, slots_occupied=frozenset(event.occupied))


@_on(e.RejectRowEmptied)
def _(state: CellState, event: e.RejectRowEmptied) -> CellState:
    blocks = {
        name: replace(block, at="outside") if block.at.startswith("reject-") else block
        for name, block in state.blocks.items()
    }
    return replace(state, blocks=blocks)


@_on(e.TrayFinished)
def _(state: CellState, event: e.TrayFinished) -> CellState:
    return replace(state, tray_finished=True)


# -- transfers ----------------------------------------------------------------


@_on(e.TransferIntended)
def _(state: CellState, event: e.TransferIntended) -> CellState:
    return replace(
        state,
        intents=with_item(state.intents, event.op, event),
        transfer=Transfer(event.block, event.source, event.target),
        ops=max(state.ops, number_of(event.op)),
        attempts=with_item(state.attempts, _key(event), event.attempt),
    )


@_on(e.TransferConfirmed)
def _(state: CellState, event: e.TransferConfirmed) -> CellState:
    intent = state.intents[event.op]
    assert isinstance(intent, e.TransferIntended)
    state = replace(
        state,
        intents=without(state.intents, event.op),
        attempts=without(state.attempts, _key(intent)),
    )
    block = state.blocks[intent.block]
    if intent.step == "pick":
        return _put(state, replace(block, at=GRIPPER))
    stage = Stage.FINISHED if _is_final(block, intent.target) else block.stage
    return replace(_put(state, replace(block, at=intent.target, stage=stage)), transfer=None)


def number_of(name: str) -> int:
    """Return the number that an intent or a question bears: 7 of ``op-000007`` or ``q-0007``."""
    return int(name.rpartition("-")[2])


def transfer_key(step: str, block: str, source: str, target: str) -> str:
    """Return what attempts at this step are counted under."""
    return f"{step}:{block}:{source}:{target}"


def indent_key(block: str, position: int) -> str:
    """Return what attempts at this indentation are counted under."""
    return f"indent:{block}:{position}"


def _key(intent: e.TransferIntended | e.IndentIntended) -> str:
    if isinstance(intent, e.TransferIntended):
        return transfer_key(intent.step, intent.block, intent.source, intent.target)
    return indent_key(intent.block, intent.position)


def _is_final(block: Block, target: str) -> bool:
    settled = block.stage in (Stage.JUDGED, Stage.REFUSED)
    return settled and target not in ("sizing", "vision", "tester")


# -- indentations -------------------------------------------------------------


@_on(e.IndentIntended)
def _(state: CellState, event: e.IndentIntended) -> CellState:
    block = state.blocks[event.block]
    block = replace(block, positions=_use(block, event.position, Use.INTENDED))
    return replace(
        state,
        blocks=with_item(state.blocks, block.name, block),
        intents=with_item(state.intents, event.op, event),
        ops=max(state.ops, number_of(event.op)),
        attempts=with_item(state.attempts, _key(event), event.attempt),
    )


@_on(e.NotHappened)
def _(state: CellState, event: e.NotHappened) -> CellState:
    intent = state.intents[event.op]
    state = replace(
        state,
        intents=without(state.intents, event.op),
        doubts=without(state.doubts, event.op),
    )
    if isinstance(intent, e.IndentIntended):
        block = state.blocks[intent.block]
        return _put(state, replace(block, positions=_use(block, intent.position, Use.FREE)))
    if intent.step == "pick":
        return replace(state, transfer=None)
    return state


@_on(e.IndentConfirmed)
def _(state: CellState, event: e.IndentConfirmed) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    reading = Reading(event.op, intent.position, event.hardness, event.number, intent.duty)
    readings, stage = (*block.readings, reading), block.stage
    if block.role == "customer" and len(readings) >= required(block):
        stage = Stage.INDENTED
    positions = _use(block, intent.position, Use.MEASURED)
    state = _settle(
        state,
        intent,
        replace(block, positions=positions, readings=readings, stage=stage),
        records=event.after.records,
        unheard=0,
        owed=0,
        heard=event.number,
        void_series=0,
    )
    due = tuple(d for d in state.duties if d.kind != "seating" or remaining(state, d))
    return state if due == state.duties else replace(state, duties=due)


@_on(e.IndentVoided)
def _(state: CellState, event: e.IndentVoided) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    block = replace(block, positions=_use(block, intent.position, Use.VOID))
    return _heard(_settle(state, intent, block, void_series=state.void_series + 1), event)


@_on(e.IndentDoubted)
def _(state: CellState, event: e.IndentDoubted) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    state = _put(state, replace(block, positions=_use(block, intent.position, Use.DOUBTED)))
    state = replace(state, doubts=with_item(state.doubts, event.op, event.made))
    return _heard(state, event)


@_on(e.StrayRecord)
def _(state: CellState, event: e.StrayRecord) -> CellState:
    state = replace(state, records=max(state.records, event.records))
    if event.number == state.heard:
        # One more copy of what was heard before says nothing of what was not.
        return state
    return replace(state, unheard=0, owed=0, heard=event.number)


@_on(e.FaultReset)
def _(state: CellState, event: e.FaultReset) -> CellState:
    return state


def _heard(state: CellState, event: e.IndentVoided | e.IndentDoubted) -> CellState:
    state = replace(state, records=max(state.records, event.records))
    if event.number is not None:
        return replace(state, unheard=0, owed=0, heard=event.number)
    owed = isinstance(event, e.IndentVoided) and event.owed
    return replace(state, unheard=state.unheard + 1, owed=state.owed + owed)


def _settle(state: CellState, intent: e.IndentIntended, block: Block, **more: Any) -> CellState:  # noqa: ANN401  # fields of the state
    """Return the state without an open intent, and with what became of its block and more."""
    return replace(
        state,
        blocks=with_item(state.blocks, block.name, block),
        intents=without(state.intents, intent.op),
        doubts=without(state.doubts, intent.op),
        attempts=without(state.attempts, _key(intent)),
        **more,
    )


def _indent_intent(state: CellState, op: str) -> e.IndentIntended:
    intent = state.intents[op]
    assert isinstance(intent, e.IndentIntended)
    return intent


def required(block: Block) -> int:
    """Return how many valid readings a customer's block needs."""
    return sum(not position.spare for position in block.positions)


def remaining(state: CellState, duty: e.DutyFell) -> int:
    """Return how many indentations a duty still needs."""
    made = sum(reading.duty == duty.duty for reading in state.blocks[duty.block].readings)
    return max(0, duty.needed - made)


# -- a block's facts ----------------------------------------------------------


@_on(e.BlockSized)
def _(state: CellState, event: e.BlockSized) -> CellState:
    return _put(state, replace(state.blocks[event.block], sized=event))


@_on(e.BlockIdentified)
def _(state: CellState, event: e.BlockIdentified) -> CellState:
    block = state.blocks[event.block]
    return _put(state, replace(block, identified=True, stage=Stage.SIZED))


def _of_block(change: Callable[[Block, Any], Block]) -> Handler:
    """Return the handler of an event that changes nothing but its block."""
    return lambda state, event: _put(state, change(state.blocks[event.block], event))


_HANDLERS |= {kind: _of_block(change) for kind, change in SEEN.items()}


@_on(e.ClimateRead)
def _(state: CellState, event: e.ClimateRead) -> CellState:
    block = state.blocks[event.block]
    return _put(state, replace(block, climate=(event.temperature_c, event.humidity_pct)))


@_on(e.Judged)
def _(state: CellState, event: e.Judged) -> CellState:
    goes_to: Literal["slot", "reject"] = "slot" if event.passed else "reject"
    block = state.blocks[event.block]
    state = replace(state, unchecked=state.unchecked | {event.block})
    return _put(state, replace(block, verdict=event, stage=Stage.JUDGED, goes_to=goes_to))


@_on(e.BlockRefused)
def _(state: CellState, event: e.BlockRefused) -> CellState:
    block = state.blocks[event.block]
    if block.stage is Stage.FINISHED:
        return state
    already = event.to == "absent" or (event.to == "slot" and block.at == block.home)
    stage = Stage.FINISHED if already else Stage.REFUSED
    return _put(state, replace(block, refused_because=event.reason, goes_to=event.to, stage=stage))


# -- people -------------------------------------------------------------------


@_on(e.DecisionAsked)
def _(state: CellState, event: e.DecisionAsked) -> CellState:
    questions = with_item(state.questions, event.question, event)
    asked = max(state.asked, number_of(event.question))
    series = 0 if event.kind == "voids_in_a_row" else state.void_series
    state = replace(state, questions=questions, asked=asked, void_series=series)
    block = state.blocks.get(event.block)
    if block is None:
        return state
    return _put(state, replace(block, held_by=(*block.held_by, event.question)))


@_on(e.DecisionAnswered)
def _(state: CellState, event: e.DecisionAnswered) -> CellState:
    # What a device hears is no decision: its asker has it, and nobody asks for it again.
    if not state.questions[event.question].device:
        answers = with_item(state.answers, event.question, event.option)
        state = replace(state, answers=answers)
    return _closed(state, event.question)


@_on(e.DecisionWithdrawn)
def _(state: CellState, event: e.DecisionWithdrawn) -> CellState:
    return _closed(state, event.question)


def _closed(state: CellState, question: str) -> CellState:
    asked = state.questions[question]
    state = replace(state, questions=without(state.questions, question))
    block = state.blocks.get(asked.block)
    if block is None:
        return state
    held_by = tuple(holding for holding in block.held_by if holding != question)
    return _put(state, replace(block, held_by=held_by))
