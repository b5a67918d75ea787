"""The ledger: what is recorded is true, in one order, and wakes whoever waits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from controller.events import (
    AnyEvent,
    ArmMoved,
    CommandTaken,
    EpochClaimed,
    ModeChanged,
    SessionBegan,
    TrayAccepted,
)
from controller.fold import fold_all
from controller.journal import JournalError, broken_links, read_rows
from controller.ledger import Ledger
from controller.state import CellState
from runtime import Clock, run_virtual
from tests.controller.paper_cell import cell, successors

ORIGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def on_ledger(path: Path, play: Callable[[Ledger], Awaitable[None]]) -> CellState:
    """Open a ledger, play on it and close it; return its last state."""

    async def main() -> CellState:
        ledger = Ledger.open(path, Clock(ORIGIN))
        await play(ledger)
        ledger.journal.close()
        return ledger.state

    return run_virtual(main())


def test_what_is_recorded_is_journaled_and_folded_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    batch: tuple[AnyEvent, ...] = (SessionBegan(1, "", "", 0), EpochClaimed("arm", 1, 3))

    async def play(ledger: Ledger) -> None:
        state = await ledger.record(*batch)
        assert state is ledger.state
        assert state == fold_all(batch)
        # Durable: another process sees it before anything follows from it.
        assert [row.event() for row in read_rows(path)] == list(batch)
        await ledger.record(ArmMoved("tester"), durable=False)
        assert ledger.state.arm_at == "tester"
        assert len(list(read_rows(path))) == 2

    on_ledger(path, play)
    assert len(list(read_rows(path))) == 3


def test_events_carry_the_process_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def play(ledger: Ledger) -> None:
        await ledger.record(SessionBegan(1, "", "", 0))
        await ledger.clock.sleep(90.5)
        await ledger.record(ArmMoved("tester"))

    on_ledger(path, play)
    stamps = [row.at for row in read_rows(path)]
    assert stamps == ["2026-01-05T08:00:00.000+00:00", "2026-01-05T08:01:30.500+00:00"]


@pytest.mark.parametrize("seed", range(4))
def test_a_reopened_ledger_is_where_it_was(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "journal.sqlite"
    course = course_of_a_tray(seed)

    async def play(ledger: Ledger) -> None:
        for events in course[ledger.journal.seq :]:
            await ledger.record(events, durable=False)

    whole = on_ledger(path, play)

    async def look(ledger: Ledger) -> None:
        assert repr(ledger.state) == repr(whole)

    on_ledger(path, look)
    assert repr(fold_all(course)) == repr(whole)


def course_of_a_tray(seed: int) -> list[AnyEvent]:
    """Return the events of one random course of a small tray, misfortunes included."""
    world = cell(2, misfortunes=4, seating=12, check=12)
    draw = Random(seed)
    history = list(opening(world.state))
    while steps := list(successors(world)):
        step = draw.choice(steps)
        history += step.events
        world = step.world
    assert repr(fold_all(history)) == repr(world.state)
    return history


def opening(state: CellState) -> tuple[AnyEvent, ...]:
    """Return events that lead to the state that a cell on paper begins with."""
    stocks = [block.stock for block in state.blocks.values() if block.stock]
    orders = tuple(block.order for block in state.customers if block.order)
    return (
        SessionBegan(1, "", "", 0),
        *stocks,
        TrayAccepted(state.tray, state.regulation, orders),
        ModeChanged("EXECUTE", ""),
    )


def test_simultaneous_records_come_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    heard: list[tuple[int, AnyEvent]] = []

    async def main() -> None:
        # On a real loop each commit is a thread's work: they could overlap.
        ledger = Ledger.open(path, Clock.starting(ORIGIN))
        ledger.listeners.append(lambda seq, event: heard.append((seq, event)))
        pairs = [
            (CommandTaken(f"a-{n}", "pause", ""), CommandTaken(f"b-{n}", "pause", ""))
            for n in range(20)
        ]
        await asyncio.gather(
            *(ledger.record(*pair, durable=bool(n % 2)) for n, pair in enumerate(pairs))
        )
        assert len(ledger.state.commands) == 40
        ledger.journal.close()

    asyncio.run(main())
    rows = list(read_rows(path))
    assert not list(broken_links(iter(rows)))
    assert [(row.seq, row.event()) for row in rows] == heard
    # A batch is never torn apart by another.
    ids = [event.command for _, event in heard if isinstance(event, CommandTaken)]
    assert [ident[0] for ident in ids] == ["a", "b"] * 20
    assert all(a[1:] == b[1:] for a, b in zip(ids[::2], ids[1::2], strict=True))


def test_listeners_hear_an_event_when_it_is_true(tmp_path: Path) -> None:
    async def play(ledger: Ledger) -> None:
        heard: list[tuple[int, str]] = []
        ledger.listeners.append(lambda seq, event: heard.append((seq, ledger.state.arm_at)))
        await ledger.record(SessionBegan(1, "", "", 0))
        await ledger.record(ArmMoved("vision"), ArmMoved("tester"))
        assert heard == [(1, ""), (2, "tester"), (3, "tester")]

    on_ledger(tmp_path / "journal.sqlite", play)


def test_whoever_waits_wakes_at_the_next_change_and_misses_none(tmp_path: Path) -> None:
    async def play(ledger: Ledger) -> None:
        seen: list[str] = []

        async def watch() -> None:
            while len(seen) < 3:
                version = ledger.version
                seen.append(ledger.state.arm_at)
                await ledger.changed(version)

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        for place in ("sizing", "vision", "tester"):
            await ledger.record(ArmMoved(place))
            await asyncio.sleep(1)
        await watching
        assert seen == ["", "sizing", "vision"]
        # What changed before one looks is not waited for.
        await asyncio.wait_for(ledger.changed(ledger.version - 1), 1)

    on_ledger(tmp_path / "journal.sqlite", play)


def test_waiting_ends_only_with_a_change(tmp_path: Path) -> None:
    async def play(ledger: Ledger) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ledger.changed(ledger.version), 3600)

    on_ledger(tmp_path / "journal.sqlite", play)


def test_a_journal_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def play(ledger: Ledger) -> None:
        await ledger.record(ArmMoved("tester"))

    on_ledger(path, play)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE event SET version = 2")
    db.close()
    with pytest.raises(JournalError, match="ArmMoved version 2"):
        on_ledger(path, play)


def test_a_failed_append_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    async def play(ledger: Ledger) -> None:
        before, version = ledger.state, ledger.version
        with sqlite3.connect(ledger.journal.path) as other:
            other.execute("DROP TABLE event")
        other.close()
        with pytest.raises((sqlite3.Error, JournalError)):
            await ledger.record(ArmMoved("tester"))
        # What is not in the journal did not happen, and nobody is told of it.
        assert (ledger.state, ledger.version) == (before, version)

    on_ledger(tmp_path / "journal.sqlite", play)
