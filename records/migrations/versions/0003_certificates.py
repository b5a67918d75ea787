"""The uncertainty budget of a verdict, and the register of certificate numbers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0003_certificates"
down_revision: str | None = "0002_office"
branch_labels: str | None = None
depends_on: str | None = None

STRING, INTEGER = sa.String(), sa.Integer()


def upgrade() -> None:
    # Verdicts projected before have none; `rebuild` brings back what their journal tells.
    op.add_column("verdict", sa.Column("budget", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "certificate",
        sa.Column("number", STRING, primary_key=True),
        sa.Column("revision", INTEGER, primary_key=True, autoincrement=False),
        *_filled(STRING, "series"),
        *_filled(INTEGER, "year", "sequence"),
        *_filled(STRING, "kind", "record", "record_digest"),
        *_filled(sa.Date(), "issued_on"),
        *_filled(STRING, "state"),
        sa.Column("pdf_sha256", STRING, nullable=True),
        sa.Column("dcc_sha256", STRING, nullable=True),
        sa.CheckConstraint("state IN ('reserved', 'printed')", name="state_known"),
        sa.CheckConstraint("kind IN ('verification', 'notice', 'calibration')", name="kind_known"),
        sa.CheckConstraint("revision > 0", name="revision_counted"),
        sa.CheckConstraint("sequence > 0", name="sequence_counted"),
        sa.CheckConstraint("length(record_digest) = 64", name="record_digest_whole"),
        sa.CheckConstraint(
            "(state = 'printed') = (pdf_sha256 IS NOT NULL AND dcc_sha256 IS NOT NULL)",
            name="printed_whole",
        ),
        sa.UniqueConstraint("record", "revision"),
    )
    op.create_index(op.f("ix_certificate_series"), "certificate", ["series"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: no journal brings the register back")


def _filled(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]
