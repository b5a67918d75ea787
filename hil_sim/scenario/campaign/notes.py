"""What a run writes down while it goes on: who works at what, which fault struck when."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from controller.operating.watch import RECONCILIATION, Watch
from controller.rig import Trouble
from runtime import Clock

KEPT = 4000
"""Doings that are remembered for the picture of a failure."""

IDLE = "idle"
_WORKER = {
    "arm": ("arm",),
    "stage": ("tester", "arm"),
    "station": ("tester", "sizing"),
    "results": ("tester",),
    "camera": ("vision",),
    "gauge": ("sizing",),
    "reader": ("sizing",),
    "climate": ("tester",),
    "safety": ("tester", "arm"),
}


@dataclass(frozen=True, slots=True)
class Doing:
    """Somebody did something from one second to another, process time."""

    who: str
    what: str
    block: str
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault struck: when (s of process time), what, where, and what was being done."""

    at_s: float
    device: str
    fault: str
    step: str


@dataclass(slots=True)
class Notes:
    """The notes of one run; ``coverage`` counts (device, fault, step), ``counts`` all else."""

    doings: deque[Doing] = field(default_factory=lambda: deque(maxlen=KEPT))
    strikes: list[Struck] = field(default_factory=list)
    coverage: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    deaths: list[tuple[float, str]] = field(default_factory=list)
    now: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def struck(self, at_s: float, device: str, fault: str) -> None:
        """Write down that a fault struck."""
        step = self.step(device)
        self.strikes.append(Struck(at_s, device, fault, step))
        self.coverage[device, fault, step] += 1

    def step(self, device: str) -> str:
        """Return what is being done with a device now."""
        if RECONCILIATION in self.now:
            return "Reconcile"
        for worker in _WORKER.get(device, ("tester", "arm", "vision", "sizing")):
            if worker in self.now:
                return self.now[worker][0]
        return IDLE


class Diary(Watch):
    """Hears of the work of a cell and writes it into the notes."""

    def __init__(self, notes: Notes, clock: Clock) -> None:
        self._notes, self._clock = notes, clock

    def began(self, who: str, what: str, block: str) -> None:
        """Note that a worker begins an action."""
        if who != "interlocks":
            self._notes.now[who] = (what, block, self._clock.process())

    def ended(self, who: str) -> None:
        """Note that it is over."""
        begun = self._notes.now.pop(who, None)
        if begun is not None:
            what, block, begin = begun
            self._notes.doings.append(Doing(who, what, block, begin, self._clock.process()))

    def troubled(self, who: str, trouble: Trouble) -> None:
        """Count a kind of trouble."""
        self._notes.troubles[f"{trouble.source} {trouble.alarm}"] += 1
