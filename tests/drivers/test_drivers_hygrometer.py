"""The thermo-hygrometer: its frames, its map, and who else may answer at its address."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from drivers.codecs.hygrometer import HygrometerMap
from drivers.hygrometer import Hygrometer
from drivers.interfaces import Climate, Failure, NotDone
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from hil_sim.devices.hygrometer import SimHygrometer
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.faults import Faults
from hil_sim.world import World
from runtime import run_virtual
from tests.rig_modbus import clock, got

URL = "memory://air"


class Rig:
    """Make it inside a running loop."""

    def __init__(self, registers: HygrometerMap | None = None, unit: int = 1) -> None:
        self.bench = Bench()
        self.sim = SimHygrometer(registers)
        self.sim.listen(self.bench, URL)
        self.faults = Faults(self.sim)
        self.link = InputRegisterLink(self.bench, URL, unit=unit, framing="rtu", reply_s=0.3)
        self.device = Hygrometer(self.link, registers)


def sealed(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def test_a_read_is_these_bytes_in_both_functions() -> None:
    async def main() -> None:
        for link, request, reply in (
            (InputRegisterLink, "01 04 00 00 00 02 71 CB", "01 04 04 00 EB 01 C2"),
            (ModbusLink, "01 03 00 00 00 02 C4 0B", "01 03 04 00 EB 01 C2"),
        ):
            rig = Rig()
            heard: list[bytes] = []
            rig.sim.port.to_device = lambda data, on, heard=heard: (heard.append(data), on(data))
            rig.sim.port.to_client = lambda data, on, heard=heard: (heard.append(data), on(data))
            rig.sim.temperature_c = Decimal("23.5")
            device = Hygrometer(link(rig.bench, URL, framing="rtu"))
            assert got(await device.climate()) == Climate(Decimal("23.5"), Decimal("45.0"))
            assert heard == [bytes.fromhex(request), sealed(reply)]

    run_virtual(main())


def test_a_reading_keeps_its_decimals() -> None:
    temperature, humidity = HygrometerMap().decode([230, 450])
    assert (str(temperature), str(humidity)) == ("23.0", "45.0")
    assert HygrometerMap().decode([0xFFFB, 1000]) == (Decimal("-0.5"), Decimal(100))


TENTHS = st.integers(-400, 850), st.integers(0, 1000)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 2), *TENTHS)
def test_any_map_carries_what_the_air_has(at: int, by: int, places: int, t: int, h: int) -> None:
    if at == by:
        with pytest.raises(ValueError, match="no map"):
            HygrometerMap(at, by)
        return
    registers = HygrometerMap(at, by, places)
    air = (Decimal(t).scaleb(-1), Decimal(h).scaleb(-1))
    assert registers.decode(registers.encode(*air)) == air


@given(st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=2))
def test_nothing_that_no_air_has_is_a_climate(registers: list[int]) -> None:
    try:
        temperature, humidity = HygrometerMap().decode(registers)
    except ValueError:
        return
    assert -40 <= temperature <= 85 and 0 <= humidity <= 100


def test_a_map_too_wide_for_one_read_is_refused() -> None:
    with pytest.raises(ValueError, match="too far apart"):
        HygrometerMap(0, 125)


def test_a_configured_map_is_read_where_it_stands() -> None:
    async def main() -> None:
        rig = Rig(HygrometerMap(temperature=301, humidity=300, places=2))
        assert got(await rig.device.climate()) == Climate(Decimal("23.00"), Decimal("45.00"))
        wrong = await Hygrometer(rig.link).climate()
        assert isinstance(wrong, NotDone) and wrong.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())


@pytest.mark.parametrize("registers", [[0x7FFF, 450], [0x8000, 450], [230, 0xFFFF], [230, 1001]])
def test_a_broken_sensor_is_no_climate(registers: Any) -> None:
    async def main() -> None:
        rig = Rig()
        rig.sim.server.bank.read = lambda start, count: registers
        outcome = await rig.device.climate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert "outside" in outcome.detail and URL in outcome.detail

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "delay", "garble", "drop-connection", "hang"])
def test_one_fault_of_the_wire_costs_one_more_asking_at_most(kind: str) -> None:
    async def main() -> None:
        rig = Rig()
        rig.faults.inject(kind, seconds=0.7)
        assert got(await rig.device.climate()).humidity_pct == 45
        rig.faults.inject(kind, count=2, seconds=0.7)
        await rig.device.climate()
        await asyncio.sleep(2)
        rig.sim.temperature_c = Decimal("25.5")
        # No answer of before is taken for this one.
        assert got(await rig.device.climate()).temperature_c == Decimal("25.5")

    run_virtual(main())


def test_who_is_not_there_and_who_else_is() -> None:
    async def main() -> None:
        outcome = await Rig(unit=2).device.climate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY
        rig = Rig()
        rig.sim.port.unplug()
        outcome = await rig.device.climate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        SimRobotiqGripper(World(), clock(), lambda: None, unit=1).listen(rig.bench, URL)
        outcome = await Hygrometer(
            InputRegisterLink(rig.bench, URL, framing="rtu", reply_s=0.3)
        ).climate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())
