"""The desk where records are reviewed: every deed is one transaction, with all that follows it.

A deed is refused by value. What becomes true for others (issued, withdrawn, superseded) puts its
messages into the outbox in the same transaction, so that neither can be without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lims_bridge.delivery.outbox import Destination, announce
from lims_bridge.keeping.files import FileStore
from lims_bridge.office import append, events_of, rows
from lims_bridge.office.events import (
    AboutRecord,
    Document,
    RecordIssued,
    RecordMeasured,
    RecordSuperseded,
    RecordWithdrawn,
)
from lims_bridge.review import rules
from lims_bridge.review.checks import Check, Checker, check_record, failed, text_of
from lims_bridge.review.dossier import Dossier
from lims_bridge.review.people import People, Signature
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.registry import everybody
from lims_bridge.review.rules import Act
from lims_bridge.review.state import RecordKey, Review, State, after, fold_review, fold_reviews
from records.database import reading, writing
from records.tables import ReviewState
from runtime import utc_now

CHINA = timezone(timedelta(hours=8), "China")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where records are reviewed. ``zone`` is the lab's, for the day an authorisation means."""

    engine: Engine
    files: FileStore
    destinations: tuple[Destination, ...] = ()
    now: Callable[[], datetime] = utc_now
    zone: tzinfo = CHINA
    checker: Checker = field(default=check_record)

    # -- looking ---------------------------------------------------------------

    def review(self, key: RecordKey) -> Review | Refusal:
        """Return where a revision stands."""
        with reading(self.engine) as session:
            return _load(session, key) or _unknown(key)

    def standing(self, *states: State) -> tuple[RecordKey, ...]:
        """Return the revisions in these states, by number; all if no state is given."""
        found = select(ReviewState).order_by(col(ReviewState.record), col(ReviewState.revision))
        if states:
            found = found.where(col(ReviewState.state).in_(states))
        with reading(self.engine) as session:
            return tuple(RecordKey(row.record, row.revision) for row in session.exec(found))

    def latest(self, record: str) -> RecordKey | None:
        """Return the newest revision of a record."""
        newest = col(ReviewState.revision).desc()
        found = select(ReviewState).where(ReviewState.record == record).order_by(newest)
        with reading(self.engine) as session:
            row = session.exec(found.limit(1)).first()
            return RecordKey(row.record, row.revision) if row else None

    def checks(self, review: Review) -> tuple[Check, ...]:
        """Return what is shown before a signature."""
        return self.checker(self.files.get(review.digest), self.now())

    # -- deeds -----------------------------------------------------------------

    def take(self, dossier: Dossier) -> Review | Refusal:
        """Take a record from the laboratory. The same one again changes nothing.

        A later revision needs an issued one before it, and says how it treats that.
        """
        self.files.put(dossier.payload)
        with writing(self.engine) as session, session.begin():
            known = _load(session, dossier.key)
            if known is not None and known.digest == dossier.digest:
                return known
            refusal = _may_take(session, dossier, known)
            return refusal or self._write(session, known, _measured(dossier))

    def submit(self, key: RecordKey, signature: Signature, digest: str) -> Review | Refusal:
        """检定员: I answer for this run."""
        act = self._act(signature, digest)
        return self._deed(key, lambda review, who: rules.submit(review, act.by_now(who)))

    def check(self, key: RecordKey, signature: Signature, digest: str) -> Review | Refusal:
        """核验员: data, calculation and standards are right."""
        act = self._act(signature, digest)
        return self._deed(
            key, lambda review, who: rules.check(review, act.by_now(who), *self._shown(review))
        )

    def approve(self, key: RecordKey, signature: Signature, digest: str) -> Review | Refusal:
        """批准人: the document may go out."""
        act = self._act(signature, digest)
        return self._deed(
            key, lambda review, who: rules.approve(review, act.by_now(who), *self._shown(review))
        )

    def send_back(
        self, key: RecordKey, signature: Signature, digest: str, reason: str
    ) -> Review | Refusal:
        """Send a record back for a reason; all signatures are void."""
        act = self._act(signature, digest)
        return self._deed(key, lambda review, who: rules.send_back(review, act.by_now(who), reason))

    def issue(
        self, key: RecordKey, digest: str, certificate: str, documents: Iterable[Document], by: str
    ) -> Review | Refusal:
        """Let the sealed documents go out; tell every destination; supersede what they replace."""
        listed = tuple(documents)
        absent = [document.name for document in listed if not self.files.holds(document.sha256)]
        if absent:
            return Refusal(f"{key}: {', '.join(absent)} must be kept before it is issued")
        return self._deed(
            key, lambda review, who: rules.issue(review, digest, certificate, listed, by)
        )

    def withdraw(
        self, key: RecordKey, signature: Signature, digest: str, reason: str
    ) -> Review | Refusal:
        """批准人 declares issued documents invalid; tell every destination."""
        act = self._act(signature, digest)
        return self._deed(key, lambda review, who: rules.withdraw(review, act.by_now(who), reason))

    # -- within ----------------------------------------------------------------

    def _act(self, signature: Signature, digest: str) -> Act:
        day: date = self.now().astimezone(self.zone).date()
        return Act(signature, day, digest)

    def _shown(self, review: Review) -> tuple[str, int]:
        checks = self.checks(review)
        return self.files.put(text_of(checks)), failed(checks)

    def _deed(
        self, key: RecordKey, rule: Callable[[Review, People], AboutRecord | Refusal]
    ) -> Review | Refusal:
        with writing(self.engine) as session, session.begin():
            review = _load(session, key)
            if review is None:
                return _unknown(key)
            event = rule(review, everybody(session))
            return event if isinstance(event, Refusal) else self._write(session, review, event)

    def _write(self, session: Session, review: Review | None, event: AboutRecord) -> Review:
        at = self.now()
        seq = append(session, at, event)
        reached = after(review, at, event)
        _stand(session, reached, seq)
        if isinstance(event, RecordIssued | RecordWithdrawn):
            announce(session, self.destinations, reached, seq, at)
        if isinstance(event, RecordIssued) and reached.how:
            self._supersede(session, reached)
        return reached

    def _supersede(self, session: Session, newer: Review) -> None:
        older = _load(session, RecordKey(newer.key.record, newer.key.revision - 1))
        if older is None or not newer.how or older.state == "withdrawn":
            return
        key = older.key
        event = RecordSuperseded(key.record, key.revision, newer.how, newer.key.revision)
        self._write(session, older, event)


def history(engine: Engine, key: RecordKey) -> tuple[tuple[datetime, AboutRecord], ...]:
    """Return everything that happened to a revision, oldest first."""
    with reading(engine) as session:
        found = events_of(session, _subject(key))
        return tuple((row.when, e) for row, e in found if isinstance(e, AboutRecord))


def all_reviews(engine: Engine) -> dict[RecordKey, Review]:
    """Return where every revision stands by the events alone. Raises `ValueError`."""
    with reading(engine) as session:
        return fold_reviews((row.when, row.event()) for row in rows(session))


def _may_take(session: Session, dossier: Dossier, known: Review | None) -> Refusal | None:
    key = dossier.key
    if known is not None and known.state != "measured":
        return Refusal(f"{key} is {known.state}: another text needs a new revision")
    if key.revision == 1:
        return None
    before = _load(session, RecordKey(key.record, key.revision - 1))
    if before is None or not before.public:
        return Refusal(f"{key}: revision {key.revision - 1} was never issued; correct that one")
    if dossier.how is None or not dossier.reason.strip():
        return Refusal(f"{key}: say whether it amends or replaces the issued one, and why")
    return None


def _measured(dossier: Dossier) -> RecordMeasured:
    return RecordMeasured(
        record=dossier.key.record,
        revision=dossier.key.revision,
        digest=dossier.digest,
        block=dossier.block,
        scale=dossier.scale,
        equipment=dossier.equipment,
        provisional=dossier.provisional,
        how=dossier.how or "",
        reason=dossier.reason,
    )


def _stand(session: Session, review: Review, seq: int) -> None:
    key = review.key
    row = session.get(ReviewState, (key.record, key.revision))
    if row is None:
        row = ReviewState(
            record=key.record,
            revision=key.revision,
            state=review.state,
            digest=review.digest,
            block=review.block,
            scale=review.scale,
            event_seq=seq,
        )
        session.add(row)
    row.state, row.digest, row.event_seq = review.state, review.digest, seq
    row.block, row.scale = review.block, review.scale
    session.flush()


def _load(session: Session, key: RecordKey) -> Review | None:
    return fold_review((row.when, event) for row, event in events_of(session, _subject(key)))


def _subject(key: RecordKey) -> str:
    return f"record:{key.record}/{key.revision}"


def _unknown(key: RecordKey) -> Refusal:
    return Refusal(f"no record {key} is known here")
