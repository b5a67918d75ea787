"""One side of a recorded conversation, played on any transport against the other side.

What the side under test says is compared as one stream per connection, however it is
cut into packets. What was recorded is said when everything has come that had come before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from drivers.conversations import Conversation
from drivers.linelog import Record, Sign

_SHOWN = 16
_TICK_S = 1e-6


class Part(Enum):
    """Which side the recording plays: signs of what it says, how it ends, and of the other's."""

    DEVICE = (Sign.HEARD, Sign.LOST, Sign.SENT)
    DRIVER = (Sign.SENT, Sign.CLOSED, Sign.HEARD)

    def __init__(self, ours: Sign, our_end: Sign, theirs: Sign) -> None:
        self.ours = ours
        self.our_end = our_end
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where the side under test first did something else than recorded.

    ``conversation`` counts connections from 1, ``offset`` the bytes of that side in it
    from 0; ``recorded`` and ``replayed`` begin with the divergent byte, empty: nothing.
    ``at_us`` is the link time of the recording, microseconds.
    """

    side: str
    conversation: int
    at_us: int
    offset: int
    recorded: bytes
    replayed: bytes
    what: str = ""

    def __str__(self) -> str:
        """Tell it in one line."""
        return (
            f"{self.at_us / 1e6:.6f} s, connection {self.conversation}, byte {self.offset} of the "
            f"{self.side}: recorded {_shown(self.recorded)}, now {_shown(self.replayed)}"
            + (f" ({self.what})" if self.what else "")
        )


def _shown(data: bytes) -> str:
    if not data:
        return "nothing"
    more = "..." if len(data) > _SHOWN else ""
    return f"{data[:_SHOWN].hex(' ')}{more} {data[:_SHOWN]!r}"


@dataclass(slots=True)
class Tally:
    """How a replay went so far: bytes said and compared, and the first divergence."""

    strict: bool = True
    said: int = 0
    compared: int = 0
    divergence: Divergence | None = None

    def report(self, divergence: Divergence) -> None:
        """Keep the first one."""
        if self.divergence is None:
            self.divergence = divergence

    @property
    def stopped(self) -> bool:
        """Whether nothing is said any more."""
        return self.strict and self.divergence is not None


class Play(asyncio.Protocol):
    """Plays one side of one conversation on any transport.

    A device follows the driver: its answers keep their distance from what they answer.
    A driver keeps to its own times, counted from ``base`` (loop time of link time
    zero), and waits ``patience_s`` at most for what the device said then.
    """

    def __init__(
        self,
        talk: Conversation,
        number: int,
        part: Part,
        tally: Tally,
        *,
        base: float | None = None,
        patience_s: float | None = None,
    ) -> None:
        self.finished = asyncio.get_running_loop().create_future()
        self._talk = talk
        self._number = number
        self._part = part
        self._tally = tally
        self._patience_s = patience_s
        self._follows = base is None
        self._shift = base or 0.0
        self._records = [r for r in talk.records if r.sign not in (Sign.OPENED, Sign.REFUSED)]
        self._expected = talk.said(part.theirs)
        self._came = 0
        self._cursor = 0
        self._consumed = 0
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None

    # -- what asyncio calls ----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        if self._follows:
            self._keep_distance(self._talk.records[0])
        self._advance()

    def data_received(self, data: bytes) -> None:
        """Compare what the other side says, and go on."""
        if self._tally.stopped:
            return
        recorded = self._expected[self._came : self._came + len(data)]
        if recorded != data:
            same = common_length(recorded, data)
            rest = self._expected[self._came + same :]
            self._diverge(self._came + same, rest, data[same:])
        self._came += len(data)
        self._tally.compared += len(data)
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; too early is a divergence."""
        talking = any(r.sign in (Sign.SENT, Sign.HEARD) for r in self._records[self._cursor :])
        if talking and not self.finished.done() and not self._tally.stopped:
            rest = self._expected[self._came :]
            self._diverge(self._came, rest, b"", "it closed the line")
        self._finish()

    # -- the play ---------------------------------------------------------------

    def _advance(self) -> None:
        """Go through the records as far as what came and the time allow."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while not self._tally.stopped and self._cursor < len(self._records):
            record = self._records[self._cursor]
            if not (self._hear(record) if record.sign is self._part.theirs else self._act(record)):
                return
            self._cursor += 1
        if self._tally.stopped:
            self._transport.close()
            self._finish()
        elif not self._follows:
            # What was said last is still on its way.
            asyncio.get_running_loop().call_soon(self._transport.close)

    def _hear(self, record: Record) -> bool:
        """Return whether all of a record has come."""
        if self._came < self._consumed + len(record.data):
            if self._patience_s is not None:
                self._wait(record.at_s + self._shift + self._patience_s, self._silent)
            return False
        self._consumed += len(record.data)
        if self._follows:
            self._keep_distance(record)
        return True

    def _act(self, record: Record) -> bool:
        """Say or do what the record says, unless it is too early or the other side's to do."""
        if record.sign not in (self._part.ours, self._part.our_end):
            # The other side's closing: `connection_lost` tells.
            return not self._follows
        due = record.at_s + self._shift
        # The loop's timers may be a microsecond early, as may what was rounded to one.
        if due > asyncio.get_running_loop().time() + _TICK_S:
            # In virtual time much happens at one instant: a device has its turn before the driver.
            self._wait(due if self._follows else due + _TICK_S, self._advance)
            return False
        if record.sign is self._part.our_end:
            asyncio.get_running_loop().call_soon(self._transport.close)
        else:
            self._tally.said += len(record.data)
            self._transport.write(record.data)
        return True

    def _keep_distance(self, record: Record) -> None:
        self._shift = asyncio.get_running_loop().time() - record.at_s

    def _wait(self, until: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_at(until, then)

    def _silent(self) -> None:
        self._timer = None
        self._diverge(self._came, self._expected[self._came :], b"", "it stays silent")
        self._transport.close()
        self._finish()

    def _diverge(self, offset: int, recorded: bytes, replayed: bytes, what: str = "") -> None:
        side = "driver" if self._part is Part.DEVICE else "device"
        at_us = time_of(self._talk, self._part.theirs, offset)
        self._tally.report(Divergence(side, self._number, at_us, offset, recorded, replayed, what))

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.finished.done():
            self.finished.set_result(None)


def common_length(one: bytes, other: bytes) -> int:
    """Return how many bytes from the start are the same."""
    differing = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


def time_of(talk: Conversation, sign: Sign, offset: int) -> int:
    """Return when the byte at an offset was recorded; after the last: when the log ends."""
    for record in talk.records:
        if record.sign is sign:
            if offset < len(record.data):
                return record.at_us
            offset -= len(record.data)
    return talk.records[-1].at_us
