"""What a person decides about a message that cannot go on by itself. Each decision is journaled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine
from sqlmodel import Session, select

from lims_bridge.office import append
from lims_bridge.office.events import MessageDecided
from lims_bridge.review.refusal import Refusal
from records.database import writing
from records.tables import OutboxMessage

Decision = Literal["resend", "arrived", "give-up"]

STUCK = ("dead", "unknown", "given-up")


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, why, and when (UTC)."""

    by: str
    reason: str
    at: datetime


def decide(engine: Engine, key: str, decision: Decision, who: Decider) -> Refusal | None:
    """Carry out a decision about a message that is dead or unknown.

    *resend*: the cause is gone, or it certainly did not arrive; the same key is used again.
    *arrived*: somebody saw it at the receiver. *give-up*: it will never be sent, and the later
    messages of its block go on.
    """
    if not who.reason.strip():
        return Refusal(f"{key}: say why")
    with writing(engine) as session, session.begin():
        row = session.exec(select(OutboxMessage).where(OutboxMessage.key == key)).first()
        if row is None:
            return Refusal(f"there is no message {key}")
        if row.state not in STUCK:
            return Refusal(f"{key} is {row.state}: it needs no decision")
        _apply(row, decision, who)
        append(session, who.at, MessageDecided(key, decision, who.by, who.reason))
    return None


def requeue_lost(session: Session, row: OutboxMessage, at: datetime) -> None:
    """Send a message again that the receiver confirmed once and no longer has."""
    row.state, row.settled, row.next_at, row.attempts = "pending", None, at, 0
    row.uncertain, row.last_error = True, "the receiver confirmed it once and has lost it"
    reason = "reconciliation found it missing at the receiver"
    append(session, at, MessageDecided(row.key, "resend", "reconciliation", reason))


def _apply(row: OutboxMessage, decision: Decision, who: Decider) -> None:
    row.last_error = f"{decision} by {who.by}: {who.reason}"
    if decision == "resend":
        row.state, row.next_at, row.attempts, row.uncertain = "pending", who.at, 0, False
    elif decision == "arrived":
        row.state, row.settled = "done", who.at
        row.receipt = f"seen there by {who.by}: {who.reason}"
    else:
        row.state = "given-up"
