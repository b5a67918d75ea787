"""The folded state as canonical text, for the event that follows a sealed tray, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from controller.journal_row import JournalError
from controller.messages import plain
from controller.state import CellState

STATE_VERSION = 1
"""Raised when old checkpoints would be read wrongly or fold differently; see decision 0010."""


def write_state(state: CellState) -> str:
    """Return a state as JSON on one line: fields in order of their class, sets sorted.

    Equal states give equal text, also in another process and under another hash seed.
    """
    return json.dumps(plain(state), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read_state(version: int, text: str) -> CellState:
    """Return the state that a text carries; fields it does not know yet have their defaults.

    Raises `JournalError` if the text says anything that this program would forget.
    """
    if version != STATE_VERSION:
        raise JournalError(
            f"a checkpoint carries state version {version}, this program reads {STATE_VERSION}; "
            "use the program version that wrote this journal, or a newer one"
        )
    try:
        read = _ADAPTER.validate_json(text, strict=True)
        if not _holds(plain(read), json.loads(text)):
            raise ValueError("it says more than this program can keep")
    except (ValidationError, ValueError) as error:
        raise JournalError(
            f"a checkpoint's state cannot be read: {error}; "
            "use the program version that wrote this journal, or a newer one"
        ) from error
    return _frozen(read)


def _frozen(state: CellState) -> CellState:
    views: dict[str, Any] = {
        field.name: MappingProxyType(value)
        for field in fields(state)
        if isinstance(value := getattr(state, field.name), dict)
    }
    return replace(state, **views)


def _holds(kept: Any, said: Any) -> bool:  # noqa: ANN401  # JSON
    """Return whether everything said is kept; more may be kept than was said."""
    if isinstance(said, Mapping):
        return isinstance(kept, Mapping) and all(
            key in kept and _holds(kept[key], value) for key, value in said.items()
        )
    if isinstance(said, list):
        alike = isinstance(kept, list) and len(kept) == len(said)
        return alike and all(map(_holds, kept, said))
    return bool(kept == said)


_ADAPTER: TypeAdapter[CellState] = TypeAdapter(CellState)
