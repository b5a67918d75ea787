"""WAGO 750 remote I/O over Modbus/TCP: digital channels behind a watchdog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from drivers.codecs import wago as codec
from drivers.codecs.registers import Table
from drivers.interfaces import Done, Failure, IoState, NotDone, Outcome, Unknown
from drivers.modbus import ModbusLink, Reading
from drivers.wago_watchdog import WagoWatchdog

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Image:
    """Where the digital channels stand in the process image; None without any."""

    inputs: Table | None
    outputs: Table | None
    read_back: Table | None


class WagoIo:
    """A `RemoteIo` of so many digital ``inputs`` and ``outputs`` on coupler 750-``item``.

    Coupler and modules are checked before first use and again after every failure:
    with a module too many or too few every channel behind it is another one. Feed
    at least three times in ``watchdog_ms``, a multiple of 100 (else ValueError).
    """

    def __init__(
        self,
        link: ModbusLink,
        *,
        inputs: int,
        outputs: int,
        item: int = 352,
        watchdog_ms: int = 1000,
    ) -> None:
        self._link = link
        link.meet(self._meet)
        self._inputs = inputs
        self._outputs = outputs
        self._item = item
        self._watchdog = WagoWatchdog(link, watchdog_ms)
        self._image: _Image | None = None

    async def identify(self) -> Outcome[int]:
        """Return the firmware index.

        `NotDone`: `BAD_REPLY` if the coupler or its modules are others, `FAULT` if its
        watchdog has fired (it then tells nothing else).
        """
        plate = await self._get(codec.NAMEPLATE)
        if not isinstance(plate, Done):
            return plate
        if stranger := self._stranger(plate.value):
            return stranger
        sizes = await self._get(codec.SIZES)
        if not isinstance(sizes, Done):
            return sizes
        if why := self._wrong_modules(sizes.value):
            return NotDone(Failure.BAD_REPLY, f"{self._link.url}: {why}")
        self._image = self._lay_out(sizes.value)
        return Done(plate.value["firmware"])

    async def _meet(self, read: Reading) -> NotDone | None:
        """Look at the name plate; modules are counted again after any new connection."""
        self._image = None
        seen = await read(codec.NAMEPLATE)
        if isinstance(seen, Done):
            return self._stranger(codec.NAMEPLATE.decode(seen.value))
        # A fired watchdog refuses everything, the name plate too; `arm` clears it.
        if seen.reason is Failure.EXCEPTION_REPLY:
            return None
        return NotDone(seen.reason, seen.detail)

    def _stranger(self, plate: dict[str, int]) -> NotDone | None:
        found = (plate["series"], plate["item"])
        if found == (codec.SERIES, self._item):
            return None
        detail = f"{found[0]}-{found[1]} instead of {codec.SERIES}-{self._item}"
        return NotDone(Failure.BAD_REPLY, f"{self._link.url}: {detail}; is it the I/O station?")

    async def read(self) -> Outcome[IoState]:
        """Read all inputs, and the outputs as they are."""
        image = await self._ensure()
        if not isinstance(image, Done):
            return image
        inputs = await self._channels(image.value.inputs, self._inputs)
        if not isinstance(inputs, Done):
            return inputs
        outputs = await self._channels(image.value.read_back, self._outputs)
        if not isinstance(outputs, Done):
            return outputs
        return Done(IoState(inputs.value, outputs.value))

    async def arm(self) -> Outcome[None]:
        """Start the watchdog; one that fired is cleared.

        Outputs that it dropped stay off until they are written. Outputs that stand
        under another time are switched off, since it takes a stop to change it.
        """
        self._watchdog.armed = False
        ready = await self._ensure()
        if isinstance(ready, NotDone) and ready.reason is Failure.FAULT:
            cleared = self._note(await self._watchdog.clear())
            if not isinstance(cleared, Done):
                return cleared
            ready = await self._ensure()
        if not isinstance(ready, Done):
            return ready
        return self._note(await self._watchdog.arm(self._outputs_off))

    async def feed(self) -> Outcome[None]:
        """Hold the watchdog off.

        `NotDone`: `FAULT` when it has fired, `NOT_READY` when the coupler was restarted
        or nobody armed it.
        """
        return self._note(await self._watchdog.feed())

    async def write(self, outputs: Sequence[bool]) -> Outcome[IoState]:
        """Set all outputs, once, and read them back.

        `NotDone` unless the watchdog is armed and runs: outputs that nobody could take
        back are never set. `Unknown` when they read back otherwise.
        """
        if len(outputs) != self._outputs:
            detail = f"{len(outputs)} outputs instead of {self._outputs}"
            return NotDone(Failure.BAD_ARGUMENT, detail)
        image = await self._ensure()
        if not isinstance(image, Done):
            return image
        # Asked each time: a coupler that was restarted since the last feed takes outputs too.
        guarded = self._note(await self._watchdog.check())
        if not isinstance(guarded, Done):
            return guarded
        sent = await self._send(image.value, outputs)
        if isinstance(sent, NotDone):
            return sent
        return await self._read_back(tuple(outputs))

    async def _outputs_off(self) -> Outcome[None]:
        image = await self._ensure()
        if not isinstance(image, Done):
            return image
        return await self._send(image.value, (False,) * self._outputs)

    async def _send(self, image: _Image, outputs: Sequence[bool]) -> Outcome[None]:
        if image.outputs is None:
            return Done(None)
        sent = await self._link.write(image.outputs, codec.pack(outputs))
        return self._note(await self._watchdog.plain(sent))

    async def _read_back(self, asked: tuple[bool, ...]) -> Outcome[IoState]:
        seen = await self.read()
        match seen:
            case Done(value=state) if state.outputs == asked:
                return seen
            case Done():
                return Unknown(Failure.BAD_REPLY, f"{self._link.url}: outputs read back otherwise")
            case NotDone(reason=reason, detail=detail) | Unknown(reason=reason, detail=detail):
                return Unknown(reason, f"outputs cannot be read back: {detail}")

    # -- the wire -------------------------------------------------------------------

    async def _get(self, table: Table) -> Outcome[dict[str, int]]:
        outcome = self._note(await self._watchdog.plain(await self._link.read(table)))
        return Done(table.decode(outcome.value)) if isinstance(outcome, Done) else outcome

    async def _channels(self, table: Table | None, count: int) -> Outcome[tuple[bool, ...]]:
        if table is None:
            return Done(())
        outcome = self._note(await self._watchdog.plain(await self._link.read(table)))
        if not isinstance(outcome, Done):
            return outcome
        return Done(codec.unpack(outcome.value, count))

    async def _ensure(self) -> Outcome[_Image]:
        if self._image is None:
            known = await self.identify()
            if not isinstance(known, Done):
                return known
        assert self._image is not None
        return Done(self._image)

    def _note(self, outcome: Outcome[T]) -> Outcome[T]:
        """Ask who is there again after a failure: coupler or modules may be others now."""
        if isinstance(outcome, NotDone | Unknown):
            self._image = None
        return outcome

    def _wrong_modules(self, sizes: dict[str, int]) -> str:
        for name, expected in (("inputs", self._inputs), ("outputs", self._outputs)):
            found = sizes[f"digital_{name}"]
            if found != expected:
                return f"{found} digital {name} instead of {expected}; check its modules"
        return ""

    def _lay_out(self, sizes: dict[str, int]) -> _Image:
        after_inputs, after_outputs = sizes["analog_inputs"] // 16, sizes["analog_outputs"] // 16
        return _Image(
            _words(after_inputs, self._inputs),
            _words(codec.OUTPUTS_START + after_outputs, self._outputs),
            _words(codec.READ_BACK_START + after_outputs, self._outputs),
        )


def _words(start: int, bits: int) -> Table | None:
    return codec.words(start, bits) if bits else None
