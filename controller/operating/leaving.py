"""A clean end: what is in motion is brought to its end, and no longer than that is waited for."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from controller.modes import change
from controller.operating.operation import Operation
from controller.rig import Rig
from controller.state import CellState
from runtime import DeadlineError, within

log = logging.getLogger("hardlab.operating")

SETTLE_S = 10.0
"""So long, in link time, reconciliation may still go on. Given up, it is done anew next time."""
LOOK_S = 0.1
PARK_S = 70.0
"""So long the motions may take to end; the service manager kills after 90 s."""


class Ending(StrEnum):
    """How a daemon's life ended."""

    FINISHED = "finished"
    SIGNALLED = "ended by a signal, in good order"
    STOPPED = "stopped by a person"
    GIVEN_UP = "ended by a signal before everything was at rest"
    ABORTED = "aborted"


@dataclass(slots=True)
class Leaving:
    """Ends ``work``, the running tray of a rig, when a signal asks for it."""

    rig: Rig
    operation: Operation
    work: asyncio.Task[None]
    signalled: str = ""
    given_up: bool = False
    _task: asyncio.Task[None] | None = None

    def obey_signals(self) -> None:
        """Take SIGTERM and SIGINT from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self.begin, number.name)

    def begin(self, name: str) -> None:
        """Begin to leave; asked again, it goes on as before."""
        if self._task is None:
            self.signalled = name
            self._task = asyncio.create_task(self._leave(), name="leaving")

    def close(self) -> None:
        """Forget it: the work has ended."""
        if self._task is not None:
            self._task.cancel()

    async def _leave(self) -> None:
        self.operation.notifier.tell(STOPPING=1)
        log.warning("received %s: what is in motion is brought to its end", self.signalled)
        with suppress(DeadlineError):
            async with within(SETTLE_S, "reconciliation"):
                # Between two steps nothing is under way, and there is nothing to wait for.
                while self.operation.settling and not self.operation.ready.is_set():
                    await self.rig.clock.sleep_link(LOOK_S)
        if self.operation.ready.is_set():
            await change(self.rig.ledger, "stop", f"the daemon received {self.signalled}")
            await self.rig.clock.sleep_link(PARK_S)
            self.given_up = True
            log.error("not at rest after %g s: the next start settles what is open", PARK_S)
        else:
            # The mode stays as it is: a cell held in doubt must not come up as merely stopped.
            log.warning("reconciliation is given up; the next start begins it anew")
        self.work.cancel()

    def ending(self, state: CellState) -> Ending:
        """Return how it ended, once the work is over."""
        if self.given_up:
            return Ending.GIVEN_UP
        if state.tray_finished:
            return Ending.FINISHED
        if state.mode == "ABORTED":
            return Ending.ABORTED
        return Ending.SIGNALLED if self.signalled else Ending.STOPPED
