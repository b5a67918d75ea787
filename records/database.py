"""Opening the information library: engine, transactions, and the tables as this program knows them.

SQLite first, PostgreSQL as well; both through synchronous sessions.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlmodel import Session

_MIGRATIONS = Path(__file__).parent / "migrations"
_READING = "records_reading"
# Any number will do, as long as all programs that upgrade take the same.
_UPGRADE_LOCK = 113_2013
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


def open_database(url: str) -> Engine:
    """Return an engine on an up-to-date database; ``url`` is SQLAlchemy's.

    A new database is created (SQLite) and an older one upgraded, in one transaction.
    Raises `sqlalchemy.exc.SQLAlchemyError` if the database cannot be used, and
    `alembic.util.CommandError` if a newer program has already upgraded it.
    """
    engine = connect(url)
    try:
        upgrade(engine)
    except Exception:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> Engine:
    """Return an engine whose transactions are whole and durable; tables are left as they are."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    # Without this pysqlite opens transactions late, and none at all around DDL.
    engine = create_engine(url, connect_args={"isolation_level": None})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to a revision, in one transaction."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
        command.upgrade(migrations(connection), revision)


def migrations(connection: Connection) -> Config:
    """Return the configuration with which Alembic works on this connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def writing(engine: Engine) -> Session:
    """Return a session that may write; on SQLite it holds the write lock from the first use."""
    return Session(engine, expire_on_commit=False)


def reading(engine: Engine) -> Session:
    """Return a session that only reads and so waits for no writer."""
    return Session(engine.execution_options(**{_READING: True}), expire_on_commit=False)


def _prepare(connection: DBAPIConnection, record: object) -> None:
    for pragma in _PRAGMAS:
        connection.cursor().execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails when another wrote in between.
    only_reads = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
