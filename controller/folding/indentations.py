"""A place is intended, then measured, void, in doubt or free again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller import events as e
from controller.folding.handlers import Handlers, put, used
from controller.folding.keys import key_of, number_of
from controller.folding.needs import remaining, required
from controller.state import Block, CellState, Reading, Stage, Use, with_item, without

on = Handlers()


@on(e.IndentIntended)
def _(state: CellState, event: e.IndentIntended) -> CellState:
    block = state.blocks[event.block]
    block = replace(block, positions=used(block, event.position, Use.INTENDED))
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
        unheard=0,
        owed=0,
        heard=event.number,
        void_series=0,
    )
    due = tuple(d for d in state.duties if d.kind != "seating" or remaining(state, d))
    return state if due == state.duties else replace(state, duties=due)


@on(e.IndentVoided)
def _(state: CellState, event: e.IndentVoided) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    block = replace(block, positions=used(block, intent.position, Use.VOID))
    return _heard(_settle(state, intent, block, void_series=state.void_series + 1), event)


@on(e.IndentDoubted)
def _(state: CellState, event: e.IndentDoubted) -> CellState:
    intent = _indent_intent(state, event.op)
    block = state.blocks[intent.block]
    state = put(state, replace(block, positions=used(block, intent.position, Use.DOUBTED)))
    state = replace(state, doubts=with_item(state.doubts, event.op, event.made))
    return _heard(state, event)


@on(e.StrayRecord)
def _(state: CellState, event: e.StrayRecord) -> CellState:
    state = replace(state, records=max(state.records, event.records))
    if event.number == state.heard:
        # One more copy of what was heard before says nothing of what was not.
        return state
    return replace(state, unheard=0, owed=0, heard=event.number)


@on(e.FaultReset)
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
        attempts=without(state.attempts, key_of(intent)),
        **more,
    )


def _indent_intent(state: CellState, op: str) -> e.IndentIntended:
    intent = state.intents[op]
    assert isinstance(intent, e.IndentIntended)
    return intent
