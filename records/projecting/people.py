"""Questions put to people, and the answers."""

from __future__ import annotations

from records import facts
from records.projecting.book import Book, Stamp, unknown
from records.tables import Question


def decision_asked(book: Book, stamp: Stamp, fact: facts.DecisionAsked) -> None:
    """Keep a question with its options, default and deadline."""
    book.put(
        Question(
            seq=stamp.seq,
            at=stamp.at,
            name=fact.question,
            kind=fact.kind,
            block_id=book.meet(stamp, fact.block) if fact.block else None,
            op=fact.op,
            text=fact.text,
            options=list(fact.options),
            default_option=fact.default,
            deadline=fact.deadline,
            picture=fact.picture,
        )
    )


def decision_answered(book: Book, stamp: Stamp, fact: facts.DecisionAnswered) -> None:
    """Enter the answer."""
    _close(book, stamp, fact.question, fact.option, fact.by)


def decision_withdrawn(book: Book, stamp: Stamp, fact: facts.DecisionWithdrawn) -> None:
    """Close the question without an answer; who would have answered is why there is none."""
    _close(book, stamp, fact.question, "", f"withdrawn: {fact.reason}")


def _close(book: Book, stamp: Stamp, name: str, chosen: str, by: str) -> None:
    question = book.question(name)
    if question is None:
        raise unknown(stamp, f"question {name}")
    question.answered_seq, question.answered_at = stamp.seq, stamp.at
    question.chosen, question.answered_by = chosen, by
