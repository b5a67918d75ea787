"""A closed tray leaves the journal: its rows go into an archive file, a checkpoint stays.

Killed at any instant, nothing is lost and nothing stands in two places: the archive
counts only once the journal begins with the checkpoint that names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.archive import (
    archive_folder,
    archive_name,
    checkpoint,
    encode,
    read_archive,
    write_archive,
)
from controller.checkpoint import STATE_VERSION, read_state, write_state
from controller.events import JournalSealed, TrayFinished
from controller.journal import Boundary, Journal
from controller.journal_row import GENESIS, JournalError, Row, broken_links
from controller.state import CellState


@dataclass(frozen=True, slots=True)
class NotSealed:
    """The rows stay in the journal; ``reason`` says why and what to do."""

    reason: str


def seal(journal: Journal, state: CellState, at: datetime) -> JournalSealed | NotSealed | None:
    """Seal the rows of a journal if its tray is closed; ``state`` is what they fold to.

    Returns None when they hold no end of a tray: it is sealed already, or still open.
    Raises `JournalError` as `Journal.append` does. Blocks.
    """
    journal.flush()
    rows = tuple(journal.rows())
    if not any(row.kind == TrayFinished.__name__ for row in rows):
        return None
    try:
        event = _archived(journal, rows, state)
    except (JournalError, OSError, ValueError) as error:
        return NotSealed(str(error))
    failed = journal.cut(at, event)
    if failed:
        return NotSealed(failed)
    journal.boundary("after-cut")
    return event


def _archived(journal: Journal, rows: tuple[Row, ...], state: CellState) -> JournalSealed:
    """Put the rows into their archive file; return the checkpoint that will name it."""
    before = checkpoint(rows[0])
    number, head = (before.number + 1, before.head) if before else (1, GENESIS)
    for broken in broken_links(iter(rows), head, rows[0].seq - 1):
        raise JournalError(f"the chain is broken at event {broken}; compare with a backup")
    text = write_state(state)
    if read_state(STATE_VERSION, text) != state:
        raise JournalError("the state cannot be written as text; this is a fault of the program")
    name = archive_name(number, state.tray)
    path = archive_folder(journal.path) / name
    _refuse_other_content(path, rows)
    digest = _kept(path, rows, journal.boundary)
    last = rows[-1]
    return JournalSealed(
        number=number,
        tray=state.tray,
        archive=name,
        digest=digest,
        first=rows[0].seq,
        last=last.seq,
        head=last.hash,
        state_version=STATE_VERSION,
        state=text,
    )


def _refuse_other_content(path: Path, rows: tuple[Row, ...]) -> None:
    """Raise `JournalError` if a file is there that an interrupted sealing cannot have left."""
    if not path.exists():
        return
    left = tuple(read_archive(path))
    if rows[: len(left)] != left:
        raise JournalError(
            f"{path}: holds other events than this journal; was the journal put back from an "
            "older backup? Keep both, and move this file away"
        )


def _kept(path: Path, rows: tuple[Row, ...], boundary: Boundary) -> str:
    """Write the file under another name, on disk, then give it its own; return its SHA-256."""
    boundary("before-archive")
    if not path.parent.exists():
        path.parent.mkdir()
        _sync(path.parent.parent)
    draft = path.with_suffix(".part")
    digest = write_archive(draft, _passing(rows, boundary))
    boundary("archive-written")
    draft.rename(path)
    boundary("archive-named")
    _sync(path.parent)
    boundary("archive-on-disk")
    return digest


def _passing(rows: tuple[Row, ...], boundary: Boundary) -> Iterator[str]:
    for number, row in enumerate(rows):
        if number == len(rows) // 2:
            boundary("archive-half-written")
        yield encode(row)


def _sync(folder: Path) -> None:
    """Have a folder's entries on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
