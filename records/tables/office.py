"""The office: review, delivery, orders. These rows are no projection of the journal.

They exist only here, so a rebuild of the library leaves them alone and a backup must hold them.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field

from records.column_types import sequence_key
from records.tables.base import Base, holds, one_of

OFFICE = {"info": {"office": True}}
"""Marks a table that no journal can bring back."""

REVIEW_STATES = (
    "measured",
    "submitted",
    "checked",
    "approved",
    "issued",
    "amended",
    "withdrawn",
    "replaced",
)
MESSAGE_STATES = ("pending", "sending", "done", "dead", "unknown", "given-up")

# SQLite numbers rows by itself only in a column that it calls INTEGER.
COUNTED = BigInteger().with_variant(Integer(), "sqlite")


class OfficeEvent(Base, table=True):
    """One thing that happened in the office, chained like a row of the journal.

    ``at`` is the text that was hashed (UTC, ISO 8601); ``subject`` says what it is about.
    Triggers refuse to change or delete a row.
    """

    __tablename__ = "office_event"
    __table_args__ = (
        holds("hash_whole", "length(hash) = 64"),
        holds("seq_counted", "seq > 0"),
        OFFICE,
    )

    seq: int = sequence_key()
    at: str
    subject: str = Field(index=True)
    kind: str
    version: int
    body: str = Field(sa_type=Text)
    hash: str


class ReviewState(Base, table=True):
    """Where a record stands, as the events say; kept for lists and queries."""

    __tablename__ = "review_state"
    __table_args__ = (
        one_of("state", REVIEW_STATES),
        holds("digest_whole", "length(digest) = 64"),
        holds("revision_counted", "revision > 0"),
        OFFICE,
    )

    record: str = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    state: str = Field(index=True)
    digest: str
    block: str = Field(index=True)
    scale: str
    event_seq: int = Field(sa_type=BigInteger)


class OutboxMessage(Base, table=True):
    """Something to tell a destination, written in the transaction that made it true.

    ``aggregate`` is what must arrive in order (the block). ``uncertain`` says that an attempt may
    have arrived although nobody confirmed it. Times are UTC.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", MESSAGE_STATES),
        holds("attempts_counted", "attempts >= 0"),
        holds("leased_whole", "(state = 'sending') = (lease_until IS NOT NULL)"),
        holds("held_whole", "(lease_until IS NULL) = (holder IS NULL)"),
        holds("digest_whole", "length(sha256) = 64"),
        UniqueConstraint("key"),
        Index("ix_outbox_due", "destination", "state", "next_at"),
        Index("ix_outbox_order", "destination", "aggregate", "seq"),
        OFFICE,
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=COUNTED)
    destination: str
    key: str
    kind: str
    aggregate: str
    payload: str = Field(sa_type=Text)
    sha256: str
    state: str
    attempts: int
    uncertain: bool
    next_at: datetime
    lease_until: datetime | None = None
    holder: str | None = None
    last_error: str = Field(sa_type=Text)
    receipt: str | None = Field(default=None, sa_type=Text)
    created: datetime
    settled: datetime | None = None


class InboxOrder(Base, table=True):
    """An order from outside; the unique key is claimed by the insertion itself.

    ``digest`` names the kept text of the order (it holds personal data), ``wanted`` is the JSON
    of blocks, scales and dates.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        one_of("priority", ("normal", "urgent")),
        holds("digest_whole", "length(digest) = 64"),
        UniqueConstraint("source", "key"),
        UniqueConstraint("number"),
        OFFICE,
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=COUNTED)
    source: str
    key: str
    digest: str
    number: str
    priority: str
    wanted: str = Field(sa_type=Text)
    received: datetime
