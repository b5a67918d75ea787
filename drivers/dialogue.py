"""A line of text to a device that is asked and answers, without numbers that tie the two.

What tells an answer from a late or stray one is silence: the line is listened to
before the first request and after the last answer, and a line that disappointed
is thrown away together with whatever is still to come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from drivers.interfaces import Done, Failure, NotDone, Outcome
from drivers.lines import LineError, Lines
from drivers.nod import WAIT, Heard, PassingLine, Wait
from drivers.textline import TextLine
from runtime import Clock, DeadlineError, within

_INSTANT_S = 1e-6


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of link time: to open, for one answer, of silence, and for the latest answer."""

    connect_s: float = 5.0
    reply_s: float = 3.0
    quiet_s: float = 0.2
    late_s: float = 3.0


class Dialogue:
    """One line, opened on first use and again after it was lost or dropped.

    ``make`` makes the protocol for a new line. One caller at a time.
    """

    def __init__(
        self,
        lines: Lines,
        url: str,
        clock: Clock,
        make: Callable[[str], TextLine],
        patience: Patience,
    ) -> None:
        self.url = url
        self.patience = patience
        self._lines = lines
        self._clock = clock
        self._make = make
        self._port: TextLine | None = None
        self._late_until = 0.0
        self._passing = PassingLine()

    @property
    def open(self) -> bool:
        """Whether the line stands."""
        return self._port is not None and not self._port.closed

    async def connect(self) -> NotDone | None:
        """Have an open line; what a dropped one still had to say is waited for first."""
        if self.open:
            return None
        await self._clock.sleep_link(self._late_until - self._clock.link())
        try:
            async with within(self.patience.connect_s, f"open {self.url}"):
                transport, port = await self._lines.connect(self.url, lambda: self._make(self.url))
        except (LineError, DeadlineError) as error:
            return NotDone(Failure.NO_LINK, str(error))
        assert isinstance(port, TextLine)
        # A serial port tells the protocol of its transport a turn later.
        port.connection_made(transport)
        self._port = port
        return None

    async def silence(self) -> bool | NotDone:
        """Have the line silent for a while; return whether nothing came that nobody asked for.

        What came is discarded and counted. A silence that lasts already is not waited for.
        """
        port = self._port
        if port is None:
            return self._gone()
        loop = asyncio.get_running_loop()
        silent, deadline = True, loop.time() + self.patience.reply_s
        while True:
            if len(port.buffer):
                silent = False
                port.buffer.clear("nobody asked for it")
                if loop.time() >= deadline:
                    return NotDone(Failure.BAD_REPLY, f"{self.url}: it does not stop talking")
            rest_s = port.heard_s + self.patience.quiet_s - loop.time()
            if port.closed:
                return self._gone()
            if rest_s <= _INSTANT_S:
                return silent
            await port.arrival(rest_s)

    async def ask(self, request: bytes) -> bytes | NotDone:
        """Send a request, once; return the next line that is not empty."""
        if self._port is None or not self._port.write(request):
            return self._gone()
        return await self.next()

    async def next(self) -> bytes | NotDone:
        """Return the next line that is not empty, by the deadline of one answer."""
        deadline = self._clock.link() + self.patience.reply_s
        while self._port is not None:
            line = await self._port.line(deadline - self._clock.link())
            if line is Failure.NO_REPLY:
                return NotDone(Failure.NO_REPLY, f"{self.url}: no answer in time")
            if isinstance(line, Failure):
                break
            if line:
                return line
        return self._gone()

    def ask_in_passing(
        self, request: bytes, judge: Callable[[bytes], Outcome[object]], heard: Heard
    ) -> bool:
        """Send a request on a line that stands and is silent; nobody waits: a `Nod`.

        ``judge`` says what the next line is worth that is not empty. Anything but `Done`
        drops the line.
        """
        port = self._port
        if port is None or port.closed or len(port.buffer) or self._passing.under_way:
            return False
        if port.heard_s + self.patience.quiet_s - asyncio.get_running_loop().time() > _INSTANT_S:
            return False

        def attempt() -> Outcome[object] | Wait | None:
            line = port.buffer.line()
            while line == b"":
                line = port.buffer.line()
            if line is None and not port.closed:
                return WAIT
            said = judge(line) if line is not None else self._gone()
            if not isinstance(said, Done):
                self.drop()
            return said

        return self._passing.ask(port, request, attempt, heard, self.patience.reply_s)

    async def passed(self) -> None:
        """Let what was asked in passing come to its end before anything else is asked."""
        if self._passing.under_way and not await self._passing.over():
            self.drop()

    def drop(self) -> None:
        """Throw the line away; the next one is not used before late answers have come."""
        self._late_until = self._clock.link() + self.patience.late_s
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _gone(self) -> NotDone:
        return NotDone(Failure.NO_LINK, f"{self.url}: the line is gone")
