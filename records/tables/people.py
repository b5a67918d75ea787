"""What people were asked, and what they or the default answered."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field

from records.column_types import settling
from records.tables.base import Fact, holds, together


class Question(Fact, table=True):
    """A decision asked for; ``default_option`` is taken at the deadline (UTC; empty: never)."""

    __tablename__ = "question"
    __table_args__ = (
        together("answered_whole", "answered_seq", "answered_at", "chosen", "answered_by"),
        holds("answered_after", "answered_seq > seq"),
    )

    name: str = Field(index=True)
    kind: str
    block_id: str | None = Field(default=None, foreign_key="block.id", index=True)
    op: str
    text: str
    options: list[str] = Field(sa_type=JSON)
    default_option: str
    deadline: datetime | None = None
    picture: str
    answered_seq: int | None = settling()
    answered_at: datetime | None = None
    chosen: str | None = None
    answered_by: str | None = None
