"""The simulated UR controller: modes, program, and its Dashboard server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.codecs.arm import SAFETY_MODES
from drivers.codecs.dashboard import BANNER, MAX_LINE
from runtime import Clock

_MODE_NUMBERS = {"POWER_OFF": 3, "POWER_ON": 4, "IDLE": 5, "RUNNING": 7}
_SAFETY_NUMBERS = {name: number for number, name in SAFETY_MODES.items()}
POLYSCOPE = "5.12.4.1101319 (Sep 15 2022)"
POWER_UP_S = 5.0
BRAKES_S = 2.0


@dataclass(slots=True)
class UrController:
    """What the controller box knows besides our script.

    ``played`` and ``stopped`` are called when the program begins and ends.
    """

    clock: Clock
    mode: str = "RUNNING"
    safety: str = "NORMAL"
    program: str = "/programs/cell.urp"
    playing: bool = True
    remote: bool = True
    files: set[str] = field(default_factory=lambda: {"cell.urp"})
    played: Callable[[], None] = lambda: None
    stopped: Callable[[], None] = lambda: None

    @property
    def mode_number(self) -> int:
        """The robot mode as register 258 shows it."""
        return _MODE_NUMBERS[self.mode]

    @property
    def safety_number(self) -> int:
        """The safety mode as register 266 shows it."""
        return _SAFETY_NUMBERS[self.safety]

    def halt(self, mode: str | None = None) -> None:
        """End the program; fall to a mode if one is given."""
        was, self.playing = self.playing, False
        self.mode = mode or self.mode
        if was:
            self.stopped()

    def answer(self, request: str) -> str:
        """Return the Dashboard's answer to one line."""
        verb, _, argument = request.partition(" ")
        if request in _REPORTS:
            return _REPORTS[request](self)
        if not self.remote:
            return f"Failed to execute: {request}"
        if verb == "load":
            return self._load(argument)
        action = _ACTIONS.get(request)
        return action(self) if action else f"could not understand: '{request}'"

    def _load(self, name: str) -> str:
        if name.rpartition("/")[2] not in self.files:
            return f"File not found: {name}"
        self.halt()
        self.program = f"/programs/{name.rpartition('/')[2]}"
        return f"Loading program: {self.program}"

    def _play(self) -> str:
        if self.mode != "RUNNING" or self.safety != "NORMAL" or self.playing:
            return "Failed to execute: play"
        self.playing = True
        self.played()
        return "Starting program"

    def _stop(self) -> str:
        if not self.playing:
            return "Failed to execute: stop"
        self.halt()
        return "Stopped"

    def _power_on(self) -> str:
        if self.mode == "POWER_OFF":
            self.mode = "POWER_ON"
            self._later(POWER_UP_S, "POWER_ON", "IDLE")
        return "Powering on"

    def _release_brakes(self) -> str:
        if self.mode == "IDLE":
            self._later(BRAKES_S, "IDLE", "RUNNING")
        return "Brake releasing"

    def _unlock(self) -> str:
        if self.safety != "PROTECTIVE_STOP":
            return "Cannot unlock protective stop"
        self.safety = "NORMAL"
        return "Protective stop releasing"

    def _later(self, seconds: float, before: str, after: str) -> None:
        def arrive() -> None:
            if self.mode == before:
                self.mode = after

        asyncio.get_running_loop().call_later(seconds / self.clock.speed, arrive)

    def _state(self) -> str:
        return f"{'PLAYING' if self.playing else 'STOPPED'} {self.program.rpartition('/')[2]}"


_REPORTS: dict[str, Callable[[UrController], str]] = {
    "robotmode": lambda c: f"Robotmode: {c.mode}",
    "safetystatus": lambda c: f"Safetystatus: {c.safety}",
    "safetymode": lambda c: f"Safetymode: {c.safety}",
    # Other people's clients ask this first, to know which requests there are.
    "PolyscopeVersion": lambda c: f"URSoftware {POLYSCOPE}",
    "programState": UrController._state,
    "is in remote control": lambda c: "true" if c.remote else "false",
    "running": lambda c: f"Program running: {str(c.playing).lower()}",
    "get loaded program": lambda c: f"Loaded program: {c.program}",
}
_ACTIONS: dict[str, Callable[[UrController], str]] = {
    "play": UrController._play,
    "stop": UrController._stop,
    "power on": UrController._power_on,
    "brake release": UrController._release_brakes,
    "unlock protective stop": UrController._unlock,
    "close safety popup": lambda c: "closing safety popup",
}


class DashboardServer:
    """Serves a controller's Dashboard; call it to get a protocol for one connection."""

    def __init__(self, controller: UrController) -> None:
        self.controller = controller

    def __call__(self) -> asyncio.Protocol:
        """Return a protocol for one connection."""
        return _Session(self.controller)


class _Session(asyncio.Protocol):
    def __init__(self, controller: UrController) -> None:
        self._controller = controller
        self._pending = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        # The client end of an in-memory line is made last; greet when both stand.
        asyncio.get_running_loop().call_soon(self._say, BANNER)

    def data_received(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._say(self._controller.answer(line.decode("utf-8", "replace").strip()))
        if len(self._pending) > MAX_LINE:
            self._transport.close()

    def _say(self, text: str) -> None:
        self._transport.write(text.encode() + b"\n")
