"""Sessions, trays, and what becomes known of a block before it is measured."""

from __future__ import annotations

from records import facts
from records.projecting.book import Book, Stamp, unknown
from records.tables import LabSession, Run, Sizing, Tray


def session_began(book: Book, stamp: Stamp, fact: facts.SessionBegan) -> None:
    """Keep which program and configuration make the records from here on."""
    book.put(
        LabSession(
            seq=stamp.seq,
            at=stamp.at,
            number=fact.session,
            program=fact.program,
            config=fact.config,
            seed=str(fact.seed),
        )
    )


def tray_accepted(book: Book, stamp: Stamp, fact: facts.TrayAccepted) -> None:
    """Open a tray and a run for each of its blocks."""
    book.put(Tray(seq=stamp.seq, at=stamp.at, name=fact.tray, regulation=fact.regulation))
    for order in fact.blocks:
        book.put(
            Run(
                tray_seq=stamp.seq,
                block_id=book.meet(stamp, order.block),
                slot=order.slot,
                scale=order.scale,
                shape=order.shape,
                width_mm=order.width_mm,
                depth_mm=order.depth_mm,
            )
        )
        book.moved(order.block, stamp.seq)


def tray_finished(book: Book, stamp: Stamp, fact: facts.TrayFinished) -> None:
    """Close the tray."""
    tray = book.tray(fact.tray)
    if tray is None:
        raise unknown(stamp, f"tray {fact.tray}")
    tray.finished_seq, tray.finished_at = stamp.seq, stamp.at
    tray.passed, tray.failed, tray.refused = fact.passed, fact.failed, fact.refused


def block_sized(book: Book, stamp: Stamp, fact: facts.BlockSized) -> None:
    """Keep a reading of the sizing stage."""
    book.put(
        Sizing(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            tray_seq=book.tray_of(fact.block),
            code=fact.code,
            thickness_mm=fact.thickness_mm,
            width_mm=fact.width_mm,
            depth_mm=fact.depth_mm,
        )
    )


def block_identified(book: Book, stamp: Stamp, fact: facts.BlockIdentified) -> None:
    """Note in the run who settled the identity."""
    run = book.run_of(fact.block)
    if run is None:
        raise unknown(stamp, f"a run of block {fact.block}")
    run.identified_seq, run.identified_by = stamp.seq, fact.by


def block_refused(book: Book, stamp: Stamp, fact: facts.BlockRefused) -> None:
    """Note in the run why it ends without a verdict."""
    run = book.run_of(fact.block)
    if run is None:
        raise unknown(stamp, f"a run of block {fact.block}")
    run.refused_seq, run.refused_at = stamp.seq, stamp.at
    run.refusal, run.sent_to = fact.reason, fact.to
