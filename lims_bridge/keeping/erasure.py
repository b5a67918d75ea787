"""Erasing what is personal, on purpose and on record, while every chain stays whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Engine

from lims_bridge.keeping.files import FileStore
from lims_bridge.office import append, events_of
from lims_bridge.office.events import (
    AnchorMade,
    AnyEvent,
    OrderReceived,
    PassphraseSet,
    PayloadErased,
    PersonEntered,
    RecordApproved,
    RecordChecked,
    RecordIssued,
    RecordMeasured,
)
from lims_bridge.review.refusal import Refusal
from records.database import reading, writing


def payloads_of(event: AnyEvent) -> tuple[str, ...]:
    """Return the digests of the files that an event rests on."""
    match event:
        case PersonEntered():
            return (event.card,)
        case PassphraseSet():
            return (event.verifier,)
        case RecordMeasured() | OrderReceived():
            return (event.digest,)
        case RecordChecked() | RecordApproved():
            return (event.checks,)
        case AnchorMade():
            return (event.digest,)
        case RecordIssued():
            return tuple(document.sha256 for document in event.documents)
        case _:
            return ()


def erase(
    engine: Engine, files: FileStore, digest: str, by: str, reason: str, now: datetime
) -> Refusal | None:
    """Erase one kept file: first on record, then in fact, so that a death in between is finished.

    What was already delivered, printed or backed up elsewhere is not reached from here.
    """
    if not reason.strip():
        return Refusal("say why it is erased, and on whose request")
    if not files.holds(digest):
        return Refusal(f"no file {digest[:12]}… is kept here")
    with writing(engine) as session, session.begin():
        append(session, now, PayloadErased(digest, by, reason))
    files.erase(digest)
    return None


def erased(engine: Engine) -> frozenset[str]:
    """Return the digests of everything that was erased."""
    with reading(engine) as session:
        return frozenset(_digests(event for _, event in events_of(session, "erasure")))


def finish_erasures(engine: Engine, files: FileStore) -> tuple[str, ...]:
    """Erase in fact what is erased on record, after a death or a restored backup; return what."""
    left = tuple(sorted(digest for digest in erased(engine) if files.holds(digest)))
    for digest in left:
        files.erase(digest)
    return left


def _digests(happened: Iterable[AnyEvent]) -> Iterator[str]:
    for event in happened:
        if isinstance(event, PayloadErased):
            yield event.digest
