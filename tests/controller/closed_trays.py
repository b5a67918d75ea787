"""Trays that follow each other in one journal, sealed in between as a session does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from controller.events import AnyEvent, CommandTaken, JournalSealed, TrayAccepted, TrayFinished
from controller.journal import Boundary, Journal, Row, read_rows
from controller.ledger import Ledger
from controller.state import CellState
from runtime import Clock, run_virtual
from tests.controller.test_controller_ledger import course_of_a_tray

ORIGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


def tray(seed: int, name: str) -> tuple[AnyEvent, ...]:
    """Return the events of a small tray, misfortunes included, from a session's start to its end.

    A person's order follows its end, as one may.
    """
    course = [
        replace(event, tray=name) if isinstance(event, TrayAccepted | TrayFinished) else event
        for event in _course(seed)
    ]
    return (*course, CommandTaken(f"after-{name}", "pause", "Li"))


@cache
def _course(seed: int) -> tuple[AnyEvent, ...]:
    return tuple(course_of_a_tray(seed))


def live(path: Path, history: Iterable[AnyEvent], boundary: Boundary | None = None) -> CellState:
    """Record a history in one life; what is accepted after a closed tray seals that one first.

    A `Killed` at a boundary leaves what ``kill -9`` would.
    """

    async def main() -> CellState:
        ledger = Ledger.open(path, Clock(ORIGIN), boundary)
        try:
            for event in history:
                if isinstance(event, TrayAccepted):
                    await ledger.seal_closed_tray()
                await ledger.record(event, durable=False)
        except Killed:
            ledger.journal.die()
            raise
        ledger.journal.close()
        return ledger.state

    return run_virtual(main())


def opened(path: Path) -> CellState:
    """Return the state that a restart finds."""
    return live(path, ())


def seal(path: Path, boundary: Boundary | None = None) -> JournalSealed | object | None:
    """Open a journal, seal what is closed, close it; return what came of it."""

    async def main() -> object | None:
        ledger = Ledger.open(path, Clock(ORIGIN), boundary)
        try:
            came = await ledger.seal_closed_tray()
        except Killed:
            ledger.journal.die()
            raise
        ledger.journal.close()
        return came

    return run_virtual(main())


def told(path: Path) -> list[AnyEvent]:
    """Return everything that happened, as all readers get it, without the sealings."""
    return [row.event() for row in read_rows(path) if row.kind != JournalSealed.__name__]


def open_rows(path: Path) -> list[Row]:
    """Return the rows of the open file as it is, read by the writer's own means."""
    journal = Journal(path)
    rows = list(journal.rows())
    journal.close()
    return rows


def archives(path: Path) -> list[Path]:
    """Return the files beside a journal that hold archives, or were to."""
    return sorted(path.parent.glob("archive/*"))
