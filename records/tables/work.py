"""Trays, the blocks on them, and the run of each block: what was ordered and how it ended."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger
from sqlmodel import Field

from records.column_types import decimal, sequence, settling
from records.tables.base import Base, BlockFact, Fact, holds, one_of, together, within_run

SHAPES = ("round", "rectangle")
DESTINATIONS = ("reject", "slot", "absent")


class Block(Base, table=True):
    """A physical block, known by its name since the event that first told of it."""

    __tablename__ = "block"

    id: str = Field(primary_key=True)
    first_seq: int = sequence()
    first_at: datetime


class Tray(Fact, table=True):
    """One acceptance of a tray; a tray of the same name may come again."""

    __tablename__ = "tray"
    __table_args__ = (
        together("finished_whole", "finished_seq", "finished_at", "passed", "failed", "refused"),
        holds("finished_after", "finished_seq > seq"),
    )

    name: str = Field(index=True)
    regulation: str
    finished_seq: int | None = settling()
    finished_at: datetime | None = None
    passed: int | None = None
    failed: int | None = None
    refused: int | None = None


class Run(Base, table=True):
    """One verification of one block on one tray, as ordered; lengths in mm."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("shape", SHAPES),
        one_of("sent_to", DESTINATIONS),
        holds("size_positive", "width_mm > 0 AND depth_mm > 0"),
        together("identified_whole", "identified_seq", "identified_by"),
        together("refused_whole", "refused_seq", "refused_at", "refusal", "sent_to"),
    )

    tray_seq: int = Field(
        primary_key=True,
        foreign_key="tray.seq",
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
    )
    block_id: str = Field(primary_key=True, foreign_key="block.id", index=True)
    slot: int
    scale: str
    shape: str
    width_mm: float
    depth_mm: float
    identified_seq: int | None = settling()
    identified_by: str | None = None
    refused_seq: int | None = settling()
    refused_at: datetime | None = None
    refusal: str | None = None
    sent_to: str | None = None


class Sizing(BlockFact, table=True):
    """What the sizing stage read: the code on the block (empty if unreadable) and its size, mm."""

    __tablename__ = "sizing"
    __table_args__ = (within_run(),)

    code: str | None = None
    thickness_mm: Decimal = decimal()
    width_mm: Decimal = decimal()
    depth_mm: Decimal = decimal()


class LabSession(Fact, table=True):
    """One life of the daemon: which program and configuration made the records after it."""

    __tablename__ = "lab_session"

    number: int
    program: str
    config: str
    seed: str
