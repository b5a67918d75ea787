"""Questions are put, answered and withdrawn."""

from __future__ import annotations

from controller import events as e
from controller.folding.handlers import Handlers, put
from controller.folding.keys import number_of
from controller.replacing import replace
from controller.state import CellState, with_item, without

on = Handlers()


@on(e.DecisionAsked)
def _(state: CellState, event: e.DecisionAsked) -> CellState:
    questions = with_item(state.questions, event.question, event)
    asked = max(state.asked, number_of(event.question))
    series = 0 if event.kind == "voids_in_a_row" else state.void_series
    state = replace(state, questions=questions, asked=asked, void_series=series)
    block = state.blocks.get(event.block)
    if block is None:
        return state
    return put(state, replace(block, held_by=(*block.held_by, event.question)))


@on(e.DecisionAnswered)
def _(state: CellState, event: e.DecisionAnswered) -> CellState:
    # What a device hears is no decision: its asker has it, and nobody asks for it again.
    if not state.questions[event.question].device:
        answers = with_item(state.answers, event.question, event.option)
        state = replace(state, answers=answers)
    return _closed(state, event.question)


@on(e.DecisionWithdrawn)
def _(state: CellState, event: e.DecisionWithdrawn) -> CellState:
    return _closed(state, event.question)


def _closed(state: CellState, question: str) -> CellState:
    asked = state.questions[question]
    state = replace(state, questions=without(state.questions, question))
    block = state.blocks.get(asked.block)
    if block is None:
        return state
    held_by = tuple(holding for holding in block.held_by if holding != question)
    return put(state, replace(block, held_by=held_by))
