"""The journal: a local append-only SQLite file whose rows are chained by hash.

INTENT, CONFIRM and decisions are committed with ``synchronous=FULL`` before
anything follows from them; other events ride with the next commit. What belongs to
closed trays lies in archive files beside it (`controller.sealing`); the chain goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from controller.archive import sealed_rows
from controller.events import AnyEvent
from controller.journal_row import GENESIS, JournalError, Row, broken_links, chain, next_row

__all__ = [
    "FORMAT",
    "GENESIS",
    "Boundary",
    "Journal",
    "JournalError",
    "Row",
    "broken_links",
    "chain",
    "read_open_rows",
    "read_rows",
]

FORMAT = 1

_SCHEMA = """
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT NOT NULL,
  hash    TEXT NOT NULL
) STRICT;
"""

# Named instants around a commit; a test may let the process die at any of them.
Boundary = Callable[[str], None]


class Journal:
    """Appends events and reads them back. One writer; readers see what is committed."""

    def __init__(self, path: Path, boundary: Boundary | None = None) -> None:
        """Open or create the file. Raises `JournalError` if it is not a journal of this format."""
        self.path = path
        self.boundary = boundary or (lambda name: None)
        self._failed = False
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            _prepare(self._db, path)
        except sqlite3.Error as error:
            raise JournalError(f"{path}: not a usable journal: {error}") from error
        query = "SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1"
        last = self._db.execute(query).fetchone() or (0, GENESIS, "")
        self.seq: int = last[0]
        self._head: str = last[1]
        self.last_at: str = last[2]
        """When the last event was written that the file held when it was opened; empty: none."""

    @property
    def head(self) -> str:
        """The hash of the last row."""
        return self._head

    def append(self, at: datetime, batch: tuple[AnyEvent, ...], *, durable: bool) -> None:
        """Append events together; if durable, they and all before them are on disk on return.

        Raises `JournalError` when they cannot be written, and from then on always: what
        rode along may be gone, so only a restart, which folds the file anew, can go on.
        """
        if self._failed:
            raise JournalError(f"{self.path}: an earlier write failed; restart to go on")
        self.boundary("before-write")
        try:
            self._write(at.isoformat(timespec="milliseconds"), batch)
            if durable:
                self.boundary("before-commit")
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed = True
            raise JournalError(f"{self.path}: cannot be written: {error}") from error
        self.boundary("after-write")

    def _write(self, stamp: str, batch: tuple[AnyEvent, ...]) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        for event in batch:
            row = next_row(self._head, self.seq + 1, stamp, event)
            self._db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
                (row.seq, row.at, row.kind, row.version, row.body, row.hash),
            )
            self.seq, self._head = row.seq, row.hash

    def cut(self, at: datetime, checkpoint: AnyEvent) -> str:
        """Put a checkpoint after the last row and take out all rows before it, in one commit.

        Those rows must lie in a file of their own by now, and nothing may ride along.
        Returns why it could not be done, and then nothing has changed; empty when done.
        Raises `JournalError` as `append` does.
        """
        if self._failed or self._db.in_transaction:
            raise JournalError(f"{self.path}: cannot be cut now; restart to go on")
        before = self.seq, self._head
        try:
            self._write(at.isoformat(timespec="milliseconds"), (checkpoint,))
            self._db.execute("DELETE FROM event WHERE seq < ?", (self.seq,))
            self.boundary("before-cut")
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._take_back(before)
            return f"{self.path}: cannot be written: {error}"
        return ""

    def _take_back(self, to: tuple[int, str]) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._failed = True
            raise JournalError(f"{self.path}: cannot be written: {error}") from error
        self.seq, self._head = to

    def flush(self) -> None:
        """Commit what rides along. Raises `JournalError` as `append` does."""
        try:
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed = True
            raise JournalError(f"{self.path}: cannot be written: {error}") from error

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows of this file in order, from the one after ``after``; no archived ones."""
        return _rows(self._db, after)

    def close(self) -> None:
        """Commit and close."""
        self.flush()
        self._db.close()

    def die(self) -> None:
        """Close as a killed process does: what was not committed is gone."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.close()


def read_rows(path: Path, after: int = 0) -> Iterator[Row]:
    """Yield the committed rows of a journal and its archives; another process may be writing it.

    Raises `JournalError` if there is none, it is of another format, or an archive is missing.
    """
    with _snapshot(path) as db:
        first = db.execute("SELECT * FROM event ORDER BY seq LIMIT 1").fetchone()
        if first is not None:
            yield from sealed_rows(path, Row(*first), after)
        yield from _rows(db, after)


def read_open_rows(path: Path) -> Iterator[Row]:
    """Yield the committed rows since the last closed tray; the first may be its checkpoint.

    Raises `JournalError` as `read_rows` does, but needs no archive.
    """
    with _snapshot(path) as db:
        yield from _rows(db, 0)


@contextmanager
def _snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal for reading, as it is at this instant: a cut does not come in between."""
    if not path.exists():
        raise JournalError(f"{path}: no journal here; give the folder of a run with --out")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            _check_format(db, path)
            db.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        raise JournalError(
            f"{path}: not a usable journal: {error}; is this a file of this program?"
        ) from error


def _rows(db: sqlite3.Connection, after: int) -> Iterator[Row]:
    for record in db.execute("SELECT * FROM event WHERE seq > ? ORDER BY seq", (after,)):
        yield Row(*record)


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    # A dying writer of the same journal may still hold its lock for an instant.
    db.execute("PRAGMA busy_timeout=2000")
    if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        db.executescript(_SCHEMA + f"PRAGMA user_version={FORMAT};")
    _check_format(db, path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")


def _check_format(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        raise JournalError(f"{path}: journal format {version}, this program reads {FORMAT}")
