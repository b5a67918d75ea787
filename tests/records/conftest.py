"""A realistic journal, and databases of both kinds to project it into."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy import Engine, text

from controller.journal import Row
from records.database import connect, open_database, upgrade
from records.projection import project
from tests.records.example_day import example_day, journal


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return journal(example_day())


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Engine]]:
    """Gives new, empty, up-to-date SQLite databases: cheap copies of one."""
    folder, number, opened = tmp_path_factory.mktemp("databases"), count(), list[Engine]()
    open_database(f"sqlite:///{folder}/template.db").dispose()

    def new() -> Engine:
        path = folder / f"{next(number)}.db"
        shutil.copy(folder / "template.db", path)
        opened.append(connect(f"sqlite:///{path}"))
        return opened[-1]

    yield new
    for engine in opened:
        engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def make_blank(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Engine]]:
    """Gives databases without any table; on PostgreSQL each takes the place of the one before."""
    opened = list[Engine]()

    def on_sqlite() -> Engine:
        opened.append(connect(f"sqlite:///{tmp_path_factory.mktemp('blank')}/library.db"))
        return opened[-1]

    def on_postgresql() -> Engine:
        opened.append(connect(request.getfixturevalue("postgresql")))
        with opened[-1].begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        return opened[-1]

    if request.param == "postgresql":
        request.getfixturevalue("postgresql")
    yield on_sqlite if request.param == "sqlite" else on_postgresql
    for engine in opened:
        engine.dispose()


@pytest.fixture
def blank(make_blank: Callable[[], Engine]) -> Iterator[Engine]:
    """A database without any table."""
    engine = make_blank()
    yield engine
    engine.dispose()


@pytest.fixture
def library(blank: Engine) -> Engine:
    """An empty, up-to-date information library."""
    upgrade(blank)
    return blank


@pytest.fixture(scope="module")
def projected(make_blank: Callable[[], Engine], rows: list[Row]) -> Iterator[Engine]:
    """A library with the example day in it, for tests that leave it as it is."""
    engine = make_blank()
    upgrade(engine)
    project(engine, rows)
    yield engine
    engine.dispose()
