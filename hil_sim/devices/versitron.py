"""The result line of a simulated Versitron: it publishes, nobody asks, nobody acknowledges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from drivers.codecs import versitron
from drivers.lines import Listener, Port
from hil_sim.devices.audience import Audience
from hil_sim.faults import Fault, Switch


@dataclass(slots=True)
class ResultFaults:
    """How many of the next records are lost, sent twice or garbled."""

    lose: int = 0
    duplicate: int = 0
    garble: int = 0


class SimulatedVersitron:
    """Prints one record per test on every open line. `protocol` is the factory for `Bench.listen`.

    What is printed while nobody listens is gone, as on the real port. ``shown`` is what the
    tester's display shows: value and scale of the last test.
    """

    def __init__(self, *, digits: int = 6) -> None:
        self.faults = ResultFaults()
        self.published = 0
        self.shown = ""
        self._digits = digits
        self._audience = Audience()
        self.port: Port | None = None

    def listen(self, bench: Listener, url: str) -> Port:
        """Print on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.protocol)
        return self.port

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {Fault.POWER_LOSS: self.power_loss}

    def power_loss(self) -> None:
        """Lose power and come back: every line drops, what is printed meanwhile is gone."""
        if self.port is not None:
            self.port.hang_up()

    def protocol(self) -> asyncio.Protocol:
        """Return the tester's end for a new connection."""
        return _Wire(self._audience)

    def publish(self, number: int, scale: str, hardness: Decimal, tolerance: str = "") -> None:
        """Print the record of one test; the number wraps at the width of its field.

        Raises ValueError if the scale is unknown or the hardness has too many digits.
        """
        number %= 10**self._digits
        record = versitron.VersitronRecord(number, scale, hardness, tolerance)
        line = versitron.encode(record, digits=self._digits)
        self.published += 1
        self.shown = f"{hardness} {scale}"
        if self._strikes("lose"):
            return
        if self._strikes("garble"):
            line = garbled(line)
        for _ in range(2 if self._strikes("duplicate") else 1):
            self._audience.tell(line)

    def _strikes(self, fault: str) -> bool:
        left: int = getattr(self.faults, fault)
        if left > 0:
            setattr(self.faults, fault, left - 1)
        return left > 0


def garbled(line: bytes) -> bytes:
    """Return the record as noise leaves it: framing bits flipped in the middle."""
    middle = len(line) // 2
    return (
        line[:middle]
        + bytes(byte ^ 0x55 for byte in line[middle : middle + 3])
        + line[middle + 3 :]
    )


class _Wire(asyncio.Protocol):
    """One connection to the port; what is sent to it is ignored."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._audience.join(transport)


Publish = Callable[[int, str, Decimal], None]
"""What a simulated tester calls when its cycle is complete: number, scale symbol, hardness."""
