"""Who may do what to a record, and when: pure, so that every case can be tried.

Each rule returns the event that would be written, or why it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from lims_bridge.office.events import (
    Document,
    Duty,
    RecordApproved,
    RecordChecked,
    RecordIssued,
    RecordReturned,
    RecordSubmitted,
    RecordWithdrawn,
)
from lims_bridge.review.people import DUTY_NAMES, People, Person, Signature
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.state import Review, State


@dataclass(frozen=True, slots=True)
class Act:
    """A person about to sign: what was shown (``digest``), and which day it is in the lab."""

    signature: Signature
    day: date
    digest: str

    @property
    def by(self) -> str:
        """Return who signs."""
        return self.signature.name

    def by_now(self, people: People) -> Act:
        """Return the act with what the person may do now: it may have changed since."""
        return replace(self, signature=Signature(people.get(self.by, Person(self.by))))


def submit(review: Review, act: Act) -> RecordSubmitted | Refusal:
    """检定员 takes responsibility for the run."""
    refusal = _stands(review, "measured") or _entitled(review, act, "test")
    if refusal:
        return refusal
    return RecordSubmitted(review.key.record, review.key.revision, act.digest, act.by)


def check(review: Review, act: Act, checks: str, failed: int) -> RecordChecked | Refusal:
    """核验员 confirms data and calculation; never the person who answers for the run."""
    refusal = _stands(review, "submitted") or _entitled(review, act, "check")
    if refusal:
        return refusal
    if review.tester is None or review.tester.by == act.by:
        return Refusal(
            f"{review.key}: {act.by} answers for the run (检定员) and cannot check it (核验员); "
            "another person must"
        )
    if failed:
        return _failed(review, failed)
    return RecordChecked(review.key.record, review.key.revision, act.digest, act.by, checks)


def approve(review: Review, act: Act, checks: str, failed: int) -> RecordApproved | Refusal:
    """批准人 lets the document go out."""
    refusal = _stands(review, "checked") or _entitled(review, act, "approve") or _final(review)
    if refusal:
        return refusal
    if failed:
        return _failed(review, failed)
    return RecordApproved(review.key.record, review.key.revision, act.digest, act.by, checks)


def send_back(review: Review, act: Act, reason: str) -> RecordReturned | Refusal:
    """Send the record back, as its checker or approver; all signatures are void."""
    duties: dict[State, Duty] = {"submitted": "check", "checked": "approve", "approved": "approve"}
    if review.state not in duties:
        return Refusal(f"{review.key} is {review.state}: only what is under review goes back")
    refusal = _entitled(review, act, duties[review.state]) or _reasoned(review, reason)
    return refusal or RecordReturned(review.key.record, review.key.revision, act.by, reason)


def issue(
    review: Review, digest: str, certificate: str, documents: tuple[Document, ...], by: str
) -> RecordIssued | Refusal:
    """Let the sealed documents go out. Nobody signs here: the approval is the decision."""
    refusal = may_seal(review, digest)
    if refusal:
        return refusal
    if not certificate:
        return Refusal(f"{review.key}: a document without a number cannot go out")
    if not documents:
        return Refusal(f"{review.key}: there is no document to issue")
    key = review.key
    return RecordIssued(key.record, key.revision, digest, certificate, documents, by)


def may_seal(review: Review, digest: str) -> Refusal | None:
    """Return why the institution's seal must not be put on documents of this text, if so."""
    refusal = _stands(review, "approved") or _final(review)
    if refusal:
        return refusal
    if digest != review.digest:
        return Refusal(f"{review.key}: another text was approved than the one to be sealed")
    return None


def withdraw(review: Review, act: Act, reason: str) -> RecordWithdrawn | Refusal:
    """批准人 declares issued documents invalid."""
    if review.state not in ("issued", "amended"):
        return Refusal(f"{review.key} is {review.state}: only issued documents can be withdrawn")
    refusal = _entitled(review, act, "approve") or _reasoned(review, reason)
    return refusal or RecordWithdrawn(review.key.record, review.key.revision, act.by, reason)


def _stands(review: Review, state: State) -> Refusal | None:
    if review.state == state:
        return None
    return Refusal(f"{review.key} is {review.state}, not {state}")


def _entitled(review: Review, act: Act, duty: Duty) -> Refusal | None:
    if act.digest != review.digest:
        return Refusal(f"{review.key} changed since it was shown to {act.by}; look at it again")
    if not act.signature.person.may(duty, review.scale, act.day):
        return Refusal(
            f"{act.by} is not authorised as {DUTY_NAMES[duty]} for {review.scale} on {act.day}"
        )
    return None


def _final(review: Review) -> Refusal | None:
    if not review.provisional:
        return None
    return Refusal(
        f"{review.key} is provisional (暂定): a metrologist has not confirmed the limits yet, "
        "so no document of it can go out"
    )


def _failed(review: Review, failed: int) -> Refusal:
    return Refusal(
        f"{review.key}: {failed} of its checks failed; look at them, and send the record back"
    )


def _reasoned(review: Review, reason: str) -> Refusal | None:
    return None if reason.strip() else Refusal(f"{review.key}: say why")
