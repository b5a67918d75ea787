from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from records import repository
from records.views import RunKey


def key(engine: Engine, block: str) -> RunKey:
    return next(run.key for run in repository.runs(engine, "T-7") if run.block_id == block)


def test_a_tray_that_came_twice_is_two_trays(projected: Engine) -> None:
    early, late = repository.trays(projected)
    assert (early.name, late.name) == ("T-7", "T-7")
    assert (early.passed, early.failed, early.refused) == (2, 0, 1)
    assert early.finished_at is not None
    assert late.finished_at is None


def test_runs_tell_order_and_end_of_each_block(projected: Engine) -> None:
    runs = repository.runs(projected, "T-7")
    assert [(run.block_id, run.slot) for run in runs] == [
        ("B-1", 1),
        ("B-2", 2),
        ("B-3", 3),
        ("B-1", 4),
    ]
    assert runs[0].identified_by == "code"
    assert (runs[1].refusal, runs[1].sent_to) == ("identity unknown", "reject")
    assert repository.runs(projected, "T-8") == ()


def test_readings_tell_every_indentation_as_published(projected: Engine) -> None:
    readings = repository.readings(projected, key(projected, "B-1"))
    assert [(r.position, r.attempt, r.state) for r in readings] == [
        (0, 1, "confirmed"),
        (1, 1, "not-happened"),
        (1, 2, "confirmed"),
        (2, 1, "voided"),
        (3, 1, "confirmed"),
    ]
    first, void = readings[0], readings[3]
    assert str(first.hardness) == "60.10"
    assert first.raw == "\x020;60.10;HRC;OK\x03\r\n"
    assert first.received == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert (first.preliminary_dwell_ms, first.loading_ms, first.total_dwell_ms) == (
        3010,
        4020,
        5005,
    )
    assert str(first.total_force_n) == "1471.0"
    assert [r.recovered for r in readings if r.valid] == [False, True, False]
    assert (void.void, void.hardness, void.number, void.raw) == (True, None, 9, "?")
    assert void.reason == "seen in the picture, no record"


def test_a_reading_voided_afterwards_keeps_its_values(projected: Engine) -> None:
    (reading,) = repository.readings(projected, key(projected, "B-3"))
    assert reading.void
    assert not reading.valid
    assert (str(reading.hardness), reading.number) == ("60.10", 0)
    assert reading.reason == "overlap seen in the second picture"


def test_an_indentation_without_its_end_stays_intended(projected: Engine) -> None:
    *_, last = repository.block_history(projected, "B-1")
    assert [(r.op, r.state) for r in last.readings] == [("s2-1", "confirmed"), ("s2-2", "intended")]


def test_the_last_verdict_of_a_run_stands(projected: Engine) -> None:
    verdicts = repository.verdicts(projected, "T-7")
    assert [(v.block_id, str(v.mean), v.passed) for v in verdicts] == [
        ("B-1", "60.1", True),
        ("B-3", "60.0", True),
    ]
    assert verdicts[0].uniformity_limit == Decimal("0.50")
    assert verdicts[0].provisional


def test_the_history_of_a_block_holds_all_its_verifications(projected: Engine) -> None:
    early, late = repository.block_history(projected, "B-1")
    assert early.tray.seq < late.tray.seq
    assert [p.purpose for p in early.pictures] == ["before", "doubt", "after"]
    assert [str(c.temperature_c) for c in early.environment] == ["22.90"]
    assert len(early.verdicts) == 1
    assert late.verdicts == ()
    (third,) = repository.block_history(projected, "B-3")
    assert [str(v.mean) for v in third.verdicts] == ["59.9", "60.0"]


def test_indentations_on_the_holder_belong_to_their_duty(projected: Engine) -> None:
    (check,) = repository.checks(projected)
    assert check.good
    assert check.duty_seq is not None
    (reading,) = repository.duty_readings(projected, check.duty_seq)
    assert (reading.block_id, str(reading.hardness)) == ("CHECK-1", "60.25")
    assert reading.tray_seq is None
    assert repository.block_history(projected, "CHECK-1") == ()


def test_questions_tell_who_answered(projected: Engine) -> None:
    answered, withdrawn, still_open = repository.questions(projected)
    assert (withdrawn.chosen, withdrawn.answered_by) == ("", "withdrawn: its session ended")
    assert (answered.chosen, answered.answered_by) == ("refuse", "deadline")
    assert answered.options == ("accept", "refuse")
    assert answered.deadline == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (still_open.block_id, still_open.deadline) == (None, None)
    assert repository.questions(projected, open_only=True) == (still_open,)


def test_counts_name_every_table(projected: Engine) -> None:
    counts = repository.counts(projected)
    assert counts["tray"] == 2
    assert counts["run"] == 4
    assert counts["block"] == 5
    assert counts["reading"] == 10
    assert counts["lab_session"] == 2
    assert "projection" not in counts


def test_views_cannot_be_changed(projected: Engine) -> None:
    view = repository.trays(projected)[0]
    with pytest.raises(ValidationError, match="frozen"):
        view.name = "other"  # type: ignore[misc]  # frozen: it must refuse
