from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Engine, MetaData, inspect, text

from controller.journal import Row
from records.database import connect, open_database, reading, upgrade, writing
from records.projection import position, project
from records.tables import METADATA
from records.tables.base import NAMING
from tests.records.example_day import content


def shape(engine: Engine) -> dict[str, Any]:
    """What the database itself says of its tables."""
    seen = inspect(engine)
    return {
        table: (
            {c["name"]: (str(c["type"]), c["nullable"]) for c in seen.get_columns(table)},
            seen.get_pk_constraint(table),
            sorted(str(sorted(fk.items(), key=str)) for fk in seen.get_foreign_keys(table)),
            sorted((str(u["name"]), u["column_names"]) for u in seen.get_unique_constraints(table)),
            sorted((str(c["name"]), c["sqltext"]) for c in seen.get_check_constraints(table)),
            sorted(
                (
                    str(i["name"]),
                    i["column_names"],
                    bool(i["unique"]),
                    sorted((key, str(value)) for key, value in i["dialect_options"].items()),
                )
                for i in seen.get_indexes(table)
            ),
        )
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def test_autogenerate_finds_nothing_left_to_migrate(library: Engine) -> None:
    with library.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrations_and_models_make_the_same_constraints(blank: Engine) -> None:
    # Autogenerate does not see CHECK constraints; the database does.
    METADATA.create_all(blank)
    of_models = shape(blank)
    METADATA.drop_all(blank)
    upgrade(blank)
    assert shape(blank) == of_models


def test_every_constraint_has_a_name() -> None:
    nameless = [c for t in METADATA.tables.values() for c in t.constraints if c.name is None]
    assert nameless == []
    assert METADATA.naming_convention == NAMING
    assert MetaData().naming_convention != NAMING


def test_opening_again_changes_nothing(tmp_path: Path, rows: list[Row]) -> None:
    url = f"sqlite:///{tmp_path}/library.db"
    engine = open_database(url)
    project(engine, rows)
    once = content(engine)
    engine.dispose()
    again = open_database(url)
    assert content(again) == once
    again.dispose()


def test_a_database_of_a_newer_program_is_refused(library: Engine) -> None:
    with library.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CommandError, match="9999"):
        upgrade(library)


def test_an_upgrade_that_fails_leaves_nothing_behind(blank: Engine) -> None:
    with blank.begin() as connection:
        connection.execute(text("CREATE TABLE verdict (id INTEGER)"))
    with pytest.raises(Exception, match="verdict"):
        upgrade(blank)
    assert inspect(blank).get_table_names() == ["verdict"]


def test_sqlite_connections_are_durable_and_check_references(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/library.db")
    with engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        answers = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in asked]
    assert answers == ["wal", 2, 1, 5000]
    engine.dispose()


def test_a_writer_holds_the_lock_from_its_first_look_and_readers_pass(
    fresh: Callable[[], Engine],
) -> None:
    engine = fresh()
    other = sqlite3.connect(str(engine.url.database), timeout=0, isolation_level=None)
    with writing(engine) as session, session.begin():
        session.execute(text("SELECT seq FROM projection"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        session.execute(text("UPDATE projection SET seq = 5"))
        assert position(engine)[0] == 0
    with reading(engine) as session:
        session.execute(text("SELECT seq FROM projection"))
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()
    assert position(engine)[0] == 5
