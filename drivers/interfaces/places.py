"""Where a block can stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache


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
        return _text(self.station, self.index)

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what `str` writes. Raises ValueError naming the text."""
        name, _, index = text.partition("-")
        try:
            return cls(Station[name.upper()], int(index) if index else 1)
        except (KeyError, ValueError):
            raise ValueError(f"not a place: {text!r}") from None


@lru_cache(maxsize=256)  # asked for at every look at where things are
def _text(station: Station, index: int) -> str:
    name = station.name.lower()
    single = station in (Station.SIZING, Station.VISION, Station.TESTER)
    return name if single else f"{name}-{index:02d}"


SIZING, VISION, TESTER = Place(Station.SIZING), Place(Station.VISION), Place(Station.TESTER)
