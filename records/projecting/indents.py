"""Indentations: an intent opens a reading, evidence settles it."""

from __future__ import annotations

from typing import Final

from records import facts
from records.chain import ProjectionError
from records.projecting.book import Book, Stamp, unknown
from records.tables import Reading

# A confirmed reading may still be voided, for a technical reason seen in the second picture.
_MAY_BECOME: Final = {
    "intended": ("confirmed", "voided", "doubted", "not-happened"),
    "doubted": ("confirmed", "voided", "doubted", "not-happened"),
    "confirmed": ("voided",),
    "voided": (),
    "not-happened": (),
}


def intended(book: Book, stamp: Stamp, fact: facts.IndentIntended) -> None:
    """Open a reading: from here on the position counts as spent until shown otherwise."""
    duty_seq = book.duty(fact.duty) if fact.duty else None
    book.intended(
        Reading(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            tray_seq=None if fact.duty else book.tray_of(fact.block),
            duty_seq=duty_seq,
            op=fact.op,
            position=fact.position,
            x_mm=fact.x,
            y_mm=fact.y,
            scale=fact.scale,
            tag=fact.tag,
            attempt=fact.attempt,
            state="intended",
        )
    )


def confirmed(book: Book, stamp: Stamp, fact: facts.IndentConfirmed) -> None:
    """Enter the reading as published."""
    reading = _settle(book, stamp, fact.op, "confirmed")
    reading.hardness, reading.number = fact.hardness, fact.number
    reading.raw, reading.received = fact.raw, fact.received
    reading.preliminary_dwell_ms = fact.preliminary_dwell_ms
    reading.loading_ms = fact.loading_ms
    reading.total_dwell_ms = fact.total_dwell_ms
    reading.total_force_n = fact.total_force_n
    reading.recovered = fact.recovered


def voided(book: Book, stamp: Stamp, fact: facts.Unread) -> None:
    """Mark the position spent without a valid reading."""
    _without_reading(_settle(book, stamp, fact.op, "voided"), fact)


def doubted(book: Book, stamp: Stamp, fact: facts.Unread) -> None:
    """Mark the evidence ambiguous, until a picture or a person settles it."""
    _without_reading(_settle(book, stamp, fact.op, "doubted"), fact)


def not_happened(book: Book, stamp: Stamp, fact: facts.NotHappened) -> None:
    """Give the position back; an operation that is no indentation is a transfer's."""
    if book.indent(fact.op) is not None:
        _settle(book, stamp, fact.op, "not-happened").reason = fact.reason


def _without_reading(reading: Reading, fact: facts.Unread) -> None:
    reading.reason = fact.reason
    if fact.number is not None:
        reading.number = fact.number
    if fact.raw:
        reading.raw = fact.raw


def _settle(book: Book, stamp: Stamp, op: str, state: str) -> Reading:
    reading = book.indent(op)
    if reading is None:
        raise unknown(stamp, f"indentation {op}")
    if state not in _MAY_BECOME[reading.state]:
        raise ProjectionError(
            f"journal row {stamp.seq} calls indentation {op} {state}, "
            f"but row {reading.settled_seq} called it {reading.state}: "
            "a valid reading is never replaced; a person must look at the journal"
        )
    reading.state, reading.settled_seq, reading.settled_at = state, stamp.seq, stamp.at
    return reading
