"""Lines of text from a byte line: read by deadline, capped in length, nothing dropped silently.

A deadline counts from the call, not from the last byte: a peer that sends a
byte now and then and never ends its line cannot hold the caller.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import TypeVar

from drivers.interfaces import Failure

T = TypeVar("T")

log = logging.getLogger(__name__)

LONGEST_LINE = 256
"""Bytes of a line without its end, unless the caller says otherwise."""

MOST_WAITING = 65_536
"""Bytes kept for a caller that does not read; older ones are discarded beyond that."""


class LineBuffer:
    """Cuts a stream of bytes into lines; ``discarded`` counts the bytes thrown away.

    An over-long line is discarded up to its end, or with ``keep_long`` given out
    in pieces of the longest length.
    """

    def __init__(self, name: str, *, longest: int, most: int, keep_long: bool = False) -> None:
        self.discarded = 0
        self._name = name
        self._longest = longest
        self._most = most
        self._keep_long = keep_long
        self._bytes = bytearray()
        self._searched = 0
        self._skipping = False

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrive, in pieces of any size."""
        self._bytes += data
        excess = len(self._bytes) - self._most
        if excess > 0:
            self._discard(excess, "nobody reads them")
            # What is left begins in the middle of a line.
            self._skipping = True

    def line(self) -> bytes | None:
        """Take the next complete line without its CR LF, or None."""
        while True:
            end = self._bytes.find(b"\n", self._searched)
            length = end if end >= 0 else len(self._bytes)
            # One more than the longest: it may be the CR.
            if length > self._longest + 1 and self._keep_long:
                return self.take(self._longest)
            if end < 0:
                self._skip(length)
                return None
            if not self._skipping and length <= self._longest + 1:
                return self.take(end + 1).removesuffix(b"\n").removesuffix(b"\r")
            self._discard(end + 1, "over-long line")
            self._skipping = False

    def _skip(self, length: int) -> None:
        """Begin or go on skipping a line whose end is not there yet."""
        self._searched = length
        if length > self._longest + 1:
            self._discard(length, "over-long line")
            self._skipping = True

    def exactly(self, count: int) -> bytes | None:
        """Take so many bytes, whatever they are, or None if they are not all there."""
        return self.take(count) if len(self._bytes) >= count else None

    def take(self, most: int | None = None) -> bytes:
        """Take what has arrived, at most so many bytes."""
        taken = bytes(self._bytes[:most])
        del self._bytes[: len(taken)]
        self._searched = 0
        return taken

    def clear(self, why: str) -> int:
        """Discard what has arrived; return how many bytes it was."""
        count = len(self._bytes)
        if count:
            self._discard(count, why)
        self._skipping = False
        return count

    def _discard(self, count: int, why: str) -> None:
        self.discarded += count
        self._searched = 0
        head = bytes(self._bytes[: min(count, 40)])
        log.warning("%s: %d bytes discarded (%s): %r", self._name, count, why, head)
        del self._bytes[:count]


class TextLine(asyncio.Protocol):
    """The client's end of a byte line; give it to `Lines.connect` as the protocol.

    One reader at a time. What cannot be read is a `Failure`: `NO_REPLY` when
    the deadline passed, `NO_LINK` when the line is gone and nothing is left.
    """

    def __init__(
        self,
        name: str,
        *,
        longest: int = LONGEST_LINE,
        most_waiting: int = MOST_WAITING,
        keep_long: bool = False,
    ) -> None:
        self.name = name
        self.buffer = LineBuffer(name, longest=longest, most=most_waiting, keep_long=keep_long)
        self.heard_s = -math.inf
        """When something was heard last, or the line opened; time of the loop, s."""
        self._lost = False
        self._expired = False
        self._transport: asyncio.WriteTransport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Callable[[], None] | None = None

    @property
    def discarded(self) -> int:
        """Bytes thrown away so far."""
        return self.buffer.discarded

    @property
    def closed(self) -> bool:
        """Whether nothing more can come or go."""
        return self._lost or (self._transport is not None and self._transport.is_closing())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self.heard_s = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        """Keep the bytes and wake the reader."""
        self.heard_s = asyncio.get_running_loop().time()
        self.buffer.feed(data)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake the reader: nothing more will come."""
        self._lost = True
        self._wake()

    def write(self, data: bytes) -> bool:
        """Send bytes; return False if the line is gone."""
        if self.closed or self._transport is None:
            return False
        self._transport.write(data)
        return True

    def close(self) -> None:
        """Close the line; who listened in passing is told no more."""
        self._lost, self._listener = True, None
        if self._transport is not None:
            self._transport.close()
        self._wake()

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call at each arrival, and when the line is lost; None: no more. In a reader's stead."""
        self._listener = listener

    async def line(self, seconds: float | None) -> bytes | Failure:
        """Return the next line without CR LF, within so many seconds of link time (None: wait)."""
        return await self._until(self.buffer.line, seconds)

    async def exactly(self, count: int, seconds: float) -> bytes | Failure:
        """Return the next ``count`` bytes, within so many seconds of link time."""
        return await self._until(lambda: self.buffer.exactly(count), seconds)

    async def arrival(self, seconds: float | None = None) -> Failure | None:
        """Wait until at least one byte is there."""
        found = await self._until(lambda: len(self.buffer) or None, seconds)
        return found if isinstance(found, Failure) else None

    async def _until(self, attempt: Callable[[], T | None], seconds: float | None) -> T | Failure:
        found = attempt()
        if found is not None:
            return found
        if self.closed:
            return Failure.NO_LINK
        self._expired = False
        if seconds is None:
            return await self._wait_for(attempt)
        if seconds <= 0:
            return Failure.NO_REPLY
        # Half the cost of asyncio.timeout, which knows no waiter that can be woken.
        deadline = asyncio.get_running_loop().call_later(seconds, self._expire)
        try:
            return await self._wait_for(attempt)
        finally:
            deadline.cancel()

    async def _wait_for(self, attempt: Callable[[], T | None]) -> T | Failure:
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._waiter = loop.create_future()
                await self._waiter
                found = attempt()
                if found is not None:
                    return found
                if self.closed:
                    return Failure.NO_LINK
                if self._expired:
                    return Failure.NO_REPLY
        finally:
            self._waiter = None

    def _expire(self) -> None:
        self._expired = True
        self._wake()

    def _wake(self) -> None:
        if self._listener is not None:
            self._listener()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
