"""The chain of the journal as the information library checks it, row by row."""

from __future__ import annotations

import hashlib
from typing import Protocol

GENESIS = "0" * 64


class ProjectionError(RuntimeError):
    """These rows must not be projected; the message names the row, what is wrong, what to do.

    Nothing of the call was kept.
    """


class JournalRow(Protocol):
    """One event as the journal keeps it.

    ``at`` is UTC in ISO 8601, ``body`` canonical JSON, ``hash`` the link to the row before.
    """

    @property
    def seq(self) -> int:
        """Return the number of the row; they count from 1 without a gap."""
        ...

    @property
    def at(self) -> str:
        """Return when it happened."""
        ...

    @property
    def kind(self) -> str:
        """Return the name of the event."""
        ...

    @property
    def version(self) -> int:
        """Return the version of the event's meaning."""
        ...

    @property
    def body(self) -> str:
        """Return the event."""
        ...

    @property
    def hash(self) -> str:
        """Return the link."""
        ...


def link(previous: str, row: JournalRow) -> str:
    """Return the hash that a row must carry after one with the hash ``previous``."""
    text = f"{previous}\n{row.seq}\n{row.at}\n{row.kind}\n{row.version}\n{row.body}"
    return hashlib.sha256(text.encode()).hexdigest()


def check_link(seq: int, head: str, row: JournalRow) -> None:
    """Check that a row is the next after row ``seq`` with the hash ``head``.

    Raises `ProjectionError` if rows are missing or the chain is broken.
    """
    if row.seq != seq + 1:
        raise ProjectionError(
            f"journal row {row.seq} cannot follow row {seq}: give the rows from {seq + 1} on"
        )
    if row.hash != link(head, row):
        raise ProjectionError(
            f"journal row {row.seq} does not continue the chain after row {seq} ({head[:12]}…): "
            "the row was altered, or this is another journal; compare with the sealed archive"
        )


def check_same(seq: int, head: str, row: JournalRow) -> None:
    """Check that a row met again is the one projected before, as far as the cursor can tell.

    Raises `ProjectionError` if it is row ``seq`` and its hash is not ``head``.
    """
    if row.seq == seq and row.hash != head:
        raise ProjectionError(
            f"journal row {seq} was projected with the hash {head[:12]}… and now comes with "
            f"{row.hash[:12]}…: this is another journal, or its history was altered"
        )
