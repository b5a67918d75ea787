"""The outbox: messages written in the transaction that made them true, claimed by lease.

One message at a time is under way to a destination, and none overtakes an earlier one of the same
block. Who claims a message has it until the lease ends; if the claimer died, what it was doing is
*uncertain* from then on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, exists, func, text
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from lims_bridge.exact import canonical, sha256_hex
from lims_bridge.office.events import Document
from lims_bridge.review.state import Review
from records.database import reading, writing
from records.tables import OutboxMessage

BLOCKING = ("pending", "sending", "dead", "unknown")
"""States of an earlier message that hold back the later ones of its block."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Somebody to be told, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as claimed. ``uncertain``: an earlier attempt may have arrived."""

    seq: int
    destination: str
    key: str
    kind: str
    aggregate: str
    payload: str
    state: str
    attempts: int
    uncertain: bool
    created: datetime
    next_at: datetime
    last_error: str
    receipt: str | None

    @property
    def notice(self) -> dict[str, Any]:
        """Return what became true."""
        content: dict[str, Any] = json.loads(self.payload)
        return content


def announce(
    session: Session,
    destinations: Iterable[Destination],
    review: Review,
    event_seq: int,
    at: datetime,
) -> None:
    """Tell every destination that a record was issued or withdrawn, with the caller's commit."""
    kind = "withdrawn" if review.state == "withdrawn" else "issued"
    payload = canonical(notice_of(review, kind, event_seq, at)).decode()
    for destination in destinations:
        key = f"{destination.name}:{review.key.record}:{review.key.revision}"
        post(
            session,
            destination=destination.name,
            key=key if kind == "issued" else f"{key}:{kind}",
            kind=kind,
            aggregate=review.block,
            payload=payload,
            at=at,
        )


def notice_of(review: Review, kind: str, event_seq: int, at: datetime) -> dict[str, Any]:
    """Return what a destination is told; personal data stays in the files it names."""
    return {
        "event": kind,
        "sequence": event_seq,
        "at": at.isoformat(timespec="milliseconds"),
        "record": review.key.record,
        "revision": review.key.revision,
        "how": review.how,
        "block": review.block,
        "scale": review.scale,
        "certificate": review.certificate,
        "digest": review.digest,
        "documents": [_document(document) for document in review.documents],
    }


def post(
    session: Session,
    *,
    destination: str,
    key: str,
    kind: str,
    aggregate: str,
    payload: str,
    at: datetime,
) -> None:
    """Put a message into the outbox as part of the caller's transaction; keys are unique."""
    session.add(
        OutboxMessage(
            destination=destination,
            key=key,
            kind=kind,
            aggregate=aggregate,
            payload=payload,
            sha256=sha256_hex(payload.encode()),
            state="pending",
            attempts=0,
            uncertain=False,
            next_at=at,
            last_error="",
            created=at,
        )
    )
    session.flush()


def claim(
    engine: Engine, destination: str, holder: str, now: datetime, lease: timedelta
) -> Message | None:
    """Return the next message that is due, held until the lease ends; None if there is none."""
    with writing(engine) as session, session.begin():
        _one_claimer(session, destination)
        if _under_way(session, destination, now):
            return None
        row = session.exec(_due(destination, now)).first()
        if row is None:
            return None
        row.state, row.holder, row.lease_until = "sending", holder, now + lease
        row.attempts += 1
        session.flush()
        return message_of(row)


def settle(
    engine: Engine,
    message: Message,
    holder: str,
    state: str,
    *,
    now: datetime,
    next_at: datetime | None = None,
    error: str = "",
    receipt: str | None = None,
    uncertain: bool = False,
) -> bool:
    """Write what became of a claimed message; False if the lease was lost to another meanwhile."""
    with writing(engine) as session, session.begin():
        row = session.get(OutboxMessage, message.seq, with_for_update=True)
        if row is None or row.holder != holder or row.state != "sending":
            return False
        row.state, row.holder, row.lease_until = state, None, None
        row.last_error, row.uncertain = error, uncertain
        row.receipt = receipt if receipt is not None else row.receipt
        row.next_at = next_at or now
        row.settled = now if state == "done" else None
        return True


def next_due(engine: Engine, destination: str) -> datetime | None:
    """Return when the next claim can succeed; None: nothing is under way.

    While somebody holds a lease that is its end: nothing else can be claimed before.
    """
    leased = select(func.max(OutboxMessage.lease_until)).where(
        OutboxMessage.destination == destination, OutboxMessage.state == "sending"
    )
    waiting = select(func.min(OutboxMessage.next_at)).where(
        OutboxMessage.destination == destination,
        OutboxMessage.state == "pending",
        ~_held_back(),
    )
    with reading(engine) as session:
        return session.exec(leased).one() or session.exec(waiting).one()


def messages(engine: Engine, *states: str, destination: str = "") -> tuple[Message, ...]:
    """Return messages in these states (all if none is given), oldest first."""
    found = select(OutboxMessage).order_by(col(OutboxMessage.seq))
    if states:
        found = found.where(col(OutboxMessage.state).in_(states))
    if destination:
        found = found.where(OutboxMessage.destination == destination)
    with reading(engine) as session:
        return tuple(message_of(row) for row in session.exec(found))


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    """Return how many messages are in each state, by destination and state."""
    by = (col(OutboxMessage.destination), col(OutboxMessage.state))
    with reading(engine) as session:
        found = session.execute(sql_select(*by, func.count()).group_by(*by).order_by(*by))
        return {(destination, state): number for destination, state, number in found}


def message_of(row: OutboxMessage) -> Message:
    """Return a row as a value."""
    assert row.seq is not None
    return Message(
        seq=row.seq,
        destination=row.destination,
        key=row.key,
        kind=row.kind,
        aggregate=row.aggregate,
        payload=row.payload,
        state=row.state,
        attempts=row.attempts,
        uncertain=row.uncertain,
        created=row.created,
        next_at=row.next_at,
        last_error=row.last_error,
        receipt=row.receipt,
    )


def _document(document: Document) -> dict[str, str]:
    return {"kind": document.kind, "name": document.name, "sha256": document.sha256}


def _one_claimer(session: Session, destination: str) -> None:
    # On SQLite the write lock does this.
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
        session.execute(lock, {"name": f"outbox {destination}"})


def _under_way(session: Session, destination: str, now: datetime) -> bool:
    """Say whether a living claimer is at work; free what a dead one left behind."""
    found = select(OutboxMessage).where(
        OutboxMessage.destination == destination, OutboxMessage.state == "sending"
    )
    alive = False
    for row in session.exec(found):
        assert row.lease_until is not None
        if row.lease_until > now:
            alive = True
            continue
        row.state, row.holder, row.lease_until = "pending", None, None
        row.next_at, row.uncertain = now, True
        row.last_error = "the sender ended in the middle of sending"
    session.flush()
    return alive


def _due(destination: str, now: datetime) -> Any:  # noqa: ANN401  # an SQL condition
    return (
        select(OutboxMessage)
        .where(
            OutboxMessage.destination == destination,
            OutboxMessage.state == "pending",
            OutboxMessage.next_at <= now,
            ~_held_back(),
        )
        .order_by(col(OutboxMessage.seq))
        .limit(1)
    )


def _held_back() -> Any:  # noqa: ANN401  # an SQL condition
    earlier = aliased(OutboxMessage)
    return exists().where(
        col(earlier.destination) == col(OutboxMessage.destination),
        col(earlier.aggregate) == col(OutboxMessage.aggregate),
        col(earlier.seq) < col(OutboxMessage.seq),
        col(earlier.state).in_(BLOCKING),
    )
