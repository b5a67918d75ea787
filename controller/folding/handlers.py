"""How a handler of one kind of event is written down, and the small changes that many make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.replacing import replace
from controller.state import Block, CellState, Position, Use, with_item

Handler = Callable[[CellState, Any], CellState]
Change = Callable[[Block, Any], Block]


class Handlers(dict[type[Any], Handler]):
    """The handlers of one module, by kind of event.

    ``@on(Kind)`` adds one that changes the state, ``@on.block(Kind)`` one that changes only
    the block that the event names.
    """

    def __call__(self, kind: type[Any]) -> Callable[[Handler], Handler]:
        """Register what follows as the handler of this kind of event."""

        def register(handler: Handler) -> Handler:
            self[kind] = handler
            return handler

        return register

    def block(self, kind: type[Any]) -> Callable[[Change], Change]:
        """Register what follows as what this kind of event makes of its block."""

        def register(change: Change) -> Change:
            self[kind] = lambda state, event: put(state, change(state.blocks[event.block], event))
            return change

        return register


def put(state: CellState, block: Block) -> CellState:
    """Return the state with this block in the place of what was known of it."""
    return replace(state, blocks=with_item(state.blocks, block.name, block))


def used(block: Block, index: int, use: Use) -> tuple[Position, ...]:
    """Return the positions of a block after one of them came to a new use."""
    position = replace(block.positions[index], use=use)
    return (*block.positions[:index], position, *block.positions[index + 1 :])
