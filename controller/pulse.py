"""The pulse of a cell: beat for the PLC, and feel every second whether each device answers.

Asking the station PLC, and a safety controller, is at the same time the beat that its
watchdog waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from controller.devices import Sign
from controller.rig import Trouble
from drivers.interfaces import Done, Failure, NotDone, Outcome

PULSE_S = 1.0
"""Link time between two questions; with the patience of 0.9 s a dead peer is noticed in 2 s."""

_DEAD = (
    Failure.NO_LINK,
    Failure.NO_REPLY,
    Failure.BAD_REPLY,
    Failure.EXCEPTION_REPLY,
    Failure.TIMED_OUT,
)
"""What only a silent or foreign peer gives; whoever says that he is busy lives."""


class Rounds:
    """Timers of feelers: what is due at the same instant shares one, and one turn of the loop."""

    def __init__(self) -> None:
        self._due: dict[float, list[Callable[[], None]]] = {}

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Call at a time of the running loop, s; whoever wants it no more lets it be called."""
        due = self._due.get(when)
        if due is None:
            due = self._due[when] = []
            asyncio.get_running_loop().call_at(when, self._fire, when)
        due.append(callback)

    def _fire(self, when: float) -> None:
        for callback in self._due.pop(when):
            callback()


class Feeler:
    """Asks one device again and again; ``lost`` is told of each trouble.

    A device that answered the time before and lets its patience pass is taken for
    lost there and then; its late answer is heard all the same. Give the feelers of
    one cell the same ``rounds``.
    """

    def __init__(
        self,
        name: str,
        sign: Sign,
        lost: Callable[[Trouble], Awaitable[None]],
        rounds: Rounds | None = None,
    ) -> None:
        self.name = name
        self.silent: Trouble | None = None
        self._sign = sign
        self._lost = lost
        self._rounds = rounds or Rounds()
        self._answered = False
        self._due_s = 0.0
        self._asked = 0
        self._heard = 0
        self._complaint: asyncio.Task[None] | None = None

    async def feel(self) -> None:
        """Ask once, a period after the last time; tell if it does not answer."""
        loop = asyncio.get_running_loop()
        if self._due_s > loop.time():
            waiter = loop.create_future()
            self._rounds.call_at(self._due_s, partial(_wake, waiter))
            await waiter
        now = loop.time()
        self._due_s = now + PULSE_S
        self._asked += 1
        if self._answered:
            self._rounds.call_at(now + self._sign.patience_s, partial(self._look, self._asked))
        try:
            answer = await self._sign.ask()
        finally:
            self._heard = self._asked
        if self._complaint is not None:
            complaint, self._complaint = self._complaint, None
            await complaint
        await self._take(_trouble(self.name, answer))

    def _look(self, question: int) -> None:
        """Take the device for lost if this question is not answered yet."""
        if self._heard < question:
            loop = asyncio.get_running_loop()
            self._complaint = loop.create_task(self._take(self._late()))

    def _late(self) -> Trouble:
        where = f"{self._sign.line}: " if self._sign.line else ""
        said = f"{where}no answer within {self._sign.patience_s:g} s"
        return Trouble.of(self.name, NotDone(Failure.NO_REPLY, said))

    async def _take(self, trouble: Trouble | None) -> None:
        self.silent, self._answered = trouble, trouble is None
        if trouble is not None:
            await self._lost(trouble)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _trouble(name: str, answer: Outcome[object]) -> Trouble | None:
    if isinstance(answer, Done) or answer.reason not in _DEAD:
        return None
    return Trouble.of(name, answer)
