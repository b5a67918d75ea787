"""The one fault vocabulary of every simulated device.

Faults of the wire are put on the device's `Port`, between client and device;
faults of the world are switches that the device offers. Both are injected by
the same words: ``Faults(device).inject("lose-reply", count=1)``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal, Protocol

from drivers.lines import Port, Tap
from runtime import stream

Direction = Literal["to_device", "to_client"]
Forward = Callable[[bytes], None]
Switch = Callable[..., None]


class Fault(StrEnum):
    """What can go wrong."""

    HANG = "hang"
    DROP_CONNECTION = "drop-connection"
    LOSE_REPLY = "lose-reply"
    DELAY = "delay"
    LATE_PACKET = "late-packet"
    GARBLE = "garble"
    DUPLICATE = "duplicate"
    STALE_REPLY = "stale-reply"
    WRONG_VALUE = "wrong-value"
    STUCK_SENSOR = "stuck-sensor"
    SLIP = "slip"
    BAD_CYCLE = "bad-cycle"
    POWER_LOSS = "power-loss"
    E_STOP = "e-stop"


# Where each fault of the wire strikes unless told otherwise.
_WIRE: dict[Fault, Direction] = {
    Fault.HANG: "to_device",
    Fault.DROP_CONNECTION: "to_client",
    Fault.LOSE_REPLY: "to_client",
    Fault.DELAY: "to_client",
    Fault.LATE_PACKET: "to_device",
    Fault.GARBLE: "to_client",
    Fault.DUPLICATE: "to_device",
    Fault.STALE_REPLY: "to_client",
}


class Faulty(Protocol):
    """A device that faults can be put on."""

    @property
    def port(self) -> Port | None:
        """Where it listens on the bench, if it does."""
        ...

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults of the world that it knows."""
        ...


@dataclass(slots=True, eq=False)
class Injection:
    """One armed fault of the wire. ``left`` is None for no limit; ``struck`` counts."""

    fault: Fault
    direction: Direction
    seconds: float
    left: int | None
    probability: float
    skip: int
    when: Callable[[bytes], bool] | None
    struck: int = 0

    def strikes(self, data: bytes, rng: Random) -> bool:
        """Return whether this packet is hit, and count it if so."""
        if self.left == 0 or (self.when is not None and not self.when(data)):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self.left = None if self.left is None else self.left - 1
        self.struck += 1
        return True

    def cancel(self) -> None:
        """Strike no more."""
        self.left = 0


class Faults:
    """Arms faults on one device. ``rng`` decides probabilities and garbled bits.

    ``struck`` is told of each packet that is hit, in the instant of it.
    """

    def __init__(self, device: Faulty, rng: Random | None = None) -> None:
        self._device = device
        self._rng = rng or stream(0, "faults")
        self._armed: list[Injection] = []
        self._last: dict[Direction, bytes] = {}
        self.struck: Callable[[Injection], None] | None = None
        self._held: list[Callable[[], None]] | None = None
        if device.port is not None:
            device.port.to_device = self._tap("to_device")
            device.port.to_client = self._tap("to_client")

    def inject(
        self,
        fault: Fault | str,
        *,
        count: int | None = 1,
        probability: float = 1.0,
        nth: int = 1,
        when: Callable[[bytes], bool] | None = None,
        direction: Direction | None = None,
        seconds: float = 1.0,
        **details: object,
    ) -> Injection | None:
        """Arm a fault of the wire, or throw a switch of the device with ``details``.

        A wire fault strikes the ``nth`` packet that fulfils ``when`` and those after
        it, ``count`` times (None: always), each with ``probability``; ``seconds`` of
        link time is how long it delays or hangs. Raises ValueError for a fault that
        the device cannot have.
        """
        fault = Fault(fault)
        if fault not in _WIRE:
            self._throw(fault, details)
            return None
        if self._device.port is None:
            raise ValueError(f"{fault}: the device listens on no bench")
        if details:
            raise ValueError(f"{fault}: unknown details {', '.join(sorted(details))}")
        armed = Injection(
            fault, direction or _WIRE[fault], seconds, count, probability, nth - 1, when
        )
        self._armed.append(armed)
        return armed

    @property
    def waiting(self) -> bool:
        """Whether a fault of the wire is armed and still has packets to strike."""
        return any(armed.left != 0 for armed in self._armed)

    def clear(self) -> None:
        """Disarm every fault of the wire; what is thrown stays thrown."""
        for armed in self._armed:
            armed.cancel()
        self._armed.clear()

    def _throw(self, fault: Fault, details: Mapping[str, object]) -> None:
        switch = self._device.switches.get(fault)
        if switch is None:
            raise ValueError(f"{fault}: this device cannot have it")
        switch(**details)

    def _tap(self, direction: Direction) -> Tap:
        last = self._last

        def tap(data: bytes, forward: Forward) -> None:
            previous = last.get(direction, data)
            last[direction] = data
            if direction == "to_device" and self._held is not None:
                self._held.append(self._deliverer(data, forward))
                return
            for armed in self._armed:
                if armed.left == 0:
                    self._armed = [one for one in self._armed if one.left != 0]
                elif armed.direction == direction and armed.strikes(data, self._rng):
                    if self.struck is not None:
                        self.struck(armed)
                    self._strike(armed, data, previous, forward)
                    return
            forward(data)

        return tap

    def _strike(self, armed: Injection, data: bytes, previous: bytes, forward: Forward) -> None:
        loop = asyncio.get_running_loop()
        match armed.fault:
            case Fault.HANG:
                self._held = [self._deliverer(data, forward)]
                loop.call_later(armed.seconds, self._wake)
            case Fault.DROP_CONNECTION:
                self._port.hang_up()
            case Fault.DELAY | Fault.LATE_PACKET:
                deliver = self._deliverer(data, forward)
                if armed.direction == "to_client":
                    loop.call_later(armed.seconds, forward, data)
                else:
                    loop.call_later(armed.seconds, deliver)
            case Fault.GARBLE:
                forward(self._garbled(data))
            case Fault.DUPLICATE:
                forward(data)
                forward(data)
            case Fault.STALE_REPLY:
                forward(previous)
            case _:
                pass  # lose-reply: nothing comes

    def _wake(self) -> None:
        held, self._held = self._held or [], None
        for deliver in held:
            deliver()

    def _deliverer(self, data: bytes, forward: Forward) -> Callable[[], None]:
        """Return how to hand over bytes later, even if their connection is dead by then.

        What a device had received, or a network still held, is acted on although
        the client has gone; only the answer finds nobody.
        """
        sender: asyncio.Transport | None = self._port.open[-1] if self._port.open else None

        def deliver() -> None:
            if sender is not None and not sender.is_closing():
                forward(data)
                return
            orphan = self._port.factory()
            orphan.connection_made(_Nobody())
            if isinstance(orphan, asyncio.Protocol):
                orphan.data_received(data)

        return deliver

    def _garbled(self, data: bytes) -> bytes:
        spoiled = bytearray(data)
        spoiled[self._rng.randrange(len(spoiled))] ^= 1 << self._rng.randrange(8)
        return bytes(spoiled)

    @property
    def _port(self) -> Port:
        assert self._device.port is not None
        return self._device.port


class _Nobody(asyncio.Transport):
    """The transport of a dead connection: answers go nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...
