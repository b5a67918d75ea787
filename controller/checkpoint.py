"""The folded state as canonical text, for the event that follows a sealed tray, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from controller.journal_row import JournalError
from controller.messages import plain
from controller.state import CellState
from drivers.record_count import RecordCount

STATE_VERSION = 2
"""Raised when old checkpoints would be read wrongly or fold differently; see decision 0010."""
_WITHOUT_COUNT = 1


def write_state(state: CellState) -> str:
    """Return a state as JSON on one line: fields in order of their class, sets sorted.

    Equal states give equal text, also in another process and under another hash seed.
    """
    return json.dumps(plain(state), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=2)  # it is read when it is written, when it is folded, and by whoever follows
def read_state(version: int, text: str) -> CellState:
    """Return the state that a text carries; fields it does not know yet have their defaults.

    Raises `JournalError` if the text says anything that this program would forget.
    """
    if version not in (_WITHOUT_COUNT, STATE_VERSION):
        raise JournalError(
            f"a checkpoint carries state version {version}, this program reads {STATE_VERSION}; "
            "use the program version that wrote this journal, or a newer one"
        )
    try:
        text = _with_count(text) if version == _WITHOUT_COUNT else text
        read = _ADAPTER.validate_json(text, strict=True)
        if not _holds(plain(read), json.loads(text)):
            raise ValueError("it says more than this program can keep")
    except (ValidationError, ValueError, KeyError) as error:
        raise JournalError(
            f"a checkpoint's state cannot be read: {error}; "
            "use the program version that wrote this journal, or a newer one"
        ) from error
    return _frozen(read)


def as_told(version: int, folded: CellState, carried: CellState) -> CellState:
    """Return a state as it was folded when checkpoints of a version were written."""
    if version == _WITHOUT_COUNT:
        return replace(folded, count=carried.count, cycles=carried.cycles)
    return folded


def _with_count(text: str) -> str:
    """Return the text of the first version, which kept the tester's numbers one by one."""
    said = json.loads(text)
    heard, owed, unheard = (said.pop(key) for key in ("heard", "owed", "unheard"))
    count = RecordCount(None if heard < 0 else heard, owed, unheard)
    return json.dumps({**said, "count": plain(count)})


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
