"""A sign of life that nobody waits for: asked in passing, told of when it comes.

A question in full costs a task that waits, a lock and a timer. A device that answered
the time before is asked so cheaply that one may do it every second, for each of them.
Whoever wants the line meanwhile waits for the answer first, by its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from drivers.interfaces import Outcome
from drivers.textline import TextLine

Heard: TypeAlias = Callable[[Outcome[object] | None], None]
"""Told once what came of a question; None: nothing plain, it must be put again in full."""

Nod: TypeAlias = Callable[[Heard], bool]
"""Ask in passing. False, and nothing is told: it cannot be now and must be asked in full."""


class Wait(Enum):
    """What has come so far is no answer yet."""

    WAIT = 0


WAIT: Final = Wait.WAIT


class Passing:
    """The question that is under way on one line without anybody who waits for its answer."""

    __slots__ = ("_heard", "_until_s", "_waiter")

    def __init__(self) -> None:
        self._heard: Heard | None = None
        self._until_s = 0.0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def under_way(self) -> bool:
        """Whether an answer is still to come."""
        return self._heard is not None

    def begin(self, heard: Heard, seconds: float) -> None:
        """Note that it was asked; the answer must come within so many seconds of link time."""
        self._heard = heard
        self._until_s = asyncio.get_running_loop().time() + seconds

    def end(self, outcome: Outcome[object] | None) -> None:
        """Tell what came of it, once."""
        heard, self._heard = self._heard, None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if heard is not None:
            heard(outcome)

    async def over(self) -> bool:
        """Wait for its end, by the deadline; return whether it was answered."""
        loop = asyncio.get_running_loop()
        if self._heard is not None and loop.time() < self._until_s:
            self._waiter = loop.create_future()
            deadline = loop.call_at(self._until_s, self._expire, self._waiter)
            try:
                await self._waiter
            finally:
                deadline.cancel()
                self._waiter = None
        answered = self._heard is None
        if not answered:
            self.end(None)
        return answered

    @staticmethod
    def _expire(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)


class PassingLine(Passing):
    """Such a question on a line of text.

    ``attempt`` looks at what has arrived, also after the line was lost: `WAIT` for more,
    else what came of the question.
    """

    __slots__ = ("_port",)

    def __init__(self) -> None:
        super().__init__()
        self._port: TextLine | None = None

    def ask(
        self,
        port: TextLine,
        request: bytes,
        attempt: Callable[[], Outcome[object] | Wait | None],
        heard: Heard,
        seconds: float,
    ) -> bool:
        """Send a request on an open, silent line; False if it could not be sent."""
        self.begin(heard, seconds)

        def listen() -> None:
            came = attempt()
            if came is not WAIT:
                self.end(came)

        self._port = port
        port.listen(listen)
        if port.write(request):
            return True
        port.listen(None)
        self._heard = None
        return False

    def end(self, outcome: Outcome[object] | None) -> None:
        """Tell what came of it, once, and listen no more."""
        port, self._port = self._port, None
        if port is not None:
            port.listen(None)
        super().end(outcome)
