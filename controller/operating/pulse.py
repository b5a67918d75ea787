"""The pulse of a daemon: asks everybody for a sign of life, and pets the watchdog if all live.

It runs on the daemon's own loop. A thread would go on petting while the loop hangs,
which is the very thing the watchdog is there for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from controller.operating.beats import Beats
from controller.operating.notify import Notifier

log = logging.getLogger("hardlab.operating")

LONGEST_S = 5.0
PER_PERIOD = 5
"""Looks in one watchdog period."""
LAG_S = 0.25
START_S = 60


@dataclass(slots=True)
class Pulse:
    """Looks at the beats for ever.

    ``nudge`` wakes whoever waits for work, so that each can beat; ``probe`` asks the bus.
    ``ready`` tells whether the start is over: before that, the manager is asked for
    more time instead of being pet, because a device may be off for hours.
    """

    beats: Beats
    notifier: Notifier
    status: Callable[[], str]
    nudge: Callable[[], None] = lambda: None
    probe: Callable[[], Awaitable[None]] | None = None
    ready: Callable[[], bool] = lambda: True
    lagged: Callable[[float], None] = lambda seconds: None
    _told: str = field(default="", init=False)
    _announced: bool = field(default=False, init=False)
    _missing: tuple[str, ...] = field(default=(), init=False)

    @property
    def period_s(self) -> float:
        """Time between two looks, s of link time."""
        watchdog = self.notifier.watchdog_s
        return min(LONGEST_S, watchdog / PER_PERIOD) if watchdog else LONGEST_S

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            self.nudge()
            if self.probe is not None:
                await self.probe()
            await self._sleep(self.period_s)
            self.look()

    def look(self) -> tuple[str, ...]:
        """Judge the beats once; pet the watchdog unless a vital part is stalled. Return who is."""
        stalled = self.beats.stalled()
        if stalled != self._missing:
            self._complain(stalled)
        vital = self.beats.vital(stalled)
        status = f"stalled: {', '.join(vital)}" if vital else self.status()
        states: dict[str, str | int] = {} if status == self._told else {"STATUS": status}
        if not vital:
            alive = (
                {"WATCHDOG": 1} if self.ready() else {"EXTEND_TIMEOUT_USEC": START_S * 1_000_000}
            )
            states |= alive
        if self.ready() and not self._announced:
            states["READY"] = 1
        # What was not taken is told again: the manager's queue is short.
        if states and self.notifier.tell(**states):
            self._told = status
            self._announced = self.ready()
        return stalled

    def _complain(self, stalled: tuple[str, ...]) -> None:
        for name in sorted(set(stalled) - set(self._missing)):
            then = "the watchdog is no longer pet" if self.beats.vital([name]) else "we go on"
            log.error("%s gives no sign of life; %s", name, then)
        for name in sorted(set(self._missing) - set(stalled)):
            log.warning("%s lives again", name)
        self._missing = stalled

    async def _sleep(self, seconds: float) -> None:
        """Sleep in short pieces and note by how much the loop was late."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (rest := end - loop.time()) > 0:
            due = loop.time() + min(LAG_S, rest)
            await asyncio.sleep(due - loop.time())
            self.lagged(max(0.0, loop.time() - due))
