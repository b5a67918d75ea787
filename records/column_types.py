"""How a number, an instant and a wire record are kept so that they come back exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field


class DecimalText(TypeDecorator[Decimal]):
    """A finite `Decimal` as text: 61.20 stays 61.20, which SQLite's NUMERIC would not keep.

    The database must not compute with or sort by such a column: it would compare characters.
    Binding anything but a finite `Decimal` raises `TypeError` or `ValueError`.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the number with every digit it was given."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"a reading is a Decimal, not {value!r}")
        if not value.is_finite():
            raise ValueError(f"a reading is finite, not {value}")
        return str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read the number back."""
        return None if value is None else Decimal(value)


class WireText(TypeDecorator[str]):
    """A record as a device published it, with control characters escaped as Python writes them.

    PostgreSQL keeps no NUL in a text, and a line end inside a column misleads a reader.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape."""
        return None if value is None else value.encode("unicode_escape").decode("ascii")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Take the escapes away."""
        return None if value is None else value.encode("ascii").decode("unicode_escape")


# SQLModel's own `Field` is declared to return Any, so that it can stand for a value of the
# annotated type; these are shorthands for it.


def sequence_key() -> Any:  # noqa: ANN401  # SQLModel: a field's type is the annotation's
    """Return the field of a primary key that is the journal's number of the event."""
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def sequence() -> Any:  # noqa: ANN401  # as above
    """Return the field of a required journal number."""
    return Field(sa_type=BigInteger)


def settling() -> Any:  # noqa: ANN401  # as above
    """Return the field of the number of a later event that completes a row: at most one row."""
    return Field(default=None, sa_type=BigInteger, unique=True)


def pointer(references: str, *, unique: bool = False) -> Any:  # noqa: ANN401  # as above
    """Return the field of an optional journal number that names another row, "table.column"."""
    return Field(
        default=None,
        sa_type=BigInteger,
        foreign_key=references,
        unique=unique,
        index=not unique,
    )


def decimal() -> Any:  # noqa: ANN401  # as above
    """Return the field of a required number kept as text."""
    return Field(sa_type=DecimalText)


def optional_decimal() -> Any:  # noqa: ANN401  # as above
    """Return the field of a number kept as text that may be absent."""
    return Field(default=None, sa_type=DecimalText)
