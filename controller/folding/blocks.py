"""What becomes known of one block, up to its verdict."""

from __future__ import annotations

from typing import Literal

from controller import events as e
from controller.folding.handlers import Handlers, put
from controller.replacing import replace
from controller.state import Block, CellState, Stage

on = Handlers()


@on.block(e.BlockSized)
def _(block: Block, event: e.BlockSized) -> Block:
    return replace(block, sized=event)


@on.block(e.BlockIdentified)
def _(block: Block, event: e.BlockIdentified) -> Block:
    return replace(block, identified=True, stage=Stage.SIZED)


@on.block(e.ClimateRead)
def _(block: Block, event: e.ClimateRead) -> Block:
    return replace(block, climate=(event.temperature_c, event.humidity_pct))


@on(e.Judged)
def _(state: CellState, event: e.Judged) -> CellState:
    goes_to: Literal["slot", "reject"] = "slot" if event.passed else "reject"
    block = state.blocks[event.block]
    state = replace(state, unchecked=state.unchecked | {event.block})
    return put(state, replace(block, verdict=event, stage=Stage.JUDGED, goes_to=goes_to))


@on(e.BlockRefused)
def _(state: CellState, event: e.BlockRefused) -> CellState:
    block = state.blocks[event.block]
    if block.stage is Stage.FINISHED:
        return state
    already = event.to == "absent" or (event.to == "slot" and block.at == block.home)
    stage = Stage.FINISHED if already else Stage.REFUSED
    return put(state, replace(block, refused_because=event.reason, goes_to=event.to, stage=stage))
