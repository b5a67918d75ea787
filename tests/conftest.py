"""What tests of several packages share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

# One commit has one result: properties try the same examples every time, until somebody
# goes looking for new ones with `make search`.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HARDLAB_HYPOTHESIS", "same"))

POSTGRESQL = os.environ.get("HARDLAB_TEST_POSTGRESQL", "postgresql+psycopg://127.0.0.1/postgres")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a database of our own on a PostgreSQL server, if one answers."""
    pytest.importorskip("psycopg", reason="no PostgreSQL driver installed")
    server = create_engine(
        POSTGRESQL, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2}
    )
    name = f"hardlab_test_{os.getpid()}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        pytest.skip(f"no PostgreSQL server answers: {error.orig}")
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
