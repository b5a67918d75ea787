"""A place is intended, then measured, void, in doubt or free again."""

from __future__ import annotations

from typing import Any

from controller import events as e
from controller.folding.handlers import Handlers, put, used
from controller.folding.keys import key_of, number_of
from controller.folding.needs import remaining, required
from controller.replacing import replace
from controller.state import Block, CellState, Reading, Stage, Use, with_item, without
from drivers.record_count import BEYOND_COUNT, RecordCount

on = Handlers()


@on(e.IndentIntended)
def _(state: CellState, event: e.IndentIntended) -> CellState:
    block = state.blocks[event.block]
    block = replace(block, positions=used(block, event.position, Use.INTENDED))
    state = _unseen(state, event.before)
    return replace(
        state,
        blocks=with_item(state.blocks, block.name, block),
        intents=with_item(state.intents, event.op, event),
        ops=max(state.ops, number_of(event.op)),
        attempts=with_item(state.attempts, key_of(event), event.attempt),
    )


@on(e.NotHappened)
def _(state: CellState, event: e.NotHappened) -> CellState:
    intent = state.intents[event.op]
    state = replace(
        state,
        intents=without(state.intents, event.op),
        doubts=without(state.doubts, event.op),
    )
    if isinstance(intent, e.IndentIntended):
        block = state.blocks[intent.block]
        return put(state, replace(block, positions=used(block, intent.position, Use.FREE)))
    if intent.step == "pick":
        return replace(state, transfer=None)
    return state


@on(e.IndentConfirmed)
def _(state: CellState, event: e.IndentConfirmed) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    reading = Reading(event.op, intent.position, event.hardness, event.number, intent.duty)
    readings, stage = (*block.readings, reading), block.stage
    if block.role == "customer" and len(readings) >= required(block):
        stage = Stage.INDENTED
    positions = used(block, intent.position, Use.MEASURED)
    state = _settle(
        state,
        intent,
        replace(block, positions=positions, readings=readings, stage=stage),
        records=event.after.records,
        cycles=event.after.count,
        results=event.after.results,
        void_series=0,
        count=RecordCount(event.number),
    )
    due = tuple(d for d in state.duties if d.kind != "seating" or remaining(state, d))
    return state if due == state.duties else replace(state, duties=due)


@on(e.IndentVoided)
def _(state: CellState, event: e.IndentVoided) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    block = replace(block, positions=used(block, intent.position, Use.VOID))
    if event.op not in state.doubts:
        state = _counted(state, intent, event)
    return _settle(state, intent, block, void_series=state.void_series + 1)


@on(e.IndentDoubted)
def _(state: CellState, event: e.IndentDoubted) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    state = put(state, replace(block, positions=used(block, intent.position, Use.DOUBTED)))
    state = replace(state, doubts=with_item(state.doubts, event.op, event.made))
    return _counted(state, intent, event)


@on(e.StrayRecord)
def _(state: CellState, event: e.StrayRecord) -> CellState:
    count = state.count.record(event.number)
    return replace(state, records=max(state.records, event.records), count=count)


@on(e.DisplayRead)
def _(state: CellState, event: e.DisplayRead) -> CellState:
    return replace(state, shown=with_item(state.shown, event.op, event.shown))


@on(e.NumberRead)
def _(state: CellState, event: e.NumberRead) -> CellState:
    return replace(state, count=RecordCount(event.number))


@on(e.FaultReset)
def _(state: CellState, event: e.FaultReset) -> CellState:
    return state


def _counted(
    state: CellState,
    intent: e.IndentIntended,
    event: e.IndentVoided | e.IndentDoubted,
) -> CellState:
    """Return the state with what is known of the tester's numbers after cycles without a reading.

    A number that the event bears was proved to be the last one.
    """
    count = state.count.cycles(*(event.counted or _counted_of_old(event)))
    if event.number is not None:
        count = RecordCount(event.number)
    return replace(
        state,
        records=max(state.records, event.records),
        cycles=intent.before.count + event.made,
        results=event.results,
        count=count,
    )


def _counted_of_old(event: e.IndentVoided | e.IndentDoubted) -> tuple[int, int]:
    made = event.made if 0 <= event.made < BEYOND_COUNT else BEYOND_COUNT
    owed = isinstance(event, e.IndentVoided) and event.owed
    return int(owed), 0 if event.uncounted else made


def _unseen(state: CellState, before: e.Evidence) -> CellState:
    """Return the state with what the tester did since the last intent, by whomever."""
    now = replace(state, cycles=before.count, results=before.results)
    made = before.count - state.cycles if state.cycles >= 0 else 0
    shown = None
    if state.results is not None and before.results is not None:
        shown = before.results - state.results
    if made == 0 == (shown or 0):
        return now
    if not (0 <= made < BEYOND_COUNT and 0 <= (shown or 0) < BEYOND_COUNT):
        return replace(now, count=state.count.cycles(0, BEYOND_COUNT))
    at_least = shown or 0
    return replace(now, count=state.count.cycles(at_least, max(at_least, made)))


def _settle(state: CellState, intent: e.IndentIntended, block: Block, **more: Any) -> CellState:  # noqa: ANN401  # fields of the state
    """Return the state without an open intent, and with what became of its block and more."""
    return replace(
        state,
        blocks=with_item(state.blocks, block.name, block),
        intents=without(state.intents, intent.op),
        doubts=without(state.doubts, intent.op),
        shown=without(state.shown, intent.op),
        attempts=without(state.attempts, key_of(intent)),
        **more,
    )


def _indent_intent(state: CellState, op: str) -> e.IndentIntended:
    intent = state.intents[op]
    assert isinstance(intent, e.IndentIntended)
    return intent
