"""What the state forgets when a tray is accepted, so that it never grows over the months."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from controller.replacing import replace
from controller.state import OUTSIDE, Block, CellState


def without_the_past(state: CellState, tried: Collection[str]) -> CellState:
    """Return the state without what no later tray can need; ``tried`` keys open intents.

    Attempts and doubts belong to open intents, a holder's readings to open duties;
    answers and checks have had their effect, but the last check may spare the next tray
    its own. Of a seating or check block that was
    taken out only the name stays: it must never be taken for a new one.
    """
    retired = {b.name for b in state.blocks.values() if in_holder(b) and b.at == OUTSIDE}
    due = {duty.duty for duty in state.duties}
    return replace(
        state,
        blocks={n: _with_readings_of(due, b) for n, b in state.blocks.items() if n not in retired},
        retired=state.retired | retired,
        duties_done=state.duties_done[-1:],
        answers=MappingProxyType({}),
        attempts=MappingProxyType({k: n for k, n in state.attempts.items() if k in tried}),
        doubts=MappingProxyType({k: n for k, n in state.doubts.items() if k in state.intents}),
        shown=MappingProxyType({k: s for k, s in state.shown.items() if k in state.intents}),
    )


def in_holder(block: Block) -> bool:
    """Return whether a block is, or was, one of the fixed holder."""
    return block.role in ("seating", "check")


def _with_readings_of(duties: Collection[str], block: Block) -> Block:
    if not in_holder(block):
        return block
    return replace(block, readings=tuple(r for r in block.readings if r.duty in duties))
