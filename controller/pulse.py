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


_INSTANT_S = 1e-6


class Rounds:
    """Timers of feelers: what is due at the same instant shares one, and one turn of the loop."""

    def __init__(self) -> None:
        self._due: dict[float, list[Callable[[float], None]]] = {}

    def call_at(self, when: float, callback: Callable[[float], None]) -> None:
        """Call at a time of the running loop, s, with the time; who wants it no more lets it be."""
        due = self._due.get(when)
        if due is None:
            due = self._due[when] = []
            asyncio.get_running_loop().call_at(when, self._fire, when)
        due.append(callback)

    def _fire(self, when: float) -> None:
        now = asyncio.get_running_loop().time()
        for callback in self._due.pop(when):
            callback(now)


class Feeler:
    """Asks one device again and again; ``lost`` is told of each trouble.

    A device that answered the time before and lets its patience pass is taken for
    lost there and then; its late answer is heard all the same. While it answers it is
    asked in passing, if it can be; ``beat`` hears of each such question. Give the feelers
    of one cell the same ``rounds``.
    """

    def __init__(
        self,
        name: str,
        sign: Sign,
        lost: Callable[[Trouble], Awaitable[None]],
        rounds: Rounds | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.silent: Trouble | None = None
        self._sign = sign
        self._lost = lost
        self._rounds = rounds or Rounds()
        self._beat = beat
        self._answered = False
        self._due_s = 0.0
        self._asked_s = 0.0
        self._asked = 0
        self._heard = 0
        self._complaint: asyncio.Task[None] | None = None
        self._nodding: asyncio.Future[Outcome[object] | None] | None = None

    async def feel(self) -> None:
        """Ask in full, a period after the last time; tell if it does not answer.

        A device that can be asked in passing is so for as long as it answers.
        """
        answer = await self._nods() if self._answered and self._sign.nod is not None else None
        if answer is None:
            answer = await self._in_full()
        if self._complaint is not None:
            complaint, self._complaint = self._complaint, None
            await complaint
        trouble = _trouble(self.name, answer)
        if trouble is None:
            self.silent, self._answered = None, True
        else:
            await self._take(trouble)

    async def _in_full(self) -> Outcome[object]:
        loop = asyncio.get_running_loop()
        if self._due_s > loop.time():
            waiter = loop.create_future()
            self._rounds.call_at(self._due_s, partial(_wake, waiter))
            await waiter
        self._begin(loop.time())
        if self._answered:
            self._rounds.call_at(self._asked_s + self._sign.patience_s, self._look)
        try:
            return await self._sign.ask()
        finally:
            self._heard = self._asked

    def _begin(self, now: float) -> None:
        self._asked_s, self._due_s = now, now + PULSE_S
        self._asked += 1

    def _look(self, now: float) -> None:
        """Take the device for lost if it has not answered for as long as its patience lasts."""
        if self._heard < self._asked and self._waited(now):
            loop = asyncio.get_running_loop()
            self._complaint = loop.create_task(self._take(self._late()))
            self._in_full_now(None)

    def _waited(self, now: float) -> bool:
        return now - self._asked_s >= self._sign.patience_s - _INSTANT_S

    # -- in passing ------------------------------------------------------------------

    async def _nods(self) -> Outcome[object] | None:
        """Ask in passing, period by period, until something else than a plain answer comes."""
        self._nodding = asyncio.get_running_loop().create_future()
        self._rounds.call_at(self._due_s, self._nod)
        try:
            return await self._nodding
        finally:
            # Who is cancelled misses nobody any more, though the timer of his patience runs on.
            self._nodding, self._heard = None, self._asked

    def _nod(self, now: float) -> None:
        # A timer of a series that is over, or the last answer is still to come.
        nodding = self._nodding
        if nodding is None or nodding.done() or self._due_s > now + _INSTANT_S:
            return
        if self._heard < self._asked:
            return
        self._beat()
        self._begin(now)
        sign, rounds = self._sign, self._rounds
        assert sign.nod is not None
        try:
            asked = sign.nod(self._hear)
        except Exception as error:
            nodding.set_exception(error)
            return
        if not asked:
            self._heard = self._asked
            self._in_full_now(None)
            return
        if self._heard < self._asked:
            rounds.call_at(now + sign.patience_s, self._look)
        rounds.call_at(self._due_s, self._nod)

    def _hear(self, outcome: Outcome[object] | None) -> None:
        # Once it was asked in full, that answer counts.
        if self._nodding is None or self._nodding.done():
            return
        self._heard = self._asked
        if not isinstance(outcome, Done):
            self._in_full_now(outcome)
        elif self._due_s <= asyncio.get_running_loop().time():
            self._rounds.call_at(self._due_s, self._nod)

    def _in_full_now(self, outcome: Outcome[object] | None) -> None:
        """End the nodding; without an outcome the question is put in full at once."""
        if self._nodding is not None and not self._nodding.done():
            if outcome is None:
                self._due_s = 0.0
            self._nodding.set_result(outcome)

    # -- what comes of it --------------------------------------------------------------

    def _late(self) -> Trouble:
        where = f"{self._sign.line}: " if self._sign.line else ""
        said = f"{where}no answer within {self._sign.patience_s:g} s"
        return Trouble.of(self.name, NotDone(Failure.NO_REPLY, said))

    async def _take(self, trouble: Trouble) -> None:
        self.silent, self._answered = trouble, False
        await self._lost(trouble)


def _wake(waiter: asyncio.Future[None], _now: float) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _trouble(name: str, answer: Outcome[object]) -> Trouble | None:
    if isinstance(answer, Done) or answer.reason not in _DEAD:
        return None
    return Trouble.of(name, answer)
