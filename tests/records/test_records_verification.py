from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from controller.journal import Row
from records.chain import ProjectionError
from records.projection import project
from records.verification import differences

Fresh = Callable[[], Engine]


def test_an_untouched_library_agrees_with_its_journal(projected: Engine, rows: list[Row]) -> None:
    assert differences(projected, rows) == ()


def test_rows_not_projected_yet_are_no_difference(fresh: Fresh, rows: list[Row]) -> None:
    engine = fresh()
    project(engine, rows[:20])
    assert differences(engine, rows) == ()


@pytest.mark.parametrize(
    ("statement", "table", "kept", "expected"),
    [
        (
            "UPDATE reading SET hardness = '60.11' WHERE op = 's1-4'",
            "reading",
            {"hardness": Decimal("60.11")},
            {"hardness": Decimal("60.10")},
        ),
        (
            "UPDATE verdict SET passed = true WHERE mean = '59.9'",
            "verdict",
            {"passed": True},
            {"passed": False},
        ),
    ],
)
def test_a_changed_value_is_found(
    statement: str,
    table: str,
    kept: dict[str, object],
    expected: dict[str, object],
    library: Engine,
    rows: list[Row],
) -> None:
    project(library, rows)
    with library.begin() as connection:
        connection.execute(text(statement))
    (found,) = differences(library, rows)
    assert (found.table, found.kept, found.expected) == (table, kept, expected)


def test_a_digit_cut_off_is_found(fresh: Fresh, rows: list[Row]) -> None:
    engine = fresh()
    project(engine, rows)
    with engine.begin() as connection:
        connection.execute(text("UPDATE reading SET hardness = '60.1' WHERE op = 's1-4'"))
    assert len(differences(engine, rows)) == 1


def test_a_row_taken_out_or_put_in_is_found(fresh: Fresh, rows: list[Row]) -> None:
    engine = fresh()
    project(engine, rows)
    with engine.begin() as connection:
        connection.execute(text("UPDATE verdict SET seq = 999 WHERE mean = '59.9'"))
    gone, put_in = differences(engine, rows)
    assert (gone.kept, put_in.expected, put_in.key) == (None, None, (999,))


def test_a_journal_that_does_not_hold_together_is_refused(fresh: Fresh, rows: list[Row]) -> None:
    engine = fresh()
    project(engine, rows)
    with pytest.raises(ProjectionError, match="give the rows from 1 on"):
        differences(engine, rows[1:])
