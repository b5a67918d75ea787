"""The fixed holder: its seating and check blocks, what was due on them and how it came out."""

from decimal import Decimal

from sqlmodel import Field

from records.column_types import decimal, optional_decimal, pointer
from records.tables.base import Fact, holds, one_of

ROLES = ("seating", "check")
DUTIES = ("seating", "opening-check", "closing-check")


class HolderBlock(Fact, table=True):
    """A block put into the holder, with its certified value, limit and surface budget."""

    __tablename__ = "holder_block"
    __table_args__ = (one_of("role", ROLES), holds("positions_counted", "positions >= 0"))

    block_id: str = Field(foreign_key="block.id", index=True)
    role: str
    scale: str
    place: str
    certified: Decimal | None = optional_decimal()
    deviation_limit: Decimal | None = optional_decimal()
    positions: int


class Duty(Fact, table=True):
    """So many indentations that fell due on a block of the holder, and why."""

    __tablename__ = "duty"
    __table_args__ = (one_of("kind", DUTIES), holds("needed_counted", "needed >= 0"))

    name: str = Field(index=True)
    kind: str
    block_id: str = Field(foreign_key="block.id", index=True)
    needed: int
    cause: str


class CheckVerdict(Fact, table=True):
    """How a check came out, in the unit of the scale."""

    __tablename__ = "check_verdict"

    duty_seq: int | None = pointer("duty.seq", unique=True)
    block_id: str = Field(foreign_key="block.id", index=True)
    mean: Decimal = decimal()
    certified: Decimal = decimal()
    deviation: Decimal = decimal()
    deviation_limit: Decimal = decimal()
    good: bool
