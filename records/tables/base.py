"""What all tables share: names for constraints, the key of a fact, the block it speaks of.

A table class checks nothing when it is made (SQLModel skips validation for ``table=True``). So
only validated facts are put into tables, and what must hold is a constraint of the database.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, MetaData
from sqlmodel import Field, SQLModel

from records.column_types import sequence_key

# Migrations find a constraint by its name; a nameless one cannot be changed later.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel):
    """The root of our tables, with metadata of its own."""

    metadata = MetaData(naming_convention=NAMING)


class Fact(Base):
    """A row made by one event: its number in the journal and when it happened (UTC)."""

    seq: int = sequence_key()
    at: datetime


class BlockFact(Fact):
    """A fact about a block; ``tray_seq`` is empty for a block outside any tray's order."""

    block_id: str = Field(foreign_key="block.id", index=True)
    tray_seq: int | None = Field(default=None, sa_type=BigInteger, index=True)


def within_run() -> ForeignKeyConstraint:
    """Return the constraint that ties a `BlockFact` to the run of its block on its tray."""
    return ForeignKeyConstraint(["tray_seq", "block_id"], ["run.tray_seq", "run.block_id"])


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the constraint that a text column holds one of the values.

    Not a database enum: those cannot be changed inside a transaction.
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def holds(name: str, condition: str) -> CheckConstraint:
    """Return a named constraint in SQL that both SQLite and PostgreSQL read."""
    return CheckConstraint(condition, name=name)


def together(name: str, *columns: str) -> CheckConstraint:
    """Return the constraint that columns are either all empty or all filled."""
    first, *others = (f"({column} IS NULL)" for column in columns)
    return holds(name, " AND ".join(f"{first} = {other}" for other in others))
