"""The information library: trays, runs, readings, verdicts, checks, questions, cursor.

Types and conditions are written out plainly, so that this file still means the same when the
table classes have moved on. Constraint names follow the naming convention of the metadata.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

TEXT, STRING, BIG = sa.Text(), sa.String(), sa.BigInteger()
INTEGER, FLOAT, BOOLEAN, TIME = sa.Integer(), sa.Float(), sa.Boolean(), sa.DateTime(timezone=True)


def upgrade() -> None:
    _cursor()
    _work()
    _holder()
    _reading()
    _findings()
    _question()


def downgrade() -> None:
    raise NotImplementedError("restore the backup, or project the journal into a new database")


def _cursor() -> None:
    projection = op.create_table(
        "projection",
        sa.Column("id", INTEGER, primary_key=True, autoincrement=False),
        *_filled(BIG, "seq"),
        *_filled(STRING, "hash"),
        sa.CheckConstraint("id = 1", name="only_one"),
        sa.CheckConstraint("length(hash) = 64", name="hash_whole"),
        sa.CheckConstraint("seq >= 0", name="seq_counted"),
    )
    op.bulk_insert(projection, [{"id": 1, "seq": 0, "hash": "0" * 64}])
    op.create_table(
        "lab_session",
        *_fact(),
        *_filled(INTEGER, "number"),
        *_filled(STRING, "program", "config", "seed"),
    )


def _work() -> None:
    op.create_table(
        "block",
        sa.Column("id", STRING, primary_key=True),
        *_filled(BIG, "first_seq"),
        *_filled(TIME, "first_at"),
    )
    op.create_table(
        "tray",
        *_fact(),
        *_filled(STRING, "name", "regulation"),
        *_settled("finished"),
        *_optional(INTEGER, "passed", "failed", "refused"),
        sa.CheckConstraint("finished_seq > seq", name="finished_after"),
        _together("finished", "at", "passed", "failed", "refused"),
    )
    _index("tray", "name")
    op.create_table(
        "run",
        sa.Column("tray_seq", BIG, sa.ForeignKey("tray.seq"), primary_key=True),
        sa.Column("block_id", STRING, sa.ForeignKey("block.id"), primary_key=True),
        *_filled(INTEGER, "slot"),
        *_filled(STRING, "scale", "shape"),
        *_filled(FLOAT, "width_mm", "depth_mm"),
        sa.Column("identified_seq", BIG, unique=True),
        *_optional(STRING, "identified_by"),
        *_settled("refused"),
        *_optional(STRING, "refusal", "sent_to"),
        sa.CheckConstraint("shape IN ('round', 'rectangle')", name="shape_known"),
        sa.CheckConstraint("sent_to IN ('reject', 'slot', 'absent')", name="sent_to_known"),
        sa.CheckConstraint("width_mm > 0 AND depth_mm > 0", name="size_positive"),
        _together("identified", "by"),
        _together("refused", "at", "refusal", "sent_to"),
    )
    _index("run", "block_id")
    op.create_table(
        "sizing",
        *_block_fact(),
        *_optional(STRING, "code"),
        *_filled(TEXT, "thickness_mm", "width_mm", "depth_mm"),
        _run(),
    )
    _index("sizing", "block_id", "tray_seq")


def _holder() -> None:
    op.create_table(
        "holder_block",
        *_fact(),
        _block(),
        *_filled(STRING, "role", "scale", "place"),
        *_optional(TEXT, "certified", "deviation_limit"),
        *_filled(INTEGER, "positions"),
        sa.CheckConstraint("role IN ('seating', 'check')", name="role_known"),
        sa.CheckConstraint("positions >= 0", name="positions_counted"),
    )
    _index("holder_block", "block_id")
    op.create_table(
        "duty",
        *_fact(),
        *_filled(STRING, "name", "kind"),
        _block(),
        *_filled(INTEGER, "needed"),
        *_filled(STRING, "cause"),
        sa.CheckConstraint(
            "kind IN ('seating', 'opening-check', 'closing-check')", name="kind_known"
        ),
        sa.CheckConstraint("needed >= 0", name="needed_counted"),
    )
    _index("duty", "block_id", "name")
    op.create_table(
        "check_verdict",
        *_fact(),
        sa.Column("duty_seq", BIG, sa.ForeignKey("duty.seq"), unique=True),
        _block(),
        *_filled(TEXT, "mean", "certified", "deviation", "deviation_limit"),
        *_filled(BOOLEAN, "good"),
    )
    _index("check_verdict", "block_id")


def _reading() -> None:
    op.create_table(
        "reading",
        *_block_fact(),
        sa.Column("duty_seq", BIG, sa.ForeignKey("duty.seq")),
        *_filled(STRING, "op"),
        *_filled(INTEGER, "position"),
        *_filled(FLOAT, "x_mm", "y_mm"),
        *_filled(STRING, "scale"),
        *_filled(BIG, "tag"),
        *_filled(INTEGER, "attempt"),
        *_filled(STRING, "state"),
        *_settled("settled"),
        *_optional(TEXT, "hardness"),
        *_optional(BIG, "number"),
        *_optional(TEXT, "raw"),
        *_optional(TIME, "received"),
        *_optional(INTEGER, "preliminary_dwell_ms", "loading_ms", "total_dwell_ms"),
        *_optional(TEXT, "total_force_n"),
        *_optional(BOOLEAN, "recovered"),
        *_optional(STRING, "reason"),
        _run(),
        *_reading_rules(),
    )
    _index("reading", "block_id", "tray_seq", "duty_seq", "op")
    standing = sa.text("state <> 'not-happened'")
    op.create_index(
        "uq_reading_place",
        "reading",
        ["tray_seq", "block_id", "x_mm", "y_mm"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _reading_rules() -> Iterable[sa.CheckConstraint]:
    values = (
        "hardness",
        "number",
        "raw",
        "received",
        "preliminary_dwell_ms",
        "loading_ms",
        "total_dwell_ms",
        "total_force_n",
        "recovered",
    )
    whole = " AND ".join(f"{value} IS NOT NULL" for value in values)
    rules = {
        "state_known": ("state IN ('intended', 'confirmed', 'voided', 'doubted', 'not-happened')"),
        "one_owner": "tray_seq IS NULL OR duty_seq IS NULL",
        "position_counted": "position >= 0",
        "settled_with_state": "(state = 'intended') = (settled_seq IS NULL)",
        "settled_whole": "(settled_seq IS NULL) = (settled_at IS NULL)",
        "settled_after": "settled_seq > seq",
        "confirmed_whole": f"state <> 'confirmed' OR ({whole})",
        "reasoned": "state IN ('intended', 'confirmed') OR reason IS NOT NULL",
    }
    return [sa.CheckConstraint(rule, name=name) for name, rule in rules.items()]


def _findings() -> None:
    op.create_table(
        "environment", *_block_fact(), *_filled(TEXT, "temperature_c", "humidity_pct"), _run()
    )
    _index("environment", "block_id", "tray_seq")
    op.create_table(
        "surface_picture",
        *_block_fact(),
        *_filled(STRING, "purpose", "sha256"),
        *_filled(INTEGER, "marks"),
        _run(),
        sa.CheckConstraint("purpose IN ('before', 'after', 'doubt')", name="purpose_known"),
        sa.CheckConstraint("length(sha256) = 64", name="sha256_whole"),
    )
    _index("surface_picture", "block_id", "tray_seq", "sha256")
    op.create_table(
        "verdict",
        *_block_fact(),
        *_filled(TEXT, "mean", "value", "uniformity", "uniformity_limit"),
        *_filled(BOOLEAN, "passed", "provisional"),
        *_filled(STRING, "reason"),
        *_filled(TEXT, "expanded_uncertainty"),
        *_filled(STRING, "regulation"),
        _run(),
    )
    _index("verdict", "block_id", "tray_seq")


def _question() -> None:
    op.create_table(
        "question",
        *_fact(),
        *_filled(STRING, "name", "kind"),
        sa.Column("block_id", STRING, sa.ForeignKey("block.id")),
        *_filled(STRING, "op", "text"),
        *_filled(sa.JSON(), "options"),
        *_filled(STRING, "default_option"),
        *_optional(TIME, "deadline"),
        *_filled(STRING, "picture"),
        *_settled("answered"),
        *_optional(STRING, "chosen", "answered_by"),
        sa.CheckConstraint("answered_seq > seq", name="answered_after"),
        _together("answered", "at", "chosen", "by"),
    )
    _index("question", "block_id", "name")


def _fact() -> list[sa.Column[Any]]:
    key: sa.Column[Any] = sa.Column("seq", BIG, primary_key=True, autoincrement=False)
    return [key, *_filled(TIME, "at")]


def _block_fact() -> list[sa.Column[Any]]:
    return [*_fact(), _block(), *_optional(BIG, "tray_seq")]


def _block() -> sa.Column[Any]:
    return sa.Column("block_id", STRING, sa.ForeignKey("block.id"), nullable=False)


def _run() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tray_seq", "block_id"], ["run.tray_seq", "run.block_id"])


def _filled(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _optional(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _settled(prefix: str) -> list[sa.Column[Any]]:
    number: sa.Column[Any] = sa.Column(f"{prefix}_seq", BIG, unique=True)
    return [number, *_optional(TIME, f"{prefix}_at")]


def _together(prefix: str, *others: str) -> sa.CheckConstraint:
    first = f"({prefix}_seq IS NULL)"
    own = {"at": f"{prefix}_at", "by": f"{prefix}_by"}
    pairs = (f"{first} = ({own.get(other, other)} IS NULL)" for other in others)
    return sa.CheckConstraint(" AND ".join(pairs), name=f"{prefix}_whole")


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
