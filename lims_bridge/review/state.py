"""Where one revision of a record stands, folded from the office's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from lims_bridge.office.events import (
    AboutRecord,
    AnyEvent,
    Document,
    RecordApproved,
    RecordChecked,
    RecordIssued,
    RecordMeasured,
    RecordReturned,
    RecordSubmitted,
    RecordSuperseded,
    RecordWithdrawn,
    Supersession,
)

State = Literal[
    "measured",
    "submitted",
    "checked",
    "approved",
    "issued",
    "amended",
    "withdrawn",
    "replaced",
]
PUBLIC: frozenset[State] = frozenset({"issued", "amended", "withdrawn", "replaced"})
"""The states of a record that has left the house."""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """One revision of one record."""

    record: str
    revision: int

    def __str__(self) -> str:
        """Return how it is written on the command line."""
        return f"{self.record}/{self.revision}"


@dataclass(frozen=True, slots=True)
class SignedAt:
    """Who signed, and when (UTC)."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """One revision of a record: its state and who brought it there.

    A record that was returned is *measured* again and has no signatures; ``returned`` says why.
    """

    key: RecordKey
    state: State
    digest: str
    block: str
    scale: str
    equipment: str
    provisional: bool
    measured_at: datetime
    how: Supersession | Literal[""] = ""
    reason: str = ""
    tester: SignedAt | None = None
    checker: SignedAt | None = None
    approver: SignedAt | None = None
    returned: str = ""
    certificate: str = ""
    documents: tuple[Document, ...] = ()
    issued_at: datetime | None = None
    withdrawn: str = ""
    successor: int | None = None

    @property
    def public(self) -> bool:
        """Say whether it has left the house."""
        return self.state in PUBLIC


def fold_review(happened: Iterable[tuple[datetime, AnyEvent]]) -> Review | None:
    """Return where a revision stands after its events; None when there are none.

    Raises `ValueError` if the first event is not that it was measured.
    """
    review: Review | None = None
    for at, event in happened:
        review = after(review, at, event)
    return review


def fold_reviews(happened: Iterable[tuple[datetime, AnyEvent]]) -> dict[RecordKey, Review]:
    """Return where every revision of every record stands; other events are passed over.

    Raises `ValueError` naming the revision whose events contradict each other.
    """
    reviews: dict[RecordKey, Review] = {}
    for at, event in happened:
        if isinstance(event, AboutRecord):
            key = RecordKey(event.record, event.revision)
            try:
                reviews[key] = after(reviews.get(key), at, event)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
    return reviews


def after(review: Review | None, at: datetime, event: AnyEvent) -> Review:
    """Return the review after one more event."""
    if isinstance(event, RecordMeasured):
        return _measured(at, event)
    if review is None:
        raise ValueError(f"{type(event).__name__} before the record was measured")
    match event:
        case RecordSubmitted():
            signed = SignedAt(event.by, at)
            return replace(review, state="submitted", tester=signed, returned="")
        case RecordChecked():
            return replace(review, state="checked", checker=SignedAt(event.by, at))
        case RecordApproved():
            return replace(review, state="approved", approver=SignedAt(event.by, at))
        case RecordReturned():
            bare = replace(review, tester=None, checker=None, approver=None)
            return replace(bare, state="measured", returned=f"{event.by}: {event.reason}")
        case RecordIssued():
            out = replace(review, certificate=event.certificate, documents=event.documents)
            return replace(out, state="issued", issued_at=at)
        case RecordWithdrawn():
            return replace(review, state="withdrawn", withdrawn=f"{event.by}: {event.reason}")
        case RecordSuperseded():
            state: State = "amended" if event.how == "amends" else "replaced"
            return replace(review, state=state, successor=event.successor)
        case _:
            raise ValueError(f"{type(event).__name__} is nothing that happens to a record")


def _measured(at: datetime, event: RecordMeasured) -> Review:
    return Review(
        key=RecordKey(event.record, event.revision),
        state="measured",
        digest=event.digest,
        block=event.block,
        scale=event.scale,
        equipment=event.equipment,
        provisional=event.provisional,
        measured_at=at,
        how=event.how,
        reason=event.reason,
    )
