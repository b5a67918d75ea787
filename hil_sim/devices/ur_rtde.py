"""The real-time data exchange of the simulated UR controller: it lets others watch the arm.

No driver of ours needs it. What it shows is what the Modbus registers show, so
that somebody else's client can tell whether the two agree. There are no joints:
this arm is only ever where its TCP is.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from drivers.codecs import rtde
from drivers.codecs.rtde import Kind, Package, Recipe, Value, Wanted
from hil_sim.devices.ur_arm import SimUrArm

OFFERED = {
    "timestamp": "DOUBLE",
    "actual_TCP_pose": "VECTOR6D",
    "robot_mode": "INT32",
    "safety_mode": "INT32",
    "runtime_state": "UINT32",
}
FASTEST_HZ = 125.0
_CONTROLLER = struct.pack(">4I", 5, 12, 4, 1101319)
_STOPPED, _PLAYING = 1, 2
_RECIPE = 1


class RtdeServer:
    """Serves one arm; call it to get a protocol for one connection."""

    def __init__(self, arm: SimUrArm) -> None:
        self.arm = arm

    def __call__(self) -> asyncio.Protocol:
        """Return a protocol for one connection."""
        return _Session(self.arm)


def outputs(arm: SimUrArm) -> dict[str, Value]:
    """Return everything on offer: time in s, pose in m and rad, modes by their numbers."""
    x, y, z = (each / 1000 for each in arm.pose)
    controller = arm.controller
    return {
        "timestamp": controller.clock.process(),
        "actual_TCP_pose": (x, y, z, 0.0, 0.0, 0.0),
        "robot_mode": controller.mode_number,
        "safety_mode": controller.safety_number,
        "runtime_state": _PLAYING if controller.playing else _STOPPED,
    }


class _Session(asyncio.Protocol):
    def __init__(self, arm: SimUrArm) -> None:
        self._arm = arm
        self._pending = b""
        self._transport: Any = None
        self._recipe: Recipe | None = None
        self._period_s = 1 / FASTEST_HZ
        self._next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._pause()

    def data_received(self, data: bytes) -> None:
        try:
            packages, self._pending = rtde.split(self._pending + data)
            for package in packages:
                self._answer(package)
        except ValueError:
            self._pause()
            self._transport.close()

    def _answer(self, package: Package) -> None:
        """Raise ValueError on a request that cannot be read."""
        match package.kind:
            case Kind.VERSION:
                wanted = int.from_bytes(package.payload, "big")
                self._say(rtde.agreed(wanted == rtde.VERSION, Kind.VERSION))
            case Kind.CONTROLLER:
                self._say(Package(Kind.CONTROLLER, _CONTROLLER))
            case Kind.OUTPUTS:
                self._set_up(Wanted.decode(package.payload))
            case Kind.START:
                started = self._recipe is not None and self._recipe.complete
                self._say(rtde.agreed(started, Kind.START))
                if started:
                    self._pause()
                    self._tick()
            case Kind.PAUSE:
                self._pause()
                self._say(rtde.agreed(True, Kind.PAUSE))

    def _set_up(self, wanted: Wanted) -> None:
        self._pause()
        self._period_s = 1 / min(max(1.0, wanted.frequency_hz), FASTEST_HZ)
        self._recipe = Recipe.of(_RECIPE, wanted, OFFERED)
        self._say(self._recipe.answer())

    def _tick(self) -> None:
        if self._recipe is not None and not self._transport.is_closing():
            self._say(self._recipe.data(outputs(self._arm)))
            loop = asyncio.get_running_loop()
            self._next = loop.call_later(self._period_s, self._tick)

    def _pause(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _say(self, package: Package) -> None:
        self._transport.write(package.encode())
