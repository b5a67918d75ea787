"""A thermo-hygrometer of its own, on Modbus RTU."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from drivers.codecs.hygrometer import HygrometerMap
from drivers.interfaces import Climate, Done, Failure, NotDone, Outcome
from drivers.modbus import ModbusLink
from drivers.nod import Heard


class Hygrometer:
    """A `ThermoHygrometer` with a register map.

    Give an `InputRegisterLink` where the maker puts the numbers into input
    registers (FC04), a `ModbusLink` where they are holding registers (FC03). Such
    devices bear no identity: that the right one answers shows only in numbers
    that air can have, and every read checks that.
    """

    def __init__(self, link: ModbusLink, registers: HygrometerMap | None = None) -> None:
        self._link = link
        self._map = registers or HygrometerMap()

    async def climate(self) -> Outcome[Climate]:
        """Read temperature in °C and relative humidity in %; a failure is `NotDone`."""
        return self._read(await self._link.read(self._map.table))

    def nod(self, heard: Heard) -> bool:
        """Read in passing: a `Nod`."""

        def told(outcome: Outcome[object] | None) -> None:
            heard(self._read(cast(Outcome[list[int]], outcome)) if outcome is not None else None)

        return self._link.read_in_passing(self._map.table, told)

    def _read(self, outcome: Outcome[list[int]]) -> Outcome[Climate]:
        if not isinstance(outcome, Done):
            return outcome
        try:
            return _done(self._map, tuple(outcome.value))
        except ValueError as error:
            detail = f"{self._link.url}: {error}; is the sensor sound, and is it a hygrometer?"
            return NotDone(Failure.BAD_REPLY, detail)


@lru_cache(maxsize=64)  # most of the time the air is as it was
def _done(registers_of: HygrometerMap, registers: tuple[int, ...]) -> Done[Climate]:
    """Return what registers show. Raises ValueError for what no air has."""
    return Done(Climate(*registers_of.decode(registers)))
