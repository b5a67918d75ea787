from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from controller.journal import Row
from records.chain import GENESIS, ProjectionError, link
from records.database import reading, writing
from records.projecting.rules import RULES
from records.projection import position, project, project_within, rebuild
from tests.records.example_day import (
    Content,
    content,
    duty,
    indented,
    journal,
    rechained,
    stocked,
    tray,
)

Fresh = Callable[[], Engine]


def altered(rows: Sequence[Row], seq: int, **changes: Any) -> list[Row]:
    """Another journal, in which one row says something else."""
    return rechained([replace(row, **changes) if row.seq == seq else row for row in rows])


def first(rows: Sequence[Row], kind: str) -> Row:
    return next(row for row in rows if row.kind == kind)


def test_every_event_the_library_keeps_finds_its_row(library: Engine, rows: list[Row]) -> None:
    assert project(library, rows) == len(rows)
    assert {row.kind for row in rows} >= set(RULES)
    assert all(content(library).values()), "the example journal fills every table"
    assert position(library) == (len(rows), rows[-1].hash)


def test_the_same_rows_again_change_nothing(library: Engine, rows: list[Row]) -> None:
    project(library, rows)
    once = content(library)
    assert project(library, rows) == 0
    assert project(library, rows[-3:]) == 0
    assert content(library) == once


def test_one_row_at_a_time_is_as_good_as_all_at_once(
    library: Engine, rows: list[Row], fresh: Fresh
) -> None:
    whole = fresh()
    project(whole, rows)
    assert sum(project(library, [row]) for row in rows) == len(rows)
    assert content(library) == content(whole)


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8))
def test_any_chunks_with_any_repeats_give_the_same_library(
    steps: list[tuple[int, int]], fresh: Fresh, rows: list[Row], whole: Content
) -> None:
    engine, done = fresh(), 0
    for repeated, new in [*steps, (0, len(rows))]:
        begin, end = max(0, done - repeated), min(len(rows), done + new)
        assert project(engine, iter(rows[begin:end])) == end - done
        done = end
    assert content(engine) == whole


@pytest.fixture(scope="session")
def whole(fresh: Fresh, rows: list[Row]) -> Content:
    engine = fresh()
    project(engine, rows)
    return content(engine)


@settings(max_examples=12, deadline=None)
@given(cut=st.integers(0, 40), more=st.integers(0, 20))
def test_a_failure_in_mid_transaction_keeps_nothing_of_it(
    cut: int, more: int, fresh: Fresh, rows: list[Row], whole: Content
) -> None:
    def breaking() -> Iterator[Row]:
        yield from rows[cut : cut + more]
        raise OSError("the journal's disk went away")

    engine = fresh()
    project(engine, rows[:cut])
    before = content(engine)
    with pytest.raises(OSError, match="went away"):
        project(engine, breaking())
    assert content(engine) == before
    project(engine, rows)
    assert content(engine) == whole


_DYING = """
import os, sys
from records.database import connect
from records.projection import project
from tests.records.example_day import example_day, journal

def rows():
    for row in journal(example_day()):
        if row.seq == 20:
            os.kill(os.getpid(), 9)
        yield row

project(connect(sys.argv[1]), rows())
"""


def test_a_killed_projector_leaves_cursor_and_rows_in_step(
    fresh: Fresh, rows: list[Row], whole: Content, pytestconfig: pytest.Config
) -> None:
    engine = fresh()
    project(engine, rows[:10])
    before = content(engine)
    dying = [sys.executable, "-c", _DYING, engine.url.render_as_string()]
    died = subprocess.run(dying, cwd=pytestconfig.rootpath, check=False)
    assert died.returncode == -signal.SIGKILL
    assert content(engine) == before
    project(engine, rows)
    assert content(engine) == whole


def test_a_chain_that_does_not_continue_is_refused(library: Engine, rows: list[Row]) -> None:
    project(library, rows[:10])
    before = content(library)
    forged = replace(rows[11], body=rows[11].body + " ")
    with pytest.raises(ProjectionError, match="row 12 does not continue the chain"):
        project(library, [rows[10], forged, *rows[12:]])
    assert content(library) == before


def test_another_journal_is_refused(library: Engine, rows: list[Row]) -> None:
    project(library, rows[:10])
    other = altered(rows, 1, at="2025-01-01T00:00:00.000+00:00")
    with pytest.raises(ProjectionError, match="row 11 does not continue"):
        project(library, other[10:])
    with pytest.raises(ProjectionError, match="row 10 was projected with the hash"):
        project(library, other)


def test_a_gap_is_refused(library: Engine, rows: list[Row]) -> None:
    with pytest.raises(ProjectionError, match="give the rows from 1 on"):
        project(library, rows[1:])


def test_the_link_is_the_journal_s_own(rows: list[Row]) -> None:
    head = GENESIS
    for row in rows:
        assert link(head, row) == row.hash
        head = row.hash


def test_a_kind_nobody_knows_changes_only_the_cursor(fresh: Fresh, rows: list[Row]) -> None:
    engine, seq = fresh(), first(rows, "AlarmRaised").seq
    future = altered(rows, seq, kind="SomethingNew", version=9, body='{"a": 1}')
    project(engine, future)
    assert position(engine) == (len(rows), future[-1].hash)


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("Judged", {"version": 2}, r"Judged version 2, this program reads version 1"),
        ("ClimateRead", {"body": '{"block": "B-1"}'}, "no readable ClimateRead"),
        (
            "ClimateRead",
            {"body": '{"block":"B-1","temperature_c":22.9,"humidity_pct":"45"}'},
            "a reading is written as text",
        ),
        (
            "ClimateRead",
            {"body": '{"block":"B-1","temperature_c":"NaN","humidity_pct":"45"}'},
            "no readable ClimateRead",
        ),
        ("IndentConfirmed", {"kind": "IndentIntended"}, "no readable IndentIntended"),
        ("DecisionAnswered", {"body": '{"question":"q-9","option":"","by":""}'}, "question q-9"),
        (
            "IndentVoided",
            {"body": '{"op":"s9","reason":"slip","number":null,"raw":""}'},
            "indentation s9",
        ),
        ("BlockRefused", {"body": '{"block":"B-9","reason":"","to":"slot"}'}, "a run of block B-9"),
        ("SessionBegan", {"at": "yesterday"}, "no readable SessionBegan"),
        ("SessionBegan", {"at": "2026-03-02T08:00:00"}, "has no zone"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_name(
    kind: str, changes: dict[str, Any], message: str, fresh: Fresh, rows: list[Row]
) -> None:
    engine, seq = fresh(), first(rows, kind).seq
    with pytest.raises(ProjectionError, match=message) as refusal:
        project(engine, altered(rows, seq, **changes))
    assert f"row {seq} " in str(refusal.value)
    assert position(engine) == (0, GENESIS)


def test_a_second_reading_of_one_indentation_is_refused(fresh: Fresh, rows: list[Row]) -> None:
    kept = [row for row in rows if row.kind == "IndentConfirmed"]
    again = rechained([*rows, replace(kept[0], seq=len(rows) + 1)])
    with pytest.raises(ProjectionError, match="a valid reading is never replaced"):
        project(fresh(), again)


def test_a_place_indented_twice_is_refused_by_the_database(
    library: Engine, rows: list[Row]
) -> None:
    last = rows[-1]
    twice = replace(last, seq=last.seq + 1, body=last.body.replace("s2-2", "s2-3"))
    with pytest.raises(ProjectionError, match=rf"row {last.seq + 1} \(IndentIntended\)"):
        project(library, rechained([*rows, twice]))


@pytest.mark.parametrize("step", [1, 100])
def test_a_finding_belongs_to_where_the_block_stood(step: int, fresh: Fresh) -> None:
    # A block verified on a tray may serve as check block afterwards, and come again on a tray.
    climate = ("ClimateRead", {"block": "B-1", "temperature_c": "23.0", "humidity_pct": "45"})
    on_holder = [
        stocked("B-1", "check", "60.1", "0.5"),
        duty("check", "closing-check", "B-1"),
        *indented("B-1", 0, "60.1", "op", "check"),
    ]
    told = [climate, tray(B_1=1), climate, *on_holder, climate, tray(B_1=1), climate]
    engine, kept = fresh(), journal(told)
    for begin in range(0, len(kept), step):
        project(engine, kept[begin : begin + step])
    with reading(engine) as session:
        found = session.execute(text("SELECT tray_seq FROM environment ORDER BY seq"))
        assert found.scalars().all() == [None, 2, None, 9]
        owner = session.execute(text("SELECT tray_seq, duty_seq FROM reading")).one()
        assert tuple(owner) == (None, 5)


def test_a_rebuild_gives_the_same_library(library: Engine, rows: list[Row]) -> None:
    project(library, rows)
    once = content(library)
    assert rebuild(library, rows) == len(rows)
    assert content(library) == once


def test_a_caller_s_own_row_shares_the_transaction(library: Engine, rows: list[Row]) -> None:
    def announce(session: Session) -> None:
        with session.begin():
            project_within(session, rows[:5])
            session.execute(text("INSERT INTO nowhere VALUES (1)"))

    with writing(library) as session, pytest.raises(Exception, match="nowhere"):
        announce(session)
    assert position(library) == (0, GENESIS)
