"""The library follows the journal, is allowed to be away, and never gets ahead of the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller import projector as module
from controller.events import SessionBegan
from controller.journal import Journal
from controller.projector import Projector, committed
from records.database import connect
from records.projection import position
from runtime import Clock, run_virtual

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def grow(journal: Journal, count: int, *, durable: bool = True) -> None:
    for session in range(journal.seq + 1, journal.seq + count + 1):
        journal.append(AT, (SessionBegan(session, "p", "c", 1),), durable=durable)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'records.sqlite'}"


def reached(folder: Path) -> tuple[int, str]:
    engine = connect(url(folder))
    try:
        return position(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("batch", [1, 2, 7, 500])
def test_everything_arrives_whatever_the_batch(
    tmp_path: Path, journal: Journal, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    grow(journal, 7)
    projector = Projector(journal.path, url(tmp_path))
    assert asyncio.run(projector.catch_up())
    assert reached(tmp_path) == (7, journal.head)
    grow(journal, 3)
    assert asyncio.run(projector.catch_up())
    projector.close()
    assert reached(tmp_path) == (10, journal.head)


def test_a_new_projector_goes_on_where_the_last_one_was(tmp_path: Path, journal: Journal) -> None:
    for _ in range(3):
        grow(journal, 4)
        projector = Projector(journal.path, url(tmp_path))
        assert asyncio.run(projector.catch_up())
        projector.close()
    assert reached(tmp_path) == (12, journal.head)


def test_a_row_that_is_not_committed_is_not_projected(tmp_path: Path, journal: Journal) -> None:
    grow(journal, 2)
    grow(journal, 1, durable=False)
    assert [row.seq for row in committed(journal.path, 0, 10)] == [1, 2]
    projector = Projector(journal.path, url(tmp_path))
    assert asyncio.run(projector.catch_up())
    projector.close()
    assert reached(tmp_path)[0] == 2


def test_a_library_that_is_away_is_tried_until_it_is_back_and_complained_of_once(
    tmp_path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "controller.projector")
    place = tmp_path / "away"
    grow(journal, 5)

    async def away_for_ten_minutes() -> Projector:
        clock = Clock.starting(AT)
        projector = Projector(journal.path, url(place))
        following = asyncio.create_task(projector.run(clock))
        await clock.sleep(600)
        assert projector.trouble
        assert not projector.refused
        assert len(caplog.records) == 1
        place.mkdir()
        await clock.sleep(120)
        assert projector.trouble == ""
        grow(journal, 2)
        await clock.sleep(30)
        following.cancel()
        projector.close()
        return projector

    run_virtual(away_for_ten_minutes())
    assert reached(place) == (7, journal.head)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_the_library_of_another_journal_is_left_alone(tmp_path: Path, journal: Journal) -> None:
    grow(journal, 3)
    first = Projector(journal.path, url(tmp_path))
    assert asyncio.run(first.catch_up())
    first.close()
    before = reached(tmp_path)
    other = Journal(tmp_path / "other.sqlite")
    other.append(AT, tuple(SessionBegan(n, "other", "c", 2) for n in range(1, 9)), durable=True)

    async def follow() -> Projector:
        clock = Clock.starting(AT)
        projector = Projector(other.path, url(tmp_path))
        await asyncio.wait_for(projector.run(clock), 60)
        projector.close()
        return projector

    projector = run_virtual(follow())
    other.close()
    assert projector.refused
    assert "another journal" in projector.trouble
    assert reached(tmp_path) == before


@pytest.mark.parametrize("bad", ["nonsense", "nosuch://x/y"])
def test_an_address_that_is_none_is_trouble_and_no_crash(
    tmp_path: Path, journal: Journal, bad: str
) -> None:
    grow(journal, 1)
    projector = Projector(journal.path, bad)
    assert not asyncio.run(projector.catch_up())
    assert projector.refused
