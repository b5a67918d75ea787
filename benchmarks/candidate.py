"""Our side: journaled no-op steps through the ledger, and its two parts on their own."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from benchmarks.history import Step, accepted_tray, steps
from benchmarks.samples import Laps, Stopwatch
from controller.fold import fold, fold_all
from controller.journal import Journal
from controller.ledger import Ledger
from runtime import Clock

FLUSH_EVERY = 100


class Candidate:
    """Runs whole trays of steps, each on a new journal file of its own in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = itertools.count(1)
        self._steps = steps()
        self._before = accepted_tray()

    @property
    def steps(self) -> int:
        """How many steps a tray has."""
        return len(self._steps)

    def durable(self) -> Laps:
        """Record every intent and every confirmation with ``synchronous=FULL``."""
        return asyncio.run(self._record(durable=True))

    def grouped(self) -> Laps:
        """Record without waiting for the disk; commit once in `FLUSH_EVERY` steps."""
        return asyncio.run(self._record(durable=False))

    def fold_alone(self) -> Laps:
        """Fold intent and confirmation of each step, nothing kept."""
        state, watch = fold_all(self._before), Stopwatch()
        watch.lap()
        for step in self._steps:
            state = fold(fold(state, step.intent), step.confirm)
            watch.lap()
        return watch.laps()

    def append_alone(self) -> Laps:
        """Append intent and confirmation of each step to a journal, neither folded nor awaited."""
        return asyncio.run(self._append())

    async def _record(self, *, durable: bool) -> Laps:
        ledger = Ledger.open(self._path(), Clock.starting())
        await ledger.record(*self._before)
        watch = Stopwatch()
        watch.lap()
        for n, step in enumerate(self._steps, 1):
            await _record_step(ledger, step, durable=durable)
            if not durable and n % FLUSH_EVERY == 0:
                ledger.journal.flush()
            watch.lap()
        ledger.journal.close()
        return watch.laps()

    async def _append(self) -> Laps:
        journal, clock = Journal(self._path()), Clock.starting()
        journal.append(clock.utc(), self._before, durable=True)
        watch = Stopwatch()
        watch.lap()
        for n, step in enumerate(self._steps, 1):
            journal.append(clock.utc(), (step.intent,), durable=False)
            journal.append(clock.utc(), (step.confirm,), durable=False)
            if n % FLUSH_EVERY == 0:
                journal.flush()
            watch.lap()
        journal.close()
        return watch.laps()

    def _path(self) -> Path:
        return self._folder / f"journal-{next(self._number):04d}.sqlite"


async def _record_step(ledger: Ledger, step: Step, *, durable: bool) -> None:
    await ledger.record(step.intent, durable=durable)
    await ledger.record(step.confirm, durable=durable)
