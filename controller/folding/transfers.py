"""A block is carried from one place to another."""

from __future__ import annotations

from controller import events as e
from controller.folding.handlers import Handlers, put
from controller.folding.keys import key_of, number_of
from controller.replacing import replace
from controller.state import GRIPPER, OUTSIDE, Block, CellState, Stage, Transfer, with_item, without

on = Handlers()


@on(e.TransferIntended)
def _(state: CellState, event: e.TransferIntended) -> CellState:
    return replace(
        state,
        intents=with_item(state.intents, event.op, event),
        transfer=Transfer(event.block, event.source, event.target),
        ops=max(state.ops, number_of(event.op)),
        attempts=with_item(state.attempts, key_of(event), event.attempt),
    )


@on(e.TransferConfirmed)
def _(state: CellState, event: e.TransferConfirmed) -> CellState:
    intent = state.intents[event.op]
    assert isinstance(intent, e.TransferIntended)
    state = replace(
        state,
        intents=without(state.intents, event.op),
        attempts=without(state.attempts, key_of(intent)),
    )
    block = state.blocks[intent.block]
    if intent.step == "pick":
        return put(state, replace(block, at=GRIPPER))
    stage = Stage.FINISHED if _is_final(block, intent.target) else block.stage
    return replace(put(state, replace(block, at=intent.target, stage=stage)), transfer=None)


@on(e.BlockTakenOut)
def _(state: CellState, event: e.BlockTakenOut) -> CellState:
    """Whatever the arm was about to do with it is off; where it was, others may come."""
    carried = {
        op: intent
        for op, intent in state.intents.items()
        if isinstance(intent, e.TransferIntended) and intent.block == event.block
    }
    for op, intent in carried.items():
        state = replace(
            state,
            intents=without(state.intents, op),
            attempts=without(state.attempts, key_of(intent)),
        )
    if state.transfer is not None and state.transfer.block == event.block:
        state = replace(state, transfer=None)
    return put(state, replace(state.blocks[event.block], at=OUTSIDE))


def _is_final(block: Block, target: str) -> bool:
    settled = block.stage in (Stage.JUDGED, Stage.REFUSED)
    return settled and target not in ("sizing", "vision", "tester")
