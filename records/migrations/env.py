"""Alembic's entry: the caller brings the connection, and with it the transaction."""

from typing import Literal

from alembic import context
from sqlalchemy.types import TypeEngine
from sqlmodel import UTCDateTime
from sqlmodel.sql.sqltypes import AutoString

from records.column_types import DecimalText, WireText
from records.tables import METADATA


def render_item(kind: str, item: object, autogen: object) -> str | Literal[False]:
    """Write plain types: a migration must not change when our column types do."""
    if kind == "type" and isinstance(item, TypeEngine):
        if isinstance(item, DecimalText | WireText):
            return "sa.Text()"
        if isinstance(item, UTCDateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, AutoString):
            return "sa.String()"
    return False


def run() -> None:
    """Upgrade over the caller's connection; there is no offline mode."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
