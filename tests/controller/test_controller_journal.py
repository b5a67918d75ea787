"""The journal: what is committed survives as it was written, and no edit goes unseen."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import (
    AlarmRaised,
    AnyEvent,
    ArmMoved,
    CheckJudged,
    CommandTaken,
    EpochClaimed,
    Evidence,
    IndentIntended,
    SessionBegan,
)
from controller.journal import (
    FORMAT,
    GENESIS,
    Journal,
    JournalError,
    Row,
    broken_links,
    chain,
    read_rows,
)
from tests.controller.any_event import EVENTS, KINDS, PLAIN, some

MEMORY = Path(":memory:")
AT = datetime(2026, 1, 5, 8, 0, 0, 123456, tzinfo=UTC)
STAMP = "2026-01-05T08:00:00.123+00:00"

HISTORY: tuple[AnyEvent, ...] = (
    SessionBegan(1, "hardlab", "0" * 64, 7),
    EpochClaimed("arm", 1, 3),
    ArmMoved("slot-01"),
    IndentIntended("op-1", "B", 0, 1.5, -2.0, "HRC", "", 1, 1, Evidence(3, 1, 0, 7, -1, 0, 2)),
    CheckJudged("c-1", "check", Decimal("60.120"), Decimal(60), Decimal("0.120"), Decimal(1), True),
    AlarmRaised("device-no-reply", "arm", "硬度块 “quoted”\n"),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_kind_of_event_comes_back_exactly(kind: type[Any], data: st.DataObject) -> None:
    event = data.draw(some(kind))
    (row,) = rows_of(event)
    # repr tells 61.20 from 61.2 and -0.0 from 0.0, which == does not.
    assert repr(row.event()) == repr(event)
    assert (row.kind, row.version) == (kind.__name__, kind.VERSION)


# -- canonical text ----------------------------------------------------------------


def test_a_row_is_written_as_agreed() -> None:
    (row,) = rows_of(HISTORY[4])
    body = (
        '{"duty":"c-1","block":"check","mean":"60.120","certified":"60",'
        '"deviation":"0.120","limit":"1","good":true,"day":""}'
    )
    text = f"{GENESIS}\n1\n{STAMP}\nCheckJudged\n1\n{body}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert row == Row(1, STAMP, "CheckJudged", 1, body, digest)


@settings(deadline=None)
@given(EVENTS)
def test_the_body_is_one_compact_line_with_fields_in_order(event: AnyEvent) -> None:
    (row,) = rows_of(event)
    assert list(json.loads(row.body)) == [field.name for field in fields(event)]
    without_texts = re.sub(r'"(?:[^"\\]|\\.)*"', '""', row.body)
    assert not re.search(r"\s", without_texts)
    assert "\n" not in row.body


def test_what_people_write_stays_readable() -> None:
    (row,) = rows_of(HISTORY[5])
    assert "硬度块" in row.body


# -- the chain ---------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=6), st.data())
def test_an_edit_of_any_field_is_found_where_it_is(
    history: list[AnyEvent], data: st.DataObject
) -> None:
    rows = rows_of(*history)
    k = data.draw(st.integers(0, len(rows) - 1))
    edited = data.draw(edits(rows[k]))
    links = list(broken_links(iter([*rows[:k], edited, *rows[k + 1 :]])))
    assert links[0] == edited.seq
    assert list(broken_links(iter(rows))) == []


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=2, max_size=6), st.data())
def test_an_edit_with_a_hash_made_to_fit_breaks_the_next_row(
    history: list[AnyEvent], data: st.DataObject
) -> None:
    rows = rows_of(*history)
    k = data.draw(st.integers(0, len(rows) - 2))
    previous = rows[k - 1].hash if k else GENESIS
    forged = replace(rows[k], body='{"alarm":"none"}')
    forged = replace(forged, hash=hash_of(previous, forged))
    assert list(broken_links(iter([*rows[:k], forged, *rows[k + 1 :]]))) == [k + 2]


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=2, max_size=6), st.data())
def test_a_deletion_breaks_the_chain_or_leaves_another_head(
    history: list[AnyEvent], data: st.DataObject
) -> None:
    rows = rows_of(*history)
    k = data.draw(st.integers(0, len(rows) - 1))
    left = [*rows[:k], *rows[k + 1 :]]
    if k < len(rows) - 1:
        assert list(broken_links(iter(left))) == [k + 2]
    else:
        # Nothing follows the last row: whoever must notice compares the head.
        assert left[-1].hash != rows[-1].hash


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=2, max_size=6), st.data())
def test_rows_that_change_places_or_come_twice_are_found(
    history: list[AnyEvent], data: st.DataObject
) -> None:
    rows = rows_of(*history)
    i, j = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2)))
    swapped = [*rows]
    swapped[i], swapped[j] = rows[j], rows[i]
    twice = [*rows[: j + 1], rows[i], *rows[j + 1 :]]
    # Also when the numbers are made to look right again.
    renumbered = [replace(row, seq=n) for n, row in enumerate(swapped, 1)]
    for forged in (swapped, twice, renumbered):
        assert list(broken_links(iter(forged)))


def test_a_chain_can_be_checked_from_its_middle() -> None:
    rows = rows_of(*HISTORY)
    assert not list(broken_links(iter(rows[3:]), rows[2].hash, 3))
    assert list(broken_links(iter(rows[3:]), rows[1].hash, 3)) == [4]


def test_the_hash_depends_on_each_part_of_a_row() -> None:
    parts: list[tuple[str, int, str, str, int, str]] = [
        (GENESIS, 1, STAMP, "ArmMoved", 1, "{}"),
        ("1" * 64, 1, STAMP, "ArmMoved", 1, "{}"),
        (GENESIS, 2, STAMP, "ArmMoved", 1, "{}"),
        (GENESIS, 1, "2027", "ArmMoved", 1, "{}"),
        (GENESIS, 1, STAMP, "TrayFinished", 1, "{}"),
        (GENESIS, 1, STAMP, "ArmMoved", 2, "{}"),
        (GENESIS, 1, STAMP, "ArmMoved", 1, "[]"),
    ]
    assert len({chain(*part) for part in parts}) == len(parts)


# -- what a crash leaves -------------------------------------------------------------


def test_reopening_continues_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for n in range(3):
        journal = Journal(path)
        assert journal.seq == 2 * n
        journal.append(AT, HISTORY[2 * n : 2 * n + 2], durable=bool(n))
        head = journal.head
        journal.close()
    rows = list(read_rows(path))
    assert [row.event() for row in rows] == list(HISTORY)
    assert not list(broken_links(iter(rows)))
    assert rows[-1].hash == head


def test_an_empty_journal_begins_at_the_genesis(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    assert (journal.seq, journal.head, list(journal.rows())) == (0, GENESIS, [])
    journal.close()


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["durable", "ride", "ride", "flush", "die", "close"]),
        st.lists(EVENTS, max_size=3).map(tuple),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(OPERATIONS)
def test_after_death_exactly_what_was_committed_is_there(
    operations: list[tuple[str, tuple[AnyEvent, ...]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        journal = Journal(path)
        committed: list[AnyEvent] = []
        riding: list[AnyEvent] = []
        for what, batch in operations:
            if what in ("durable", "ride"):
                riding += batch
                journal.append(AT, batch, durable=what == "durable")
            elif what == "flush":
                journal.flush()
            elif what == "close":
                journal.close()
            else:
                journal.die()
                riding = []
            if what != "ride":
                committed, riding = committed + riding, []
            # A second connection sees what a restart would: the committed rows.
            assert [row.event() for row in read_rows(path)] == committed
            if what in ("die", "close"):
                journal = Journal(path)
            assert journal.seq == len(committed) + len(riding)
        journal.die()
        assert not list(broken_links(read_rows(path)))


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("instant", "durable", "survives"),
    [
        ("before-write", True, False),
        ("before-commit", True, False),
        ("after-write", True, True),
        ("before-write", False, False),
        ("after-write", False, False),
    ],
)
def test_death_at_each_instant_of_an_append(
    tmp_path: Path, instant: str, durable: bool, survives: bool
) -> None:
    path = tmp_path / "journal.sqlite"
    armed: list[str] = []

    def boundary(name: str) -> None:
        if name in armed:
            raise Killed

    journal = Journal(path, boundary)
    journal.append(AT, HISTORY[:1], durable=True)
    armed.append(instant)
    with pytest.raises(Killed):
        journal.append(AT, HISTORY[1:3], durable=durable)
    journal.die()
    kept = [row.event() for row in read_rows(path)]
    # A batch is kept as a whole or not at all.
    assert kept == list(HISTORY[:3] if survives else HISTORY[:1])
    reopened = Journal(path)
    reopened.append(AT, HISTORY[3:], durable=True)
    reopened.close()
    assert not list(broken_links(read_rows(path)))


def test_a_durable_append_is_committed_in_full_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    said, connections = listen_to_sqlite(monkeypatch)
    journal = Journal(path)
    (db,) = connections
    # 2 is FULL: in WAL mode every commit then waits for the disk.
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    said.clear()
    journal.append(AT, HISTORY[:2], durable=False)
    assert "COMMIT" not in said
    assert list(read_rows(path)) == []
    journal.append(AT, HISTORY[2:3], durable=True)
    assert said[-1] == "COMMIT"
    assert [row.event() for row in read_rows(path)] == list(HISTORY[:3])
    journal.append(AT, HISTORY[3:], durable=False)
    journal.flush()
    assert len(list(read_rows(path))) == len(HISTORY)
    journal.close()
    assert not [text for text in said if text.startswith("PRAGMA") and "=" in text]


def test_a_full_disk_leaves_no_gap_in_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    _, connections = listen_to_sqlite(monkeypatch)
    journal = Journal(path)
    journal.append(AT, HISTORY[:1], durable=True)
    (db,) = connections
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")
    large = AlarmRaised("disk", "journal", "x" * 20_000)
    with pytest.raises((sqlite3.Error, JournalError)):
        journal.append(AT, (*HISTORY[1:2], large), durable=True)
    db.execute(f"PRAGMA max_page_count={pages + 1000}")
    # It may refuse everything from now on, or go on; it may not go on with a gap.
    with suppress(JournalError):
        journal.append(AT, HISTORY[2:3], durable=True)
    journal.die()
    assert not list(broken_links(read_rows(path)))


def test_reading_starts_after_what_is_known(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.append(AT, HISTORY, durable=True)
    for known in range(len(HISTORY) + 2):
        assert [row.seq for row in journal.rows(known)] == list(range(known + 1, len(HISTORY) + 1))
    journal.close()


def test_a_second_writer_cannot_fork_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first, second = Journal(path), Journal(path)
    first.append(AT, HISTORY[:2], durable=True)
    with pytest.raises(JournalError, match="cannot be written"):
        second.append(AT, HISTORY[2:3], durable=True)
    second.die()
    first.append(AT, HISTORY[2:], durable=True)
    first.close()
    rows = list(read_rows(path))
    assert [row.event() for row in rows] == list(HISTORY)
    assert not list(broken_links(iter(rows)))


# -- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "version"), [("CommandTaken", 2), ("CommandTaken", 0), ("Teleported", 1), ("", 1)]
)
def test_an_unknown_kind_or_version_is_refused_by_name(kind: str, version: int) -> None:
    (row,) = rows_of(CommandTaken("c-1", "pause", "Li"))
    with pytest.raises(JournalError) as refused:
        replace(row, seq=41, kind=kind, version=version).event()
    for told in ("event 41", kind, f"version {version}"):
        assert told in str(refused.value)


def test_another_format_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={FORMAT + 8}")
    db.close()
    with pytest.raises(JournalError, match=f"format {FORMAT + 8}.*reads {FORMAT}"):
        Journal(path)


def _garbage(path: Path) -> None:
    path.write_bytes(b"hardness,61.2\n" * 200)


def _folder(path: Path) -> None:
    path.mkdir()


def _read(path: Path) -> None:
    list(read_rows(path))


READING_A_FOLDER = pytest.param(_folder, _read)


@pytest.mark.parametrize(
    ("make", "use"),
    [(_garbage, Journal), (_folder, Journal), (_garbage, _read), READING_A_FOLDER],
)
def test_what_is_no_journal_is_refused_by_its_path(
    tmp_path: Path, make: Callable[[Path], None], use: Callable[[Path], object]
) -> None:
    path = tmp_path / "strange.sqlite"
    make(path)
    with pytest.raises(JournalError, match=r"strange\.sqlite"):
        use(path)


@pytest.mark.parametrize(
    "name",
    [
        "塔台 1",
        "50%25",
        "why?",
        "run#2",
    ],
)
def test_a_journal_is_read_from_any_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "journal.sqlite"
    path.parent.mkdir()
    written = Journal(path)
    written.append(AT, HISTORY, durable=True)
    written.close()
    assert [row.event() for row in read_rows(path)] == list(HISTORY)


def test_reading_never_creates_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with pytest.raises(JournalError, match=r"journal\.sqlite"):
        list(read_rows(path))
    assert not path.exists()


# -- helpers ---------------------------------------------------------------------------


def rows_of(*events: AnyEvent) -> list[Row]:
    journal = Journal(MEMORY)
    journal.append(AT, events, durable=True)
    rows = list(journal.rows())
    journal.close()
    return rows


def hash_of(previous: str, row: Row) -> str:
    return chain(previous, row.seq, row.at, row.kind, row.version, row.body)


def edits(row: Row) -> st.SearchStrategy[Row]:
    """Return rows that differ from this one in exactly one column."""
    others: dict[str, st.SearchStrategy[Any]] = {
        "seq": st.integers(1, 99),
        "at": st.datetimes().map(datetime.isoformat),
        "kind": st.sampled_from([kind.__name__ for kind in KINDS]),
        "version": st.integers(0, 9),
        "body": PLAIN[str],
        "hash": st.text("0123456789abcdef", min_size=64, max_size=64),
    }
    column = st.sampled_from(sorted(others))
    edited = column.flatmap(lambda name: others[name].map(lambda value: _edit(row, name, value)))
    return edited.filter(lambda other: other != row)


def _edit(row: Row, column: str, value: Any) -> Row:
    return replace(row, **{column: value})


def listen_to_sqlite(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[str], list[sqlite3.Connection]]:
    """Note every statement, and hand out every connection, that is made from now on."""
    said: list[str] = []
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def listening(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **kwargs)
        if not kwargs.get("uri"):
            db.set_trace_callback(said.append)
            connections.append(db)
        return db

    monkeypatch.setattr(sqlite3, "connect", listening)
    return said, connections
