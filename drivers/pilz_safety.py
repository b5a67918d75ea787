"""The safety controller Pilz PNOZmulti 2 over Modbus/TCP: shown and obeyed, never decided.

The safety function is hard-wired. What the software can do is withdraw its own
permission to run; giving it back does not move anything, since the safety
program latches the stop until a person resets it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar, cast

from drivers.codecs import pilz as codec
from drivers.codecs.pilz import Request, State
from drivers.interfaces import Done, Failure, NotDone, Outcome, SafetyState, Unknown
from drivers.modbus import ModbusLink, Reading
from drivers.nod import Heard

T = TypeVar("T")

_ALIVE = 1 << Request.ALIVE
_PERMIT = 1 << Request.RUN_PERMITTED


class PilzSafety:
    """A `SafetyChain`. Give an `InputRegisterLink`: outputs and device data are read by FC04.

    The unit is asked for its order number before first use and again after every
    failure. ``watchdog_ms`` must be one of `codec.WATCHDOG_MS`, else ValueError; feed
    at least three times in that time.
    """

    def __init__(
        self, link: ModbusLink, *, product: int = codec.PRODUCT, watchdog_ms: int = 1000
    ) -> None:
        self._link = link
        link.meet(self._meet)
        self._product = product
        self._watchdog_ms = watchdog_ms
        self._control = codec.control(watchdog_ms)
        self._known = False
        self._word: int | None = None
        self._stops = 0

    async def identify(self) -> Outcome[int]:
        """Return the unit's serial number; `NotDone` with `BAD_REPLY` if it is another product."""
        serial = await self._identified(self._link.read)
        self._known = isinstance(serial, Done)
        return serial

    async def _meet(self, read: Reading) -> NotDone | None:
        serial = await self._identified(read)
        return None if isinstance(serial, Done) else NotDone(serial.reason, serial.detail)

    async def _identified(self, read: Reading) -> Outcome[int]:
        outcome = await read(codec.IDENTITY)
        if not isinstance(outcome, Done):
            return outcome
        raw = codec.IDENTITY.decode(outcome.value)
        if raw["product"] != self._product:
            detail = f"{self._link.url}: product {raw['product']} instead of {self._product}"
            return NotDone(Failure.BAD_REPLY, f"{detail}; is it the safety controller?")
        return Done(raw["serial"])

    async def read(self) -> Outcome[SafetyState]:
        """Read what the safety program shows."""
        known = await self._ensure()
        if not isinstance(known, Done):
            return known
        outcome = self._note(await self._link.read(codec.STATES))
        if not isinstance(outcome, Done):
            return outcome
        return Done(_state(codec.STATES.decode(outcome.value)["bits"]))

    async def arm(self) -> Outcome[SafetyState]:
        """Start the watchdog and permit running.

        The watchdog first: a permission that nobody takes back must not stand for
        an instant. A stop requested meanwhile prevails.
        """
        self._word, stops = None, self._stops
        known = await self._ensure()
        if not isinstance(known, Done):
            return known
        values = codec.CONTROL.encode({"control": self._control})
        started = self._note(await self._link.write(codec.CONTROL, values))
        if not isinstance(started, Done):
            return started
        held = await self._holds_time()
        if not isinstance(held, Done):
            return held
        permitted = await self._put(self._granted(stops))
        if not isinstance(permitted, Done):
            return permitted
        self._word = self._granted(stops)
        # Nothing changes unless a stop was requested while the permission was on its way.
        confirmed = await self._put(self._word)
        return await self.read() if isinstance(confirmed, Done) else confirmed

    async def feed(self) -> Outcome[None]:
        """Write the requests again, which holds the watchdog off.

        `NotDone` with `FAULT` when they had fallen: the watchdog fired or the unit was
        restarted. The stop then stands until `arm`. Requests of another sender, or a
        late packet, are overwritten.
        """
        if self._word is None:
            return NotDone(Failure.NOT_READY, "the watchdog is not armed")
        known = await self._ensure()
        if not isinstance(known, Done):
            return known
        seen = self._note(await self._link.read(codec.REQUESTS))
        if not isinstance(seen, Done):
            return seen
        if not codec.bit(codec.REQUESTS.decode(seen.value)["bits"], Request.ALIVE):
            self._word = None
            detail = f"{self._link.url}: requests have fallen: watchdog fired, or it was restarted"
            return NotDone(Failure.FAULT, detail)
        # As it is by now: a stop may have been requested during the read.
        return await self._put(self._word)

    def feed_in_passing(self, heard: Heard) -> bool:
        """Do as `feed` in passing: a `Nod`. Requests that have fallen are told by `feed`."""
        if self._word is None or not self._known:
            return False

        def written(outcome: Outcome[object] | None) -> None:
            heard(self._note(outcome) if outcome is not None else None)

        def seen(outcome: Outcome[object] | None) -> None:
            stands = isinstance(outcome, Done) and codec.bit(
                _requests(cast(list[int], outcome.value)), Request.ALIVE
            )
            # As it is by now: a stop may have been requested during the read.
            word = self._word if stands else None
            registers = _registers(word) if word is not None else []
            if not registers or not self._link.write_in_passing(codec.REQUESTS, registers, written):
                heard(None)

        return self._link.read_in_passing(codec.REQUESTS, seen)

    async def request_stop(self) -> Outcome[None]:
        """Withdraw the permission to run, 停止(软件).

        Even when the write fails or is not answered, every later `feed` repeats it,
        and without a `feed` the watchdog does the same.
        """
        self._stops += 1
        stopped = 0 if self._word is None else _ALIVE
        if self._word is not None:
            self._word = stopped
        known = await self._ensure()
        return await self._put(stopped) if isinstance(known, Done) else known

    def _granted(self, stops: int) -> int:
        return _ALIVE | _PERMIT if self._stops == stops else _ALIVE

    async def _put(self, word: int) -> Outcome[None]:
        return self._note(
            await self._link.write(codec.REQUESTS, codec.REQUESTS.encode({"bits": word}))
        )

    async def _holds_time(self) -> Outcome[None]:
        outcome = self._note(await self._link.read(codec.CONTROL))
        if not isinstance(outcome, Done):
            return outcome
        shown = codec.armed_ms(codec.CONTROL.decode(outcome.value)["control"])
        if shown != self._watchdog_ms:
            detail = f"{self._link.url}: watchdog of {shown} ms instead of {self._watchdog_ms}"
            return NotDone(Failure.NOT_READY, detail)
        return Done(None)

    async def _ensure(self) -> Outcome[None]:
        if self._known:
            return Done(None)
        outcome = await self.identify()
        return Done(None) if isinstance(outcome, Done) else outcome

    def _note(self, outcome: Outcome[T]) -> Outcome[T]:
        """Ask who is there again after a failure: the unit may have been exchanged."""
        if isinstance(outcome, NotDone | Unknown):
            self._known = False
        return outcome


def _requests(registers: list[int]) -> int:
    (bits,) = registers
    return bits


@lru_cache(maxsize=4)  # fed every second, for days with the same
def _registers(word: int) -> list[int]:
    return codec.REQUESTS.encode({"bits": word})


def _state(bits: int) -> SafetyState:
    return SafetyState(
        e_stop_ok=codec.bit(bits, State.E_STOP_OK),
        door_ok=codec.bit(bits, State.DOOR_OK),
        reset_required=codec.bit(bits, State.RESET_REQUIRED),
        closed=codec.bit(bits, State.CHAIN_CLOSED),
        stop_requested=codec.bit(bits, State.STOP_REQUESTED),
    )
