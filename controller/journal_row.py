"""Rows of the journal: one event each, chained by hash, in whatever file they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from controller import events
from controller.events import AnyEvent

GENESIS = "0" * 64


class JournalError(RuntimeError):
    """The journal cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as kept: ``body`` is canonical JSON, ``hash`` chains it to the row before."""

    seq: int
    at: str
    kind: str
    version: int
    body: str
    hash: str

    def event(self) -> AnyEvent:
        """Return the event. Raises `JournalError` if no such kind or version is known."""
        if self.version not in _VERSIONS.get(self.kind, ()):
            raise JournalError(
                f"event {self.seq}: unknown {self.kind} version {self.version}; "
                "use the program version that wrote this journal, or a newer one"
            )
        try:
            event: AnyEvent = _ADAPTERS[self.kind].validate_json(self.body)
        except ValidationError as error:
            raise JournalError(f"event {self.seq}: damaged {self.kind}: {error}") from error
        return event


def next_row(previous: str, seq: int, at: str, event: AnyEvent) -> Row:
    """Return the row of an event that follows one with the hash ``previous``."""
    kind, version = type(event).__name__, event.VERSION
    body = _ADAPTERS[kind].dump_json(event).decode()
    return Row(seq, at, kind, version, body, chain(previous, seq, at, kind, version, body))


def chain(previous: str, seq: int, at: str, kind: str, version: int, body: str) -> str:
    """Return the hash of a row, given the hash of the row before."""
    text = f"{previous}\n{seq}\n{at}\n{kind}\n{version}\n{body}"
    return hashlib.sha256(text.encode()).hexdigest()


def broken_links(rows: Iterator[Row], previous: str = GENESIS, seq: int = 0) -> Iterator[int]:
    """Yield the sequence number of every row that does not continue the chain."""
    for row in rows:
        seq += 1
        expected = chain(previous, seq, row.at, row.kind, row.version, row.body)
        if row.seq != seq or row.hash != expected:
            yield row.seq
        previous, seq = row.hash, row.seq


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(events.AnyEvent)
}
_VERSIONS: dict[str, range] = {
    kind.__name__: range(kind.OLDEST, kind.VERSION + 1) for kind in get_args(events.AnyEvent)
}
