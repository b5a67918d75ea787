"""Everything that became true of issued records, in the order in which it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lims_bridge.delivery.outbox import notice_of
from lims_bridge.keeping.files import FileMissingError, FileStore
from lims_bridge.office import events_of
from lims_bridge.office.events import AboutRecord, RecordIssued, RecordWithdrawn
from lims_bridge.review.state import Review
from lims_bridge.review.state import after as after_event
from records.database import reading
from records.tables import OfficeEvent

KINDS = (RecordIssued.__name__, RecordWithdrawn.__name__)


def notices_after(
    engine: Engine, files: FileStore, after: int, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return up to ``limit`` notices after a sequence number, and whether there are more."""
    found = (
        select(OfficeEvent.seq, OfficeEvent.subject)
        .where(OfficeEvent.seq > after, col(OfficeEvent.kind).in_(KINDS))
        .order_by(col(OfficeEvent.seq))
        .limit(limit + 1)
    )
    with reading(engine) as session:
        hits = session.exec(found).all()
        notices = [_notice(session, files, seq, subject) for seq, subject in hits[:limit]]
    return notices, len(hits) > limit


def issued_documents(engine: Engine) -> Iterator[str]:
    """Yield the digests of every document that was ever issued: nothing else may be fetched."""
    found = select(OfficeEvent.subject).where(OfficeEvent.kind == RecordIssued.__name__)
    with reading(engine) as session:
        for subject in session.exec(found).all():
            for _, event in events_of(session, subject):
                if isinstance(event, RecordIssued):
                    yield from (document.sha256 for document in event.documents)


def _notice(session: Session, files: FileStore, seq: int, subject: str) -> dict[str, Any]:
    review: Review | None = None
    for row, event in events_of(session, subject):
        if row.seq > seq or not isinstance(event, AboutRecord):
            break
        review, at = after_event(review, row.when, event), row.when
    assert review is not None
    kind = "withdrawn" if review.state == "withdrawn" else "issued"
    return {**notice_of(review, kind, seq, at), "content": _content(files, review.digest)}


def _content(files: FileStore, digest: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(files.get(digest))
    except FileMissingError:
        return None
    return content
