"""Temperature and humidity of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Climate:
    """Temperature in °C and relative humidity in %."""

    temperature_c: Decimal
    humidity_pct: Decimal


class ThermoHygrometer(Protocol):
    """Temperature and humidity of the cell."""

    async def climate(self) -> Outcome[Climate]:
        """Read both."""
        ...
