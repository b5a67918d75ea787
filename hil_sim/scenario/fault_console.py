"""The fault console: a person puts faults on a running simulated lab, by hand.

One order a line::

    list                             what can be put on what
    station lose-reply               one fault, as a campaign would put it
    station stuck-sensor 40          one that lasts so many seconds of process time
    station lose-reply count=3 nth=2 seconds=1.5 probability=0.5
    clear                            take all faults of the wires back
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from hil_sim.faults import Direction, Fault, Faults
from hil_sim.scenario.campaign.menu import CANNOT, DEVICES, MENU
from hil_sim.scenario.lab import SimulatedLab
from runtime import Clock, stream

LASTS_S = 30.0
_NUMBERS: dict[str, Callable[[str], int | float]] = {
    "count": int,
    "nth": int,
    "seconds": float,
    "probability": float,
}


class FaultConsole:
    """Obeys one line after another; answers each with a line, or several."""

    def __init__(self, lab: SimulatedLab, clock: Clock, seed: int = 0) -> None:
        self._lab, self._clock = lab, clock
        self._rng = stream(seed, "console")
        self._faults: dict[str, Faults] = {}

    def obey(self, line: str) -> str:
        """Carry out one order; return what to tell the person. Never raises for a bad order."""
        words = line.split()
        match words:
            case []:
                return ""
            case ["help"]:
                return (__doc__ or "").strip()
            case ["list"]:
                return self._list()
            case ["clear"]:
                for faults in self._faults.values():
                    faults.clear()
                return "no fault is armed on any wire"
            case [device, fault, *rest]:
                return self._put(device, fault, rest)
        return f"{line!r} is no order; write help"

    def _list(self) -> str:
        rows = [f"{device}: {', '.join(MENU[device])}" for device in MENU if self._has(device)]
        return "\n".join(rows)

    def _has(self, device: str) -> bool:
        if device in ("daemon", "recorder"):
            return False  # processes: end them as the system does
        return device not in DEVICES or getattr(self._lab.cell, device).port is not None

    def _put(self, device: str, fault: str, rest: list[str]) -> str:
        if device not in MENU or not self._has(device):
            return f"{device}: not in this lab; write list"
        if fault not in MENU[device]:
            why = next((w for (d, f), w in CANNOT.items() if (d, str(f)) == (device, fault)), "")
            return f"{device} cannot have {fault}" + (f": {why}" if why else "; write list")
        try:
            switched = MENU[device][fault]
            if switched is None:
                return self._on_the_wire(device, fault, rest)
            seconds = float(rest[0]) if rest else LASTS_S
        except ValueError as error:
            return f"{' '.join(rest)}: {error}"
        release = switched.act(self._lab.cell, self._rng)
        if release is None:
            return f"{device}: {fault}"
        asyncio.get_running_loop().call_later(seconds / self._clock.speed, release)
        return f"{device}: {fault} for {seconds:g} s"

    def _on_the_wire(self, device: str, fault: str, rest: list[str]) -> str:
        details: dict[str, Any] = {}
        for word in rest:
            name, _, value = word.partition("=")
            if name not in _NUMBERS:
                raise ValueError(f"known are {', '.join(f'{n}=…' for n in _NUMBERS)}")
            details[name] = _NUMBERS[name](value)
        if device not in self._faults:
            port = getattr(self._lab.cell, device)
            self._faults[device] = Faults(port, stream(0, "console", device))
        direction: Direction | None = "to_client" if device == "results" else None
        self._faults[device].inject(Fault(fault), direction=direction, **details)
        return f"{device}: {fault} is armed"


def attend_terminal(console: FaultConsole) -> None:
    """Read orders from the terminal as they come, until it is closed."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(sys.stdin)
            return
        print(console.obey(line), flush=True)

    loop.add_reader(sys.stdin, read)
    print("faults can be put on this lab: write help, or list", flush=True)
