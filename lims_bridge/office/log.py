"""The office's log: appended in the caller's transaction, chained by hash, read as events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from lims_bridge.exact import canonical
from lims_bridge.office import events
from lims_bridge.office.events import AnyEvent
from records.chain import GENESIS, link
from records.database import reading
from records.tables import OfficeEvent


class OfficeLogError(RuntimeError):
    """The log cannot be read; the message says at which row and what to do."""


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """One event as kept: ``body`` is canonical JSON, ``hash`` chains it to the row before."""

    seq: int
    at: str
    subject: str
    kind: str
    version: int
    body: str
    hash: str

    @property
    def when(self) -> datetime:
        """Return when it happened (UTC)."""
        return datetime.fromisoformat(self.at)

    def event(self) -> AnyEvent:
        """Return the event. Raises `OfficeLogError` if no such kind or version is known."""
        if _VERSIONS.get(self.kind) != self.version:
            raise OfficeLogError(
                f"office event {self.seq}: unknown {self.kind} version {self.version}; "
                "use the program version that wrote this log, or a newer one"
            )
        try:
            event: AnyEvent = _ADAPTERS[self.kind].validate_json(self.body)
        except ValidationError as error:
            raise OfficeLogError(f"office event {self.seq}: damaged {self.kind}: {error}") from None
        return event


def append(session: Session, at: datetime, *batch: AnyEvent) -> int:
    """Append events as part of the caller's transaction; return the number of the last.

    Whoever commits first comes first: on PostgreSQL a second writer waits here.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE office_event IN SHARE ROW EXCLUSIVE MODE"))
    seq, previous = _head(session)
    stamp = at.isoformat(timespec="milliseconds")
    for event in batch:
        seq += 1
        row = _row(seq, stamp, event, previous)
        session.add(
            OfficeEvent(
                seq=row.seq,
                at=row.at,
                subject=row.subject,
                kind=row.kind,
                version=row.version,
                body=row.body,
                hash=row.hash,
            )
        )
        previous = row.hash
    session.flush()
    return seq


def rows(session: Session, *, after: int = 0, subject: str | None = None) -> Iterator[OfficeRow]:
    """Yield kept rows in order, of one subject if given."""
    found = select(OfficeEvent).where(OfficeEvent.seq > after).order_by(col(OfficeEvent.seq))
    if subject is not None:
        found = found.where(OfficeEvent.subject == subject)
    for kept in session.exec(found.execution_options(yield_per=500)):
        yield OfficeRow(
            kept.seq, kept.at, kept.subject, kept.kind, kept.version, kept.body, kept.hash
        )


def events_of(session: Session, subject: str) -> Iterator[tuple[OfficeRow, AnyEvent]]:
    """Yield what happened to a subject, in order."""
    for row in rows(session, subject=subject):
        yield row, row.event()


def head(engine: Engine) -> tuple[int, str]:
    """Return number and hash of the last row; (0, genesis) when there is none."""
    with reading(engine) as session:
        return _head(session)


def broken_links(kept: Iterable[OfficeRow]) -> Iterator[int]:
    """Yield the number of every row that does not continue the chain or lies about its subject."""
    previous, seq = GENESIS, 0
    for row in kept:
        seq += 1
        if row.seq != seq or row.hash != link(previous, row) or not _speaks_truly(row):
            yield row.seq
        previous, seq = row.hash, row.seq


def _speaks_truly(row: OfficeRow) -> bool:
    # The subject is an index and not hashed: it must follow from the event, which is.
    try:
        return row.event().subject == row.subject
    except OfficeLogError:
        return False


def _head(session: Session) -> tuple[int, str]:
    last = session.exec(select(OfficeEvent).order_by(col(OfficeEvent.seq).desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def _row(seq: int, stamp: str, event: AnyEvent, previous: str) -> OfficeRow:
    kind = type(event).__name__
    body = canonical(_ADAPTERS[kind].dump_python(event, mode="json")).decode()
    bare = OfficeRow(seq, stamp, event.subject, kind, event.VERSION, body, "")
    return OfficeRow(seq, stamp, event.subject, kind, event.VERSION, body, link(previous, bare))


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(events.AnyEvent)
}
_VERSIONS: dict[str, int] = {kind.__name__: kind.VERSION for kind in get_args(events.AnyEvent)}
