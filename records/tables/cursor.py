"""How far the journal has been projected."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from records.tables.base import Base, holds


class Cursor(Base, table=True):
    """The last journal row projected: one line, made by the first migration."""

    __tablename__ = "projection"
    __table_args__ = (
        holds("only_one", "id = 1"),
        holds("hash_whole", "length(hash) = 64"),
        holds("seq_counted", "seq >= 0"),
    )

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)
    hash: str
