"""The office: its events (chained, never changed), review, outbox, inbox."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0002_office"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

TEXT, STRING, BIG = sa.Text(), sa.String(), sa.BigInteger()
INTEGER, BOOLEAN, TIME = sa.Integer(), sa.Boolean(), sa.DateTime(timezone=True)
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _events()
    _review()
    _outbox()
    _inbox()


def downgrade() -> None:
    raise NotImplementedError("restore the backup: no journal brings these tables back")


def _events() -> None:
    op.create_table(
        "office_event",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        *_filled(STRING, "at", "subject", "kind"),
        *_filled(INTEGER, "version"),
        *_filled(TEXT, "body"),
        *_filled(STRING, "hash"),
        sa.CheckConstraint("length(hash) = 64", name="hash_whole"),
        sa.CheckConstraint("seq > 0", name="seq_counted"),
    )
    op.create_index(op.f("ix_office_event_subject"), "office_event", ["subject"])
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER office_event_no_{deed.lower()} BEFORE {deed} ON office_event "
                "BEGIN SELECT RAISE(ABORT, 'what happened in the office is never changed'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION office_event_is_final() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'what happened in the office is never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER office_event_final BEFORE UPDATE OR DELETE OR TRUNCATE ON office_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION office_event_is_final()"
    )


def _review() -> None:
    states = (
        "'measured', 'submitted', 'checked', 'approved', 'issued', 'amended', 'withdrawn', "
        "'replaced'"
    )
    op.create_table(
        "review_state",
        sa.Column("record", STRING, primary_key=True),
        sa.Column("revision", INTEGER, primary_key=True, autoincrement=False),
        *_filled(STRING, "state", "digest", "block", "scale"),
        *_filled(BIG, "event_seq"),
        sa.CheckConstraint(f"state IN ({states})", name="state_known"),
        sa.CheckConstraint("length(digest) = 64", name="digest_whole"),
        sa.CheckConstraint("revision > 0", name="revision_counted"),
    )
    op.create_index(op.f("ix_review_state_state"), "review_state", ["state"])
    op.create_index(op.f("ix_review_state_block"), "review_state", ["block"])


def _outbox() -> None:
    states = "'pending', 'sending', 'done', 'dead', 'unknown', 'given-up'"
    op.create_table(
        "outbox",
        sa.Column("seq", COUNTED, primary_key=True),
        *_filled(STRING, "destination", "key", "kind", "aggregate"),
        *_filled(TEXT, "payload"),
        *_filled(STRING, "sha256", "state"),
        *_filled(INTEGER, "attempts"),
        *_filled(BOOLEAN, "uncertain"),
        *_filled(TIME, "next_at"),
        *_optional(TIME, "lease_until"),
        *_optional(STRING, "holder"),
        *_filled(TEXT, "last_error"),
        *_optional(TEXT, "receipt"),
        *_filled(TIME, "created"),
        *_optional(TIME, "settled"),
        sa.CheckConstraint(f"state IN ({states})", name="state_known"),
        sa.CheckConstraint("attempts >= 0", name="attempts_counted"),
        sa.CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="leased_whole"),
        sa.CheckConstraint("(lease_until IS NULL) = (holder IS NULL)", name="held_whole"),
        sa.CheckConstraint("length(sha256) = 64", name="digest_whole"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_outbox_due", "outbox", ["destination", "state", "next_at"])
    op.create_index("ix_outbox_order", "outbox", ["destination", "aggregate", "seq"])


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", COUNTED, primary_key=True),
        *_filled(STRING, "source", "key", "digest", "number", "priority"),
        *_filled(TEXT, "wanted"),
        *_filled(TIME, "received"),
        sa.CheckConstraint("priority IN ('normal', 'urgent')", name="priority_known"),
        sa.CheckConstraint("length(digest) = 64", name="digest_whole"),
        sa.UniqueConstraint("source", "key"),
        sa.UniqueConstraint("number"),
    )


def _filled(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _optional(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]
