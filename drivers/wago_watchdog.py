"""The watchdog of a WAGO 750 coupler: its registers, how to arm it, how to feed it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from drivers.codecs import wago as codec
from drivers.codecs.registers import Table
from drivers.codecs.wago import Watchdog
from drivers.interfaces import Done, Failure, NotDone, Outcome
from drivers.modbus import ModbusLink

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Settings:
    """What the coupler shows of its watchdog."""

    running: int
    time: int
    mask: int
    trigger: int


class WagoWatchdog:
    """One watchdog, of so many ``ms`` (a multiple of 100, else ValueError).

    ``armed`` is whether this session started it and has seen no sign of its end.
    """

    def __init__(self, link: ModbusLink, ms: int) -> None:
        self.armed = False
        self._link = link
        self._ticks = codec.ticks(ms)
        self._trigger = 0

    async def arm(self, outputs_off: Callable[[], Awaitable[Outcome[None]]]) -> Outcome[None]:
        """Set its time and start it, if it does not run just so already.

        One that runs otherwise must be stopped for that; ``outputs_off`` is awaited
        before, because an arming that breaks off would leave them to nobody.
        """
        self.armed = False
        shown = await self._settings()
        if not isinstance(shown, Done):
            return shown
        self._trigger = shown.value.trigger
        if shown.value.running == Watchdog.RUNNING and not self._as_wanted(shown.value):
            stopped = await self._stop(outputs_off)
            if not isinstance(stopped, Done):
                return stopped
        set_ = await self._set(shown.value)
        if not isinstance(set_, Done):
            return set_
        self.armed = True
        return await self.feed()

    async def clear(self) -> Outcome[None]:
        """Clear a watchdog that fired."""
        return await self.put(codec.STOP, codec.STOP_WORD)

    async def feed(self) -> Outcome[None]:
        """Hold it off, and check that it runs."""
        if not self.armed:
            return NotDone(Failure.NOT_READY, "the watchdog is not armed")
        # Always a number that never stood there: one that the coupler holds already,
        # because an earlier write was lost or came late, would not count as a sign of life.
        self._trigger = self._trigger % 0xFFFF + 1
        fed = await self.put(codec.TRIGGER, self._trigger)
        if not isinstance(fed, Done):
            self.armed = self.armed and fed.reason is not Failure.FAULT
            return fed
        return await self.check()

    async def check(self) -> Outcome[None]:
        """Check that it runs as armed; if it does not, it must be armed again."""
        if not self.armed:
            return NotDone(Failure.NOT_READY, "the watchdog is not armed")
        running = await self._runs()
        if isinstance(running, NotDone) and running.reason in (Failure.FAULT, Failure.NOT_READY):
            self.armed = False
        return running

    # -- how ----------------------------------------------------------------------------

    async def _stop(self, outputs_off: Callable[[], Awaitable[Outcome[None]]]) -> Outcome[None]:
        off = await outputs_off()
        return await self.clear() if isinstance(off, Done) else off

    async def _set(self, shown: _Settings) -> Outcome[None]:
        # With an empty mask only `feed` counts: reading proves no life of the owner.
        for table, word, found in (
            (codec.MASK, 0, shown.mask),
            (codec.TIME, self._ticks, shown.time),
        ):
            if word != found:
                put = await self.put(table, word)
                if not isinstance(put, Done):
                    return put
        return Done(None)

    def _as_wanted(self, shown: _Settings) -> bool:
        return (shown.time, shown.mask) == (self._ticks, 0)

    async def _settings(self) -> Outcome[_Settings]:
        words: list[int] = []
        # One by one: the registers between them need not exist.
        for table in (codec.RUNNING, codec.TIME, codec.MASK, codec.TRIGGER):
            outcome = await self.plain(await self._link.read(table))
            if not isinstance(outcome, Done):
                return outcome
            words += outcome.value
        return Done(_Settings(*words))

    async def _runs(self) -> Outcome[None]:
        """Check that it runs with our time: a restarted coupler has its own."""
        found: list[int] = []
        for table in (codec.RUNNING, codec.TIME):
            outcome = await self.plain(await self._link.read(table))
            if not isinstance(outcome, Done):
                return outcome
            found += outcome.value
        if found[0] == Watchdog.FIRED:
            return self._fired()
        if found != [Watchdog.RUNNING, self._ticks]:
            detail = f"{self._link.url}: watchdog state {found[0]}, time {found[1]}"
            return NotDone(Failure.NOT_READY, f"{detail}; was the coupler restarted?")
        return Done(None)

    async def put(self, table: Table, word: int) -> Outcome[None]:
        """Write one register, once."""
        return await self.plain(await self._link.write(table, [word]))

    async def plain(self, outcome: Outcome[T]) -> Outcome[T]:
        """Say plainly, as `FAULT`, what an exception of a fired watchdog means."""
        if isinstance(outcome, Done) or outcome.reason is not Failure.EXCEPTION_REPLY:
            return outcome
        state = await self._link.read(codec.RUNNING)
        fired = isinstance(state, Done) and state.value == [Watchdog.FIRED]
        return self._fired() if fired else outcome

    def _fired(self) -> NotDone:
        return NotDone(Failure.FAULT, f"{self._link.url}: its watchdog fired, the outputs are off")
