"""Thermo-hygrometer with a two-register Modbus RTU map. Pure.

Many makers sell such transmitters: temperature, then humidity, each in tenths, in
neighbouring registers from 0. The default map is from memory of several of them
[MEM], none in particular; addresses and scale are therefore configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from drivers.codecs.registers import Field, Table

LOWEST_C, HIGHEST_C = Decimal(-40), Decimal(85)
HIGHEST_PCT = Decimal(100)


@dataclass(frozen=True, slots=True)
class HygrometerMap:
    """Where the two numbers stand, and how many decimal ``places`` they carry.

    Addresses count from 0. Raises ValueError for a map that cannot be read at once.
    """

    temperature: int = 0
    humidity: int = 1
    places: int = 1

    def __post_init__(self) -> None:
        if self.temperature == self.humidity or not 0 <= self.places <= 3:
            raise ValueError(f"{self} is no map: two addresses and 0..3 places are needed")
        if not 1 <= self.table.count <= 125:
            raise ValueError(f"{self}: the two lie too far apart for one read")

    @property
    def table(self) -> Table:
        """The registers, read in one transaction; the temperature is signed."""
        return _table(self.temperature, self.humidity)

    def decode(self, registers: Sequence[int]) -> tuple[Decimal, Decimal]:
        """Return temperature in °C and relative humidity in %.

        Raises ValueError for a number that no air of a laboratory has: a broken
        sensor shows one, and so does another product at this address.
        """
        raw = self.table.decode(registers)
        temperature, humidity = (
            Decimal(raw[name]).scaleb(-self.places) for name in ("temperature", "humidity")
        )
        if not LOWEST_C <= temperature <= HIGHEST_C:
            raise ValueError(f"{temperature} °C is outside {LOWEST_C}..{HIGHEST_C} °C")
        if not 0 <= humidity <= HIGHEST_PCT:
            raise ValueError(f"{humidity} % is outside 0..{HIGHEST_PCT} %")
        return temperature, humidity

    def encode(self, temperature_c: Decimal, humidity_pct: Decimal) -> list[int]:
        """Return the registers that show these, rounded to the places of the map."""
        return self.table.encode(
            {
                "temperature": round(temperature_c.scaleb(self.places)),
                "humidity": round(humidity_pct.scaleb(self.places)),
            }
        )


@lru_cache(maxsize=16)
def _table(temperature: int, humidity: int) -> Table:
    return Table((Field("temperature", temperature, "i16"), Field("humidity", humidity)))
