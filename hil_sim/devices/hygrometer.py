"""The simulated thermo-hygrometer on an RTU line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from drivers.codecs.hygrometer import HygrometerMap
from drivers.lines import Listener, Port
from hil_sim.devices.guarded_bank import GuardedBank
from hil_sim.faults import Fault, Switch
from hil_sim.modbus_server import ModbusServer


class SimHygrometer:
    """Shows the air around it, ``temperature_c`` and ``humidity_pct``, in its register map."""

    def __init__(self, registers: HygrometerMap | None = None, *, unit: int = 1) -> None:
        self.port: Port | None = None
        self.temperature_c = Decimal("23.0")
        self.humidity_pct = Decimal("45.0")
        self._map = registers or HygrometerMap()
        self._off_by = Decimal(0)
        self._stuck: list[int] | None = None
        self._bank = GuardedBank((self._map.table,), (), self._show, lambda: None)
        self.server = ModbusServer(self._bank, unit, "rtu")

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        return self.port

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.WRONG_VALUE: self.wrong_value,
            Fault.STUCK_SENSOR: self.stick,
            Fault.POWER_LOSS: self.power_loss,
        }

    def wrong_value(self, by: Decimal | str = "5") -> None:
        """Show a temperature that is off by so many °C; 0 ends it."""
        self._off_by = Decimal(by)

    def stick(self, stuck: bool = True) -> None:
        """Show from now on what is shown now, whatever the air does; False ends it."""
        self._stuck = self._seen() if stuck else None

    def power_loss(self) -> None:
        """Lose power and come back: connections drop, a stuck sensor starts afresh."""
        if self.port is not None:
            self.port.hang_up()
        self._stuck = None

    @property
    def shown_c(self) -> Decimal:
        """The temperature that it shows, °C, right or wrong."""
        return self.temperature_c + self._off_by

    def _seen(self) -> list[int]:
        return self._map.encode(self.temperature_c + self._off_by, self.humidity_pct)

    def _show(self) -> None:
        table = self._map.table
        air = (self.temperature_c, self.humidity_pct, self._off_by, self._stuck)
        if self._bank.stale(table, air):
            self._bank.put(table, table.decode(self._stuck or self._seen()))
