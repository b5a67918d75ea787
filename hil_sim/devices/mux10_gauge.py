"""Three simulated indicators behind a MUX-10: they show the block at the sizing stage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from random import Random

from drivers.codecs import mux10
from drivers.interfaces import SIZING
from drivers.lines import Listener, Port
from hil_sim.devices.audience import Audience
from hil_sim.faults import Fault, Switch
from hil_sim.world import World
from runtime import Clock

SIGMA_MM = 0.001
_STEP = Decimal("0.0001")
_STEPS_PER_MM = 10_000
_NO_DATA = b"911\r"


class SimMux10Gauge:
    """Answers a channel's request after ``measure_s`` of process time.

    Channels 1, 2 and 3 show thickness, width and depth in mm; an empty stage shows
    almost nothing, as an indicator does whose spindle rests on the anvil.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        rng: Random,
        *,
        measure_s: float = 0.5,
        dialect: mux10.Dialect | None = None,
    ) -> None:
        self.port: Port | None = None
        self.asked = 0
        self._world = world
        self._clock = clock
        self._rng = rng
        self._measure_s = measure_s
        self._channels = {
            request: channel for channel, request in (dialect or mux10.Dialect()).requests.items()
        }
        self._off = Decimal(0)
        self._stuck: dict[int, Decimal] = {}
        self._pulled: set[int] = set()
        self._audience = Audience()
        self._starts = 0

    def protocol(self) -> asyncio.Protocol:
        """Return the multiplexer's end for a new connection."""
        return _Wire(self, self._audience)

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.protocol)
        return self.port

    # -- faults of the world ---------------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.WRONG_VALUE: self.wrong_value,
            Fault.STUCK_SENSOR: self.stick,
            Fault.POWER_LOSS: self.power_loss,
        }

    def wrong_value(self, by: Decimal | str = "0.5") -> None:
        """Let every indicator show so many mm too much from now on."""
        self._off = Decimal(by)

    def stick(self, channel: int, stuck: bool = True) -> None:
        """Let an indicator show what it shows now, whatever stands there; False frees it."""
        self._stuck.pop(channel, None)
        if stuck:
            self._stuck[channel] = self._shown(channel)

    def pull(self, channel: int, pulled: bool = True) -> None:
        """Pull an indicator's plug out of the multiplexer, or push it in again."""
        (self._pulled.add if pulled else self._pulled.discard)(channel)

    def press(self, channel: int) -> None:
        """Press the DATA key of an indicator: a frame that nobody asked for."""
        self._send(channel)

    def power_loss(self) -> None:
        """Lose power: the line drops, what was asked is forgotten."""
        self._starts += 1
        if self.port is not None:
            self.port.hang_up()

    # -- the wire --------------------------------------------------------------------

    def requested(self, request: bytes) -> None:
        """Take one request with its CR; what is none is ignored."""
        channel = self._channels.get(request)
        if channel is None:
            return
        self.asked += 1
        delay = self._measure_s / self._clock.speed
        asyncio.get_running_loop().call_later(delay, self._answer, channel, self._starts)

    def _answer(self, channel: int, start: int) -> None:
        if start == self._starts:
            self._send(channel)

    def _send(self, channel: int) -> None:
        frame = _NO_DATA
        if channel not in self._pulled:
            frame = mux10.encode(mux10.Reading(channel, self._shown(channel)))
        self._audience.tell(frame)

    def _shown(self, channel: int) -> Decimal:
        if channel in self._stuck:
            return self._stuck[channel]
        block = self._world.occupant(SIZING)
        sizes = (block.thickness_mm, block.width_mm, block.depth_mm) if block is not None else ()
        true = sizes[channel - 1] if channel <= len(sizes) else 0.0
        steps = round((true + self._rng.gauss(0.0, SIGMA_MM)) * _STEPS_PER_MM)
        return (Decimal(steps) / _STEPS_PER_MM + self._off).quantize(_STEP)


class _Wire(asyncio.Protocol):
    """One connection; requests end with CR."""

    def __init__(self, gauge: SimMux10Gauge, audience: Audience) -> None:
        self._gauge = gauge
        self._audience = audience
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._audience.join(transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._pending = (self._pending + data).split(mux10.END)
        for request in requests:
            self._gauge.requested(request + mux10.END)
