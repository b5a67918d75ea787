"""A degraded cell: what a person can see, measure and set by hand behind the usual interfaces.

The workflow stays the same, only slower. What a person says is kept with the
digits typed; what nobody says is not made up. There is no manual safety chain:
whether motion is safe is never a matter of an answer on a screen.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal

from drivers.interfaces import (
    Climate,
    Dimensions,
    Done,
    Failure,
    Inputs,
    NotDone,
    Outcome,
    Place,
    PositionerStatus,
    Unknown,
)
from drivers.person import DONE, NOT_DONE, UNSURE, Desk, Quantity, nobody, verdict

_SIZES = tuple(
    Quantity(name, "mm", Decimal(1), Decimal(500)) for name in ("thickness", "width", "depth")
)
_AIR = (
    Quantity("temperature", "°C", Decimal(-20), Decimal(60)),
    Quantity("relative humidity", "%", Decimal(0), Decimal(100)),
)
NO_CODE = "unreadable"
NO_BLOCK = "no block there"


class ManualGauge:
    """Implements `Gauge` by a person with a caliper at the sizing stage."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def dimensions(self) -> Outcome[Dimensions]:
        """Ask for the three sizes."""
        question = "Measure the block at the sizing stage."
        said = await self._desk.numbers(question, _SIZES, options=(NO_BLOCK,))
        if said is None:
            return nobody(question)
        if isinstance(said, str):
            return NotDone(Failure.NOT_READY, "no block at the sizing stage")
        return Done(Dimensions(*said))


class ManualReader:
    """Implements `CodeReader` by a person, or the hand scanner that types for one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def read_code(self) -> Outcome[str | None]:
        """Ask for the code on the label; None when it cannot be read."""
        question = "Read the code of the block at the sizing stage."
        said = await self._desk.answer(question, _code, "the code", (NO_CODE,))
        if said is None:
            return nobody(question)
        return Done(None if isinstance(said, str) else said[0])


class ManualHygrometer:
    """Implements `ThermoHygrometer` by a person at the wall instrument."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def climate(self) -> Outcome[Climate]:
        """Ask for temperature and humidity."""
        question = "Read temperature and humidity at the cell."
        said = await self._desk.numbers(question, _AIR)
        return Done(Climate(*said)) if isinstance(said, tuple) else nobody(question)


_CLOSED = "all closed, nothing slipped"
_STATES = {
    _CLOSED: (True, True, False),
    "door open": (False, True, False),
    "safety chain open": (True, False, False),
    "block slipped": (True, True, True),
}
_NOTHING, _SAME = "none", "same"


class ManualSensors:
    """Implements `Sensors` by a person who looks; each call asks anew.

    ``places`` are the places of the cell. The list last told may be answered again by
    one word, but never without being asked.
    """

    def __init__(self, desk: Desk, places: Collection[Place]) -> None:
        self._desk = desk
        self._places = {str(place): place for place in places}
        self._told: frozenset[Place] | None = None

    async def inputs(self) -> Outcome[Inputs]:
        """Ask for interlocks, slip and occupied places."""
        state = await self._desk.choose("Look at door, safety chain and anvil.", tuple(_STATES))
        if state is None:
            return nobody("door, safety chain and anvil")
        question, options = "Which places are occupied?", [_NOTHING]
        if self._told is not None:
            names = " ".join(sorted(map(str, self._told))) or _NOTHING
            question, options = f"{question} Last told: {names}", [_NOTHING, _SAME]
        said = await self._desk.answer(
            question, self._occupied, "places, such as: slot-01 tester", options
        )
        if said is None:
            return nobody("occupied places")
        told = said if isinstance(said, frozenset) else frozenset[Place]()
        if said == _SAME and self._told is not None:
            told = self._told
        self._told = told
        door, safety, slipped = _STATES[state]
        return Done(Inputs(door, safety, slipped, told))

    def _occupied(self, text: str) -> frozenset[Place] | str:
        words = text.casefold().replace(",", " ").split()
        strange = [word for word in words if word not in self._places]
        if strange or not words:
            return f"no such place: {' '.join(strange)}" if strange else "nothing was typed"
        return frozenset(self._places[word] for word in words)


class ManualPositioner:
    """Implements `Positioner` by a person at a hand-driven table with scales.

    Coordinates are block coordinates in mm. What is read back from the scales is what
    counts; further than ``tolerance_mm`` from the target is not done.
    """

    def __init__(
        self, desk: Desk, *, tolerance_mm: Decimal = Decimal("0.02"), reach_mm: int = 100
    ) -> None:
        self._desk = desk
        self._tolerance = tolerance_mm
        limit = Decimal(reach_mm)
        self._scales = tuple(Quantity(axis, "mm", -limit, limit) for axis in ("x", "y"))
        self._homed = False
        self._last: PositionerStatus | None = None

    async def read(self) -> Outcome[PositionerStatus]:
        """Return what was read last while nothing moved since, else ask."""
        if not self._homed:
            return Done(PositionerStatus(0.0, 0.0, idle=True, homed=False, detail="not zeroed"))
        if self._last is not None:
            return Done(self._last)
        question = "Read the scales of the table."
        said = await self._desk.numbers(question, self._scales)
        return self._see(said) if isinstance(said, tuple) else nobody(question)

    async def home(self) -> Outcome[PositionerStatus]:
        """Have the scales zeroed at the centre of the block."""
        question = "Bring the middle of the block holder under the indenter; set the scales to 0."
        self._last = None
        trouble = verdict(await self._desk.choose(question, (DONE, NOT_DONE, UNSURE)), question)
        self._homed = trouble is None
        return trouble or self._see((Decimal(0), Decimal(0)))

    async def load_position(self) -> Outcome[PositionerStatus]:
        """Have the table at its middle, where blocks come and go. Idempotent."""
        last = self._last
        if last is not None and (last.x_mm, last.y_mm) == (0.0, 0.0):
            return Done(last)
        return await self.move(0.0, 0.0)

    async def move(self, x_mm: float, y_mm: float) -> Outcome[PositionerStatus]:
        """Have a point brought under the indenter; done when the scales read so."""
        if not (math.isfinite(x_mm) and math.isfinite(y_mm)):
            return NotDone(Failure.BAD_ARGUMENT, f"not a point: {x_mm}, {y_mm}")
        if not self._homed:
            return NotDone(Failure.NOT_READY, "the scales are not zeroed")
        self._last = None
        target = f"x = {x_mm:.2f} mm, y = {y_mm:.2f} mm"
        question = f"Bring {target} under the indenter, take your hands off, read the scales."
        said = await self._desk.numbers(question, self._scales, options=(NOT_DONE,))
        if not isinstance(said, tuple):
            return verdict(said, target) or Unknown(Failure.NO_REPLY, target)
        if max(abs(float(said[0]) - x_mm), abs(float(said[1]) - y_mm)) > float(self._tolerance):
            return NotDone(Failure.FAULT, f"the scales read {said[0]}, {said[1]}, not {target}")
        return self._see(said)

    def _see(self, scales: tuple[Decimal, ...]) -> Done[PositionerStatus]:
        x, y = (float(value) for value in scales)
        self._last = PositionerStatus(x, y, idle=True, homed=True)
        return Done(self._last)


def _code(text: str) -> tuple[str] | str:
    return (text,) if text and text.isprintable() else "nothing was typed"
