"""The simulated thermo-hygrometer's own faults."""

from decimal import Decimal

import pytest

from drivers.codecs.hygrometer import HygrometerMap
from hil_sim.devices.hygrometer import SimHygrometer
from hil_sim.faults import Faults
from hil_sim.modbus_server import Refused

AIR = HygrometerMap()


def shown(sim: SimHygrometer) -> tuple[Decimal, Decimal]:
    return AIR.decode(sim.server.bank.read(0, 2))


def test_it_shows_the_air_in_tenths() -> None:
    sim = SimHygrometer()
    sim.temperature_c, sim.humidity_pct = Decimal("-12.34"), Decimal("99.96")
    assert shown(sim) == (Decimal("-12.3"), Decimal("100.0"))


def test_a_stuck_sensor_stays_until_freed_or_restarted() -> None:
    sim = SimHygrometer()
    faults = Faults(sim)
    for free in (lambda: faults.inject("stuck-sensor", stuck=False), sim.power_loss):
        sim.temperature_c = Decimal(20)
        faults.inject("stuck-sensor")
        sim.temperature_c = Decimal(30)
        assert shown(sim)[0] == 20
        free()
        assert shown(sim)[0] == 30


def test_a_wrong_value_is_off_by_so_much() -> None:
    sim = SimHygrometer()
    Faults(sim).inject("wrong-value", by="-1.5")
    assert shown(sim) == (Decimal("21.5"), Decimal("45.0"))


def test_it_takes_no_writes() -> None:
    with pytest.raises(Refused):
        SimHygrometer().server.bank.write(0, [1])
