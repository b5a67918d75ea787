from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.database import open_database
from tests.lims_bridge.office import Office, open_office


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staffed office, to be copied: making tables and people anew takes half a second."""
    folder = tmp_path_factory.mktemp("template") / "office"
    office = open_office(folder).staffed()
    office.engine.dispose()
    return folder


@pytest.fixture
def office(template: Path, tmp_path: Path) -> Iterator[Office]:
    """A staffed office on SQLite."""
    shutil.copytree(template, tmp_path / "office")
    office = open_office(tmp_path / "office", upgraded=True)
    yield office
    office.engine.dispose()


@pytest.fixture
def postgresql_office(postgresql: str, tmp_path: Path) -> Iterator[Office]:
    """A staffed office on PostgreSQL, if a server answers."""
    engine = open_database(postgresql)
    office = open_office(tmp_path / "office", engine=engine).staffed()
    yield office
    with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            connection.exec_driver_sql(statement)
    engine.dispose()
