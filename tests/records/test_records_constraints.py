"""The database itself forbids what must not be, whoever writes."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE reading SET state = 'perhaps' WHERE state = 'voided'", "state_known"),
        ("UPDATE reading SET state = 'confirmed' WHERE state = 'intended'", "reading"),
        ("UPDATE reading SET hardness = NULL WHERE state = 'confirmed'", "confirmed_whole"),
        ("UPDATE reading SET total_force_n = NULL WHERE state = 'confirmed'", "confirmed_whole"),
        ("UPDATE reading SET reason = NULL WHERE state = 'voided'", "reasoned"),
        ("UPDATE reading SET settled_seq = NULL WHERE state = 'voided'", "reading_settled"),
        ("UPDATE reading SET settled_at = NULL WHERE state = 'voided'", "settled_whole"),
        ("UPDATE reading SET settled_seq = 1 WHERE op = 's1-4'", "settled_after"),
        ("UPDATE reading SET position = -1 WHERE op = 's1-4'", "position_counted"),
        ("UPDATE reading SET op = NULL", "op"),
        ("UPDATE reading SET block_id = 'B-9' WHERE tray_seq IS NULL", "FOREIGN|fk_reading"),
        ("UPDATE reading SET block_id = 'SEAT-1' WHERE op = 's1-4'", "FOREIGN|fk_reading"),
        ("UPDATE reading SET duty_seq = 1 WHERE tray_seq IS NULL", "FOREIGN|fk_reading"),
        (
            "UPDATE reading SET duty_seq = (SELECT min(seq) FROM duty) WHERE tray_seq > 0",
            "one_owner",
        ),
        (
            "UPDATE reading SET x_mm = 0, y_mm = 0 WHERE block_id = 'B-1'",
            "UNIQUE.*x_mm|uq_reading_place",
        ),
        ("UPDATE reading SET settled_seq = 1000 WHERE settled_seq > 0", "UNIQUE|uq_reading"),
        ("UPDATE verdict SET value = NULL", "value"),
        ("UPDATE verdict SET tray_seq = 1", "FOREIGN|fk_verdict"),
        ("UPDATE tray SET finished_seq = NULL WHERE finished_seq > 0", "finished_whole"),
        ("UPDATE tray SET finished_seq = 1 WHERE finished_seq > 0", "finished_after"),
        ("UPDATE run SET shape = 'oval'", "shape_known"),
        ("UPDATE run SET sent_to = 'home' WHERE refusal <> ''", "sent_to_known"),
        ("UPDATE run SET width_mm = 0", "size_positive"),
        ("UPDATE run SET refusal = NULL WHERE refusal <> ''", "refused_whole"),
        ("UPDATE run SET identified_by = NULL WHERE identified_by <> ''", "identified_whole"),
        ("UPDATE run SET block_id = 'nobody'", "FOREIGN|UNIQUE|fk_|pk_run"),
        ("UPDATE surface_picture SET purpose = 'art'", "purpose_known"),
        ("UPDATE surface_picture SET sha256 = 'abc'", "sha256_whole"),
        ("UPDATE holder_block SET role = 'chair'", "role_known"),
        ("UPDATE holder_block SET positions = -1", "positions_counted"),
        ("UPDATE duty SET kind = 'chore'", "kind_known"),
        ("UPDATE duty SET needed = -1", "needed_counted"),
        ("UPDATE question SET chosen = NULL WHERE chosen <> ''", "answered_whole"),
        ("UPDATE question SET answered_seq = 1 WHERE chosen <> ''", "answered_after"),
        ("UPDATE projection SET id = 2", "only_one"),
        ("UPDATE projection SET hash = 'abc'", "hash_whole"),
        ("UPDATE projection SET seq = -1", "seq_counted"),
        ("DELETE FROM block WHERE id = 'B-1'", "FOREIGN|fk_"),
        ("DELETE FROM duty", "FOREIGN|fk_"),
    ],
)
def test_the_database_forbids(statement: str, constraint: str, projected: Engine) -> None:
    with pytest.raises(IntegrityError, match=constraint), projected.begin() as connection:
        connection.execute(text(statement))


def test_the_statements_meet_rows(projected: Engine) -> None:
    # Without rows to meet, an UPDATE violates nothing and the test above would be worth nothing.
    with projected.connect() as connection:
        for table in ("reading", "verdict", "tray", "run", "duty", "question", "holder_block"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
