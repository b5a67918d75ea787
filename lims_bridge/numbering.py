"""Giving out certificate numbers: each once, in the transaction of the caller."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from lims_bridge.issue import Kind
from lims_bridge.laboratory import NumbersSection
from records.tables import Certificate


def reserve(
    session: Session,
    numbers: NumbersSection,
    kind: Kind,
    record: str,
    revision: int,
    digest: str,
    day: date,
) -> Certificate:
    """Return the row of a revision of a record, with a new number if it has none yet.

    A later revision keeps the number of the first; a number once given is never given again,
    even if nothing was printed with it. A row that is printed is returned as it is.
    """
    known = session.exec(
        select(Certificate).where(Certificate.record == record, Certificate.revision == revision)
    ).first()
    if known is not None:
        return known
    first = session.exec(
        select(Certificate).where(Certificate.record == record).order_by(col(Certificate.revision))
    ).first()
    # Even if a correction turns a pass into a fail: the number stays, and with it its series.
    series = first.series if first else getattr(numbers, kind)
    year = first.year if first else day.year
    sequence = first.sequence if first else _next(session, series, year)
    number = first.number if first else written(numbers, series, year, sequence)
    row = Certificate(
        number=number,
        revision=revision,
        series=series,
        year=year,
        sequence=sequence,
        kind=kind,
        record=record,
        record_digest=digest,
        issued_on=day,
        state="reserved",
    )
    session.add(row)
    session.flush()
    return row


def written(numbers: NumbersSection, series: str, year: int, sequence: int) -> str:
    """Return a number as the laboratory's pattern writes it."""
    return numbers.pattern.format(series=series, year=year, sequence=sequence)


def printed(session: Session, row: Certificate, pdf_sha256: str, dcc_sha256: str) -> None:
    """Note what was printed with a number."""
    row.state, row.pdf_sha256, row.dcc_sha256 = "printed", pdf_sha256, dcc_sha256
    session.add(row)
    session.flush()


def identity_of(row: Certificate) -> str:
    """Return what stands on a document: the number, and the revision if it is not the first."""
    return row.number if row.revision == 1 else f"{row.number}-R{row.revision}"


def find(session: Session, number: str, revision: int | None = None) -> Certificate | None:
    """Return the row of a number: of one revision, or of the newest."""
    found = select(Certificate).where(Certificate.number == number)
    if revision is not None:
        found = found.where(Certificate.revision == revision)
    return session.exec(found.order_by(col(Certificate.revision).desc())).first()


def of_file(session: Session, digest: str) -> Certificate | None:
    """Return the row that a sealed PDF or signed DCC was printed for, by its SHA-256."""
    either = or_(col(Certificate.pdf_sha256) == digest, col(Certificate.dcc_sha256) == digest)
    return session.exec(select(Certificate).where(either)).first()


def _next(session: Session, series: str, year: int) -> int:
    last = session.exec(
        select(func.max(Certificate.sequence)).where(
            Certificate.series == series, Certificate.year == year
        )
    ).one()
    return (last or 0) + 1
