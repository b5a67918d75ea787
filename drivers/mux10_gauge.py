"""A sizing gauge: three Digimatic indicators behind a MUX-10 multiplexer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from drivers.codecs import mux10
from drivers.dialogue import Dialogue, Patience
from drivers.interfaces import Dimensions, Done, Failure, NotDone, Outcome
from drivers.lines import Lines
from drivers.nod import Heard
from drivers.textline import TextLine
from runtime import Clock


@dataclass(frozen=True, slots=True)
class GaugeChannels:
    """Which input of the multiplexer each indicator is plugged into."""

    thickness: int = 1
    width: int = 2
    depth: int = 3


class Mux10Gauge:
    """Implements `Gauge`. The indicators are preset to show the size itself, in mm.

    A measurement is three requests and exactly three answers, each of the channel
    asked for, between two silences. Anything else on the line (a stale answer, a
    foreign channel, a foot switch) voids the measurement. A value below ``least_mm``
    is an empty stage or an indicator that was not preset, not a block.
    """

    def __init__(
        self,
        lines: Lines,
        url: str,
        clock: Clock,
        *,
        channels: GaugeChannels | None = None,
        dialect: mux10.Dialect | None = None,
        patience: Patience | None = None,
        least_mm: Decimal = Decimal(1),
    ) -> None:
        self._talk = Dialogue(lines, url, clock, CrLine, patience or Patience())
        self._channels = channels or GaugeChannels()
        self._dialect = dialect or mux10.Dialect()
        self._least = least_mm
        self._lock = asyncio.Lock()

    async def dimensions(self) -> Outcome[Dimensions]:
        """Measure the block that stands there; repeatable."""
        async with self._lock:
            sized: Dimensions | NotDone | None = None
            try:
                await self._talk.passed()
                sized = await self._measured()
            finally:
                # Failed or cancelled: an answer may still come, and would be taken for the next.
                if not isinstance(sized, Dimensions):
                    self._talk.drop()
        return Done(sized) if isinstance(sized, Dimensions) else sized

    async def alive(self) -> Outcome[None]:
        """Ask for one reading and forget it; a measurement under way is sign enough."""
        if self._lock.locked():
            return Done(None)
        async with self._lock:
            trouble: NotDone | None = NotDone(Failure.TIMED_OUT, "cancelled")
            try:
                await self._talk.passed()
                trouble = await self._sign()
            finally:
                if trouble is not None:
                    self._talk.drop()
        return trouble or Done(None)

    def nod(self, heard: Heard) -> bool:
        """Do as `alive` in passing: a `Nod`."""
        if self._lock.locked():
            heard(_LIVES)
            return True
        channel = self._channels.thickness
        request = self._dialect.requests.get(channel)

        def judge(line: bytes) -> Outcome[object]:
            return _dead(self._answer(channel, line)) or _LIVES

        return request is not None and self._talk.ask_in_passing(request, judge, heard)

    async def _sign(self) -> NotDone | None:
        heard = await self._talk.connect() or await self._talk.silence()
        if isinstance(heard, NotDone):
            return heard
        return _dead(await self._value(self._channels.thickness))

    async def _measured(self) -> Dimensions | NotDone:
        before = await self._talk.connect() or await self._talk.silence()
        if isinstance(before, NotDone):
            return before
        values = []
        for channel in (self._channels.thickness, self._channels.width, self._channels.depth):
            value = await self._value(channel)
            if isinstance(value, NotDone):
                return value
            values.append(value)
        silent = await self._talk.silence()
        if isinstance(silent, NotDone):
            return silent
        if not silent:
            return self._bad("more answers than requests; is somebody pressing a key?")
        return self._plausible(Dimensions(*values))

    async def _value(self, channel: int) -> Decimal | NotDone:
        request = self._dialect.requests.get(channel)
        if request is None:
            return NotDone(Failure.BAD_ARGUMENT, f"no request for channel {channel}")
        line = await self._talk.ask(request)
        return line if isinstance(line, NotDone) else self._answer(channel, line)

    def _answer(self, channel: int, line: bytes) -> Decimal | NotDone:
        match mux10.parse(line, self._dialect):
            case mux10.Reading(channel=answered, value=value) if answered == channel:
                return value
            case mux10.Reading(channel=answered):
                return self._bad(f"channel {answered} answered instead of {channel}")
            case mux10.GaugeError(code=code, meaning=meaning):
                return NotDone(Failure.FAULT, f"channel {channel}: error {code}, {meaning}")
            case mux10.Rejected(raw=raw, reason=reason):
                return self._bad(f"{raw!r}: {reason}; is it the gauge's multiplexer?")

    def _plausible(self, sized: Dimensions) -> Dimensions | NotDone:
        for name in ("thickness_mm", "width_mm", "depth_mm"):
            value: Decimal = getattr(sized, name)
            if value < self._least:
                detail = f"{name} {value}: is the stage empty, or the indicator not preset?"
                return NotDone(Failure.NOT_READY, detail)
        return sized

    def _bad(self, detail: str) -> NotDone:
        return NotDone(Failure.BAD_REPLY, f"{self._talk.url}: {detail}")


_LIVES: Outcome[None] = Done(None)


def _dead(value: Decimal | NotDone) -> NotDone | None:
    """Return why a value is no sign of life.

    An indicator that is off or not preset is a matter of the measurement.
    """
    return value if isinstance(value, NotDone) and value.reason is not Failure.FAULT else None


class CrLine(TextLine):
    """Lines that end with CR alone, or with CR LF."""

    def __init__(self, name: str) -> None:
        super().__init__(name, longest=mux10.LONGEST)

    def data_received(self, data: bytes) -> None:
        """Keep the bytes; an empty line more does not matter."""
        super().data_received(data.replace(b"\r", b"\n"))
