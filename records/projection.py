"""The journal becomes rows of the information library, each event once.

The cursor moves in the transaction of the rows, so a projector that dies repeats nothing and
skips nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine, delete
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, select

from records.chain import GENESIS, JournalRow, ProjectionError, check_link, check_same
from records.database import reading, writing
from records.projecting.book import Book
from records.projecting.rules import apply
from records.tables import METADATA, PROJECTED, Cursor


def project(engine: Engine, rows: Iterable[JournalRow]) -> int:
    """Project journal rows, given in order, in one transaction; return how many were new.

    Rows projected before change nothing. Raises `ProjectionError`, and keeps nothing of the
    call, if a row does not continue the chain or the database forbids what it says; raises
    `sqlalchemy.exc.OperationalError` if the database is away (try again later).
    """
    with writing(engine) as session, session.begin():
        return project_within(session, rows)


def project_within(session: Session, rows: Iterable[JournalRow]) -> int:
    """Project as `project` does, as part of the caller's transaction.

    If this raises, the caller must roll back: rows of this call may already be written.
    """
    cursor = _cursor(session, lock=True)
    book, before = Book(session), cursor.seq
    seq, head = cursor.seq, cursor.hash
    for row in rows:
        if row.seq <= seq:
            check_same(seq, head, row)
            continue
        check_link(seq, head, row)
        _apply(book, row)
        seq, head = row.seq, row.hash
    cursor.seq, cursor.hash = seq, head
    return seq - before


def position(engine: Engine) -> tuple[int, str]:
    """Return the number and hash of the last row projected; (0, genesis) when there is none."""
    with reading(engine) as session:
        cursor = _cursor(session, lock=False)
        return cursor.seq, cursor.hash


def rebuild(engine: Engine, rows: Iterable[JournalRow]) -> int:
    """Forget what was projected and project the whole journal anew, in one transaction.

    What the office keeps stays. For a program that learned to keep more of old events.
    Raises as `project` does.
    """
    with writing(engine) as session, session.begin():
        for table in reversed(PROJECTED):
            if table is not METADATA.tables["projection"]:
                session.execute(delete(table))
        cursor = _cursor(session, lock=True)
        cursor.seq, cursor.hash = 0, GENESIS
        return project_within(session, rows)


def _cursor(session: Session, *, lock: bool) -> Cursor:
    # PostgreSQL lets two projectors in; the lock makes the second wait. SQLite has only one.
    found = select(Cursor).with_for_update() if lock else select(Cursor)
    return session.exec(found).one()


def _apply(book: Book, row: JournalRow) -> None:
    try:
        apply(book, row)
        book.session.flush()
    except (IntegrityError, DataError) as error:
        raise ProjectionError(
            f"journal row {row.seq} ({row.kind}) contradicts a constraint of the information "
            f"library: {error.orig}"
        ) from error
