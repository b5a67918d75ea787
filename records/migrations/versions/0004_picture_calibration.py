"""The calibration that the millimetres of a picture come from."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004_picture_calibration"
down_revision: str | None = "0003_certificates"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Pictures projected before tell none; `rebuild` brings back what their journal tells.
    op.add_column(
        "surface_picture",
        sa.Column("calibration", sa.String(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("surface_picture", "calibration")
