"""What a person sees follows from the journal, and from nothing else."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from controller import events as e
from controller.events import AnyEvent, BlockOrder
from controller.fold import fold_all
from controller.journal import Journal, Row
from controller.messages import plain
from controller.packml import STATES
from controller.report import csv_text, describe, overview, overview_from, plain_result, summarise
from controller.report.overview import LETTERS, slot_state
from controller.report.panel import overview_panel
from controller.report.table import result_table
from controller.report.words import _WORDS
from controller.state import CellState

A = BlockOrder("A-1", "HRC", 1, "round", 64, 64, Decimal("61.2"), Decimal("0.2"))
B = BlockOrder("B-2", "HRC", 2, "round", 64, 64, Decimal("45.0"), None)
C = BlockOrder("C-3", "HRC", 5, "round", 64, 64)
TRAY = e.TrayAccepted("tray", "jjg113-2013", (A, B, C))


def verdict(block: str, *, passed: bool) -> e.Judged:
    return e.Judged(
        block=block,
        mean=Decimal("61.188"),
        value=Decimal("61.2"),
        uniformity=Decimal("0.30"),
        limit=Decimal("0.4"),
        passed=passed,
        provisional=True,
        reason="because",
        expanded_uncertainty=Decimal("0.35"),
        regulation="JJG 113-2013",
    )


HISTORY: tuple[AnyEvent, ...] = (
    e.SessionBegan(1, "test", "digest", 1),
    TRAY,
    verdict("A-1", passed=True),
    verdict("B-2", passed=False),
    e.DecisionAsked("q-0001", "no_room", "C-3", "", "no room", ("reject", "return"), "", "", ""),
    e.AlarmRaised("device-no-link", "camera", "silent"),
)


def rows(folder: Path, history: tuple[AnyEvent, ...]) -> list[Row]:
    journal = Journal(folder / "j.sqlite")
    for minute, event in enumerate(history):
        journal.append(datetime(2026, 1, 5, 8, minute, tzinfo=UTC), (event,), durable=True)
    found = list(journal.rows())
    journal.close()
    return found


def text(shown: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(shown)
    return out.getvalue()


def test_results_have_every_digit_and_deviations_only_where_something_was_published(
    tmp_path: Path,
) -> None:
    result, _ = summarise(rows(tmp_path, HISTORY))
    a, b, c = result.blocks
    assert (a.outcome, b.outcome, c.outcome) == ("pass", "fail", "unfinished")
    assert (str(a.mean), str(a.mean_deviation)) == ("61.188", "-0.012")
    assert str(a.uniformity_deviation) == "0.10"
    assert b.mean_deviation == Decimal("16.188")
    assert b.uniformity_deviation is None
    assert c.mean is None
    assert result.makespan_s == 240.0
    assert [q.answer for q in result.questions] == [""]
    assert not result.finished


def test_a_block_refused_after_its_verdict_counts_as_refused(tmp_path: Path) -> None:
    refused = e.BlockRefused("A-1", "the surface is not as expected", "reject")
    result, _ = summarise(rows(tmp_path, (*HISTORY, refused)))
    assert result.blocks[0].outcome == "refused"
    assert result.count("refused") == 1
    assert "not as expected" in result.blocks[0].reason


def test_the_second_acceptance_of_a_tray_starts_a_new_result(tmp_path: Path) -> None:
    result, _ = summarise(rows(tmp_path, (*HISTORY, TRAY)))
    assert [block.outcome for block in result.blocks] == ["unfinished"] * 3
    assert result.makespan_s == 0.0
    assert not result.questions


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    result, _ = summarise(rows(tmp_path, HISTORY))
    data = json.loads(json.dumps(plain_result(result)))
    sheet = list(csv.DictReader(io.StringIO(csv_text(result))))
    assert data["counts"] == {"pass": 1, "fail": 1, "refused": 0, "unfinished": 1}
    for row, block in zip(sheet, data["blocks"], strict=True):
        for name, cell in row.items():
            value = block[name]
            shown = json.dumps(value) if isinstance(value, bool) else str(value)
            assert cell == ("" if value is None else shown)


def test_an_empty_journal_gives_an_empty_result() -> None:
    result, _ = summarise([])
    assert result.blocks == ()
    assert "tray" in text(result_table(result), 80).lower()


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits_and_tells_pass_from_fail_without_colour(tmp_path: Path, width: int) -> None:
    result, _ = summarise(rows(tmp_path, HISTORY))
    lines = text(result_table(result), width).splitlines()
    assert max(map(cell_len, lines)) <= width
    (line,) = (line for line in lines if "B-2" in line)
    assert "FAIL 不合格 *" in line
    (line,) = (line for line in lines if "A-1" in line)
    assert "-0.012" in line
    assert "pass 合格 *" in line
    assert "…" not in "".join(lines)


STATE = fold_all(HISTORY)


def test_slots_show_what_became_of_their_blocks() -> None:
    seen = overview(STATE, slots=6, needed=5, at="2026-01-05T08:00:00+00:00")
    assert [slot.state for slot in seen.slots] == [
        *("pass", "fail", "empty", "empty", "asked", "empty")
    ]
    assert [q.question for q in seen.questions] == ["q-0001"]
    assert seen.alarms == (("device-no-link:camera", "silent"),)


def test_a_block_away_from_its_slot_is_being_measured() -> None:
    block = fold_all((TRAY,)).blocks["A-1"]
    assert slot_state(block) == "waiting"
    assert slot_state(replace(block, at="tester")) == "work"


def with_block_at(place: str, mode: str) -> CellState:
    state = replace(STATE, mode=mode, arm_at="tester")
    block = replace(state.blocks["C-3"], at=place, held_by=())
    return replace(state, blocks={**state.blocks, "C-3": block})


@given(
    place=st.sampled_from(["slot-05", "sizing", "vision", "tester", "gripper", "reject-01"]),
    mode=st.sampled_from(["", *STATES]),
    width=st.integers(80, 140),
)
def test_an_overview_survives_the_bus_and_fits_the_terminal(
    place: str, mode: str, width: int
) -> None:
    state = with_block_at(place, mode)
    seen = overview(state, slots=33, needed=5, at="2026-01-05T08:00:00+00:00")
    assert overview_from(json.loads(json.dumps(plain(seen)))) == seen
    shown = text(overview_panel(seen, ["x" * 300], "run"), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    for letter, *_ in LETTERS.values():
        assert letter in shown
    assert "01 P" in shown
    assert "02 F" in shown
    assert "hardlab decide q-0001 ANSWER --out run" in shown
    if mode != "EXECUTE":
        assert "photographs" not in shown, "a cell that waits photographs nothing"


def test_every_event_can_be_told_in_words() -> None:
    assert set(_WORDS) == set(get_args(AnyEvent))
    for event in HISTORY:
        line = describe(event)
        assert line
        assert "\n" not in line
