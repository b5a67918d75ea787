"""The journal with the state it folds to: the one place where events become true."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from controller.events import AnyEvent, JournalSealed
from controller.fold import fold, fold_all
from controller.journal import Boundary, Journal
from controller.sealing import NotSealed, seal
from controller.state import CellState
from runtime import Clock, offload

log = logging.getLogger(__name__)


class Numbers:
    """Gives each number out once, also while the event that bears it is still being written."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, recorded: int) -> int:
        """Return the next number; ``recorded`` is the highest that the journal knows."""
        self._last = max(self._last, recorded) + 1
        return self._last


class Ledger:
    """Records events, folds them, and wakes whoever waits for a change."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._order = asyncio.Lock()
        self._changed = asyncio.Event()
        self.version = 0
        self.ops = Numbers()
        self.asked = Numbers()
        self.listeners: list[Callable[[int, AnyEvent], None]] = []
        self.state: CellState = fold_all(row.event() for row in journal.rows())

    @classmethod
    def open(cls, path: Path, clock: Clock, boundary: Boundary | None = None) -> Ledger:
        """Open the journal and fold it. Raises `controller.journal.JournalError`."""
        return cls(Journal(path, boundary), clock)

    @property
    def clock(self) -> Clock:
        """The clock that stamps events."""
        return self._clock

    @property
    def journal(self) -> Journal:
        """The journal itself."""
        return self._journal

    async def record(self, *batch: AnyEvent, durable: bool = True) -> CellState:
        """Make events true, together; on return, durable ones survive a power failure."""
        await self.decide(lambda state: batch, durable=durable)
        return self.state

    async def decide(
        self, build: Callable[[CellState], tuple[AnyEvent, ...]], *, durable: bool = True
    ) -> tuple[AnyEvent, ...]:
        """Make true what follows from the state as of now; return it.

        Nobody records anything between the look at the state and the record. Nothing
        is recorded if nothing follows, or if ``build`` raises.
        """
        async with self._order:
            batch = build(self.state)
            if not batch:
                return batch
            if durable:
                await offload(self._journal.append, self._clock.utc(), batch, durable=True)
            else:
                # Without a commit there is nothing to wait for.
                self._journal.append(self._clock.utc(), batch, durable=False)
            first = self._journal.seq - len(batch) + 1
            for event in batch:
                self.state = fold(self.state, event)
        self._tell(first, batch)
        return batch

    async def seal_closed_tray(self) -> JournalSealed | NotSealed | None:
        """Move a finished tray into an archive file; call this right before the next is accepted.

        Does nothing, and returns None, while the tray is not finished or when it is sealed
        already, so it may be called at any time at which nobody flushes the journal. The
        state is the same afterwards. What could not be sealed stays in the journal, where
        nothing is lost by it: that is logged, and work may go on.
        Raises `controller.journal.JournalError` as `record` does.
        """
        async with self._order:
            if not self.state.tray_finished:
                return None
            came = await offload(seal, self._journal, self.state, self._clock.utc())
            if isinstance(came, JournalSealed):
                self.state = fold(self.state, came)
        if isinstance(came, NotSealed):
            log.error("the closed tray stays in the journal: %s", came.reason)
        elif came is not None:
            self._tell(self._journal.seq, (came,))
        return came

    def _tell(self, first: int, batch: tuple[AnyEvent, ...]) -> None:
        for offset, event in enumerate(batch):
            for listener in self.listeners:
                listener(first + offset, event)
        self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        self.version += 1
        waiting, self._changed = self._changed, asyncio.Event()
        waiting.set()

    async def changed(self, seen: int) -> None:
        """Wait until ``version`` is another than the one the caller has looked at."""
        while self.version == seen:
            await self._changed.wait()
