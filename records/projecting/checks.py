"""The fixed holder: what stands in it, what fell due, how a check came out."""

from __future__ import annotations

from records import facts
from records.projecting.book import Book, Stamp
from records.tables import CheckVerdict, Duty, HolderBlock


def holder_stocked(book: Book, stamp: Stamp, fact: facts.HolderStocked) -> None:
    """Keep a block of the holder and its surface budget."""
    book.put(
        HolderBlock(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            role=fact.role,
            scale=fact.scale,
            place=fact.place,
            certified=fact.certified,
            deviation_limit=fact.limit,
            positions=len(fact.positions),
        )
    )
    book.moved(fact.block, None)


def duty_fell(book: Book, stamp: Stamp, fact: facts.DutyFell) -> None:
    """Keep what fell due and why."""
    book.put(
        Duty(
            seq=stamp.seq,
            at=stamp.at,
            name=fact.duty,
            kind=fact.kind,
            block_id=book.meet(stamp, fact.block),
            needed=fact.needed,
            cause=fact.cause,
        )
    )


def check_judged(book: Book, stamp: Stamp, fact: facts.CheckJudged) -> None:
    """Keep how a check came out."""
    book.put(
        CheckVerdict(
            seq=stamp.seq,
            at=stamp.at,
            duty_seq=book.duty(fact.duty),
            block_id=book.meet(stamp, fact.block),
            mean=fact.mean,
            certified=fact.certified,
            deviation=fact.deviation,
            deviation_limit=fact.limit,
            good=fact.good,
        )
    )
