"""``fold``: the state after an event. Pure; the only way state comes about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from controller.events import AnyEvent
from controller.folding import (
    blocks,
    indentations,
    people,
    pictures,
    session,
    transfers,
    trays,
)
from controller.folding.handlers import Handler
from controller.state import CellState

_HANDLERS: Mapping[type[Any], Handler] = MappingProxyType(
    {
        **session.on,
        **trays.on,
        **transfers.on,
        **indentations.on,
        **blocks.on,
        **pictures.on,
        **people.on,
    }
)


def fold(state: CellState, event: AnyEvent) -> CellState:
    """Return the state after one event."""
    return _HANDLERS[type(event)](state, event)


def fold_all(history: Iterable[AnyEvent], start: CellState | None = None) -> CellState:
    """Return the state after a whole history, or after what follows a state."""
    state = start or CellState()
    for event in history:
        state = fold(state, event)
    return state
