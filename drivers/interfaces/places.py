"""Where a block can stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Station(IntEnum):
    """Where a block can stand; the number goes over the wire."""

    SLOT = 1
    REJECT = 2
    SIZING = 3
    VISION = 4
    TESTER = 5
    HOLDER = 6


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One place for one block; ``index`` counts from 1 within its station."""

    station: Station
    index: int = 1

    def __str__(self) -> str:
        if self.station in (Station.SIZING, Station.VISION, Station.TESTER):
            return self.station.name.lower()
        return f"{self.station.name.lower()}-{self.index:02d}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what `str` writes. Raises ValueError naming the text."""
        name, _, index = text.partition("-")
        try:
            return cls(Station[name.upper()], int(index) if index else 1)
        except (KeyError, ValueError):
            raise ValueError(f"not a place: {text!r}") from None


SIZING, VISION, TESTER = Place(Station.SIZING), Place(Station.VISION), Place(Station.TESTER)
