"""Certificate numbers given out. What became of the documents stands in the review."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from records.tables.base import Base, holds, one_of
from records.tables.office import OFFICE

CERTIFICATE_STATES = ("reserved", "printed")
CERTIFICATE_KINDS = ("verification", "notice", "calibration")


class Certificate(Base, table=True):
    """One revision of one document. Its number is given once, whatever becomes of it.

    A row begins as "reserved": the number is spent before anything is printed with it. ``record``
    and ``revision`` name what was reviewed; digests are SHA-256 of its canonical text, of the
    sealed PDF and of the signed DCC. Later revisions of a record keep its number.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        one_of("state", CERTIFICATE_STATES),
        one_of("kind", CERTIFICATE_KINDS),
        holds("revision_counted", "revision > 0"),
        holds("sequence_counted", "sequence > 0"),
        holds("record_digest_whole", "length(record_digest) = 64"),
        holds(
            "printed_whole",
            "(state = 'printed') = (pdf_sha256 IS NOT NULL AND dcc_sha256 IS NOT NULL)",
        ),
        UniqueConstraint("record", "revision"),
        OFFICE,
    )

    number: str = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    series: str = Field(index=True)
    year: int
    sequence: int
    kind: str
    record: str
    record_digest: str
    issued_on: date
    state: str
    pdf_sha256: str | None = None
    dcc_sha256: str | None = None
