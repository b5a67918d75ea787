from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, text
from sqlalchemy.exc import StatementError

from records.column_types import DecimalText, WireText

KEPT = Table(
    "kept",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("number", DecimalText),
    Column("wire", WireText),
)


@pytest.fixture(scope="module")
def table(fresh: Callable[[], Engine]) -> Iterator[Connection]:
    with fresh().connect() as connection:
        KEPT.create(connection)
        yield connection


def put(connection: Connection, **values: object) -> None:
    connection.execute(KEPT.delete())
    connection.execute(KEPT.insert().values(id=1, **values))


@given(number=st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_with_every_digit(number: Decimal, table: Connection) -> None:
    put(table, number=number)
    back = table.execute(KEPT.select()).one().number
    assert back.as_tuple() == number.as_tuple()


def test_trailing_zeros_are_written_as_they_were_read(table: Connection) -> None:
    put(table, number=Decimal("61.20"))
    assert table.execute(text("SELECT number FROM kept")).scalar_one() == "61.20"


@pytest.mark.parametrize("wrong", [61.2, "61.2", 61, Decimal("NaN"), Decimal("Infinity")])
def test_only_finite_decimals_are_kept(wrong: object, table: Connection) -> None:
    with pytest.raises(StatementError, match="a reading is"):
        put(table, number=wrong)


@given(wire=st.text())
def test_a_wire_record_comes_back_and_is_plain_ascii(wire: str, table: Connection) -> None:
    put(table, wire=wire)
    assert table.execute(KEPT.select()).one().wire == wire
    plain = table.execute(text("SELECT wire FROM kept")).scalar_one()
    assert plain.isascii()
    assert plain.isprintable()
