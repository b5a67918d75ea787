"""What was measured on a block: readings, verdict, climate, pictures."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field

from records.column_types import WireText, decimal, optional_decimal, pointer, settling
from records.tables.base import BlockFact, holds, one_of, within_run

STATES = ("intended", "confirmed", "voided", "doubted", "not-happened")
PURPOSES = ("before", "after", "doubt")


class Reading(BlockFact, table=True):
    """One indentation, from its intent on; x and y in mm of the block frame, times in ms.

    It belongs to a run, to a duty of the fixed holder, or to neither if the journal names none.
    The values of a confirmed reading that is voided afterwards stay.
    """

    __tablename__ = "reading"
    __table_args__ = (
        within_run(),
        one_of("state", STATES),
        holds("one_owner", "tray_seq IS NULL OR duty_seq IS NULL"),
        holds("position_counted", "position >= 0"),
        holds("settled_with_state", "(state = 'intended') = (settled_seq IS NULL)"),
        holds("settled_whole", "(settled_seq IS NULL) = (settled_at IS NULL)"),
        holds("settled_after", "settled_seq > seq"),
        holds(
            "confirmed_whole",
            "state <> 'confirmed' OR (hardness IS NOT NULL AND number IS NOT NULL"
            " AND raw IS NOT NULL AND received IS NOT NULL AND preliminary_dwell_ms IS NOT NULL"
            " AND loading_ms IS NOT NULL AND total_dwell_ms IS NOT NULL"
            " AND total_force_n IS NOT NULL AND recovered IS NOT NULL)",
        ),
        holds("reasoned", "state IN ('intended', 'confirmed') OR reason IS NOT NULL"),
        # The first promise of the lab, as a constraint: no place is indented twice in a run.
        Index(
            "uq_reading_place",
            "tray_seq",
            "block_id",
            "x_mm",
            "y_mm",
            unique=True,
            sqlite_where=text("state <> 'not-happened'"),
            postgresql_where=text("state <> 'not-happened'"),
        ),
    )

    duty_seq: int | None = pointer("duty.seq")
    op: str = Field(index=True)
    position: int
    x_mm: float
    y_mm: float
    scale: str
    tag: int = Field(sa_type=BigInteger)
    attempt: int
    state: str
    settled_seq: int | None = settling()
    settled_at: datetime | None = None
    hardness: Decimal | None = optional_decimal()
    number: int | None = Field(default=None, sa_type=BigInteger)
    raw: str | None = Field(default=None, sa_type=WireText)
    received: datetime | None = None
    preliminary_dwell_ms: int | None = None
    loading_ms: int | None = None
    total_dwell_ms: int | None = None
    total_force_n: Decimal | None = optional_decimal()
    recovered: bool | None = None
    reason: str | None = None


class Verdict(BlockFact, table=True):
    """The judgement on a block, in the unit of its scale.

    ``budget`` holds pairs of symbol and standard uncertainty (text); empty if it was not told.
    """

    __tablename__ = "verdict"
    __table_args__ = (within_run(),)

    mean: Decimal = decimal()
    value: Decimal = decimal()
    uniformity: Decimal = decimal()
    uniformity_limit: Decimal = decimal()
    passed: bool
    provisional: bool
    reason: str
    expanded_uncertainty: Decimal = decimal()
    regulation: str
    budget: list[list[str]] = Field(default_factory=list, sa_type=JSON)


class Environment(BlockFact, table=True):
    """Temperature (°C) and relative humidity (%) read with a block."""

    __tablename__ = "environment"
    __table_args__ = (within_run(),)

    temperature_c: Decimal = decimal()
    humidity_pct: Decimal = decimal()


class SurfacePicture(BlockFact, table=True):
    """A picture of the test face, named by the SHA-256 of the kept image.

    ``calibration`` is the digest of what its millimetres rest on, "" where nobody told.
    """

    __tablename__ = "surface_picture"
    __table_args__ = (
        within_run(),
        one_of("purpose", PURPOSES),
        holds("sha256_whole", "length(sha256) = 64"),
    )

    purpose: str
    sha256: str = Field(index=True)
    marks: int
    calibration: str = Field(default="", sa_column_kwargs={"server_default": ""})
