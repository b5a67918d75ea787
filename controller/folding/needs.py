"""How many readings are still owed."""

from __future__ import annotations

from controller import events as e
from controller.state import Block, CellState


def required(block: Block) -> int:
    """Return how many valid readings a customer's block needs."""
    return sum(not position.spare for position in block.positions)


def remaining(state: CellState, duty: e.DutyFell) -> int:
    """Return how many indentations a duty still needs."""
    made = sum(reading.duty == duty.duty for reading in state.blocks[duty.block].readings)
    return max(0, duty.needed - made)
