"""What is found out about a block beside its readings: climate, pictures, the verdict."""

from __future__ import annotations

from records import facts
from records.projecting.book import Book, Stamp
from records.tables import Environment, SurfacePicture, Verdict


def climate_read(book: Book, stamp: Stamp, fact: facts.ClimateRead) -> None:
    """Keep temperature and humidity."""
    book.put(
        Environment(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            tray_seq=book.tray_of(fact.block),
            temperature_c=fact.temperature_c,
            humidity_pct=fact.humidity_pct,
        )
    )


def surface_seen(book: Book, stamp: Stamp, fact: facts.SurfaceSeen) -> None:
    """Keep the name of a picture; the image itself stays in the store of blobs."""
    book.put(
        SurfacePicture(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            tray_seq=book.tray_of(fact.block),
            purpose=fact.purpose,
            sha256=fact.picture,
            marks=len(fact.marks),
            calibration=fact.calibration,
        )
    )


def judged(book: Book, stamp: Stamp, fact: facts.Judged) -> None:
    """Keep a verdict."""
    book.put(
        Verdict(
            seq=stamp.seq,
            at=stamp.at,
            block_id=book.meet(stamp, fact.block),
            tray_seq=book.tray_of(fact.block),
            mean=fact.mean,
            value=fact.value,
            uniformity=fact.uniformity,
            uniformity_limit=fact.limit,
            passed=fact.passed,
            provisional=fact.provisional,
            reason=fact.reason,
            expanded_uncertainty=fact.expanded_uncertainty,
            regulation=fact.regulation,
            budget=[[share.symbol, str(share.value)] for share in fact.budget],
        )
    )
