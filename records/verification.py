"""Does the library still say what the journal says? Somebody may have changed a value in it.

The library is a projection, so the check needs no second chain: the journal is projected once
more, in memory, and every row is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias

from sqlalchemy import Engine, Table

from records.chain import JournalRow
from records.database import open_database, reading
from records.projection import position, project
from records.tables import PROJECTED

Columns: TypeAlias = Mapping[str, object]
Key: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not as the journal has it.

    Only the columns that differ; ``kept`` is None for a row that is gone, ``expected`` None for
    one that was put in.
    """

    table: str
    key: Key
    kept: Columns | None
    expected: Columns | None


def differences(engine: Engine, rows: Iterable[JournalRow]) -> tuple[Difference, ...]:
    """Return every row of the library that differs from the journal, given from its first row.

    Rows that are not projected yet are left out of the comparison. Raises `ProjectionError` if
    the journal itself does not hold together.
    """
    seq, _ = position(engine)
    memory = open_database("sqlite://")
    try:
        project(memory, takewhile(lambda row: row.seq <= seq, rows))
        return tuple(
            difference
            for table in PROJECTED
            for difference in _compare(table, _content(engine, table), _content(memory, table))
        )
    finally:
        memory.dispose()


def _content(engine: Engine, table: Table) -> dict[Key, Columns]:
    keys = [column.name for column in table.primary_key]
    with reading(engine) as session:
        found = session.execute(table.select()).mappings()
        return {tuple(row[name] for name in keys): dict(row) for row in found}


def _compare(
    table: Table, kept: Mapping[Key, Columns], expected: Mapping[Key, Columns]
) -> Iterator[Difference]:
    for key in sorted({*kept, *expected}):
        ours, theirs = kept.get(key), expected.get(key)
        if ours is None or theirs is None:
            yield Difference(table.name, key, ours, theirs)
            continue
        names = [name for name in ours if _exact(ours[name]) != _exact(theirs[name])]
        if names:
            yield Difference(
                table.name,
                key,
                {name: ours[name] for name in names},
                {name: theirs[name] for name in names},
            )


def _exact(value: object) -> str:
    # As numbers 61.2 and 61.20 are equal; as published they are not.
    return repr(value)
