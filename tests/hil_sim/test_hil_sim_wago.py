"""The simulated coupler: its watchdog and its process image."""

import asyncio

import pytest

from drivers.codecs import wago as codec
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.faults import Faults
from hil_sim.modbus_server import Refused
from runtime import run_virtual
from tests.rig_modbus import clock


def coupler(inputs: int = 4, outputs: int = 4) -> SimWagoIo:
    return SimWagoIo(clock(), inputs=inputs, outputs=outputs)


def start(sim: SimWagoIo, time: int = 10) -> None:
    sim.write(0x1000, [time])
    sim.write(0x1003, [1])


def running(sim: SimWagoIo) -> int:
    return sim.read(0x1006, 1)[0]


def test_a_changed_trigger_starts_and_feeds_and_the_same_one_does_not() -> None:
    async def main() -> None:
        sim = coupler()
        assert running(sim) == 0
        start(sim)
        sim.write(0, [0b1111])
        for trigger in (2, 3, 2):
            await asyncio.sleep(0.9)
            sim.write(0x1003, [trigger])
        assert running(sim) == 1
        await asyncio.sleep(0.9)
        sim.write(0x1003, [2])
        await asyncio.sleep(0.2)
        assert running(sim) == 2 and sim.outputs == (False,) * 4

    run_virtual(main())


def test_fired_it_refuses_all_but_its_watchdog_until_stopped() -> None:
    async def main() -> None:
        sim = coupler()
        start(sim)
        await asyncio.sleep(2)
        for address in (0x0000, 0x0200, 0x2010):
            with pytest.raises(Refused) as refused:
                sim.read(address, 1)
            assert refused.value.code == codec.DEVICE_FAILURE
        with pytest.raises(Refused):
            sim.write(0, [1])
        sim.write(0x1003, [9])
        assert running(sim) == 2
        sim.write(0x1008, [0x1234])
        assert running(sim) == 2
        sim.write(0x1008, [codec.STOP_WORD])
        assert running(sim) == 0 and sim.read(0x2011, 1) == [750]

    run_virtual(main())


def test_its_time_is_fixed_while_it_runs() -> None:
    async def main() -> None:
        sim = coupler()
        start(sim)
        sim.write(0x1000, [500])
        assert sim.read(0x1000, 1) == [10]
        sim.write(0x1008, [0xAA55])
        sim.write(0x1000, [500])
        assert sim.read(0x1000, 1) == [500]

    run_virtual(main())


def test_outputs_read_back_apart_from_the_inputs() -> None:
    async def main() -> None:
        sim = coupler(inputs=4, outputs=20)
        sim.inputs[2] = True
        sim.write(0, [0x8001, 0x000F])
        assert sim.read(0, 1) == [0b100]
        assert sim.read(0x0200, 2) == [0x8001, 0x000F]
        for start_, count in ((0, 2), (0x0200, 3), (0x0100, 1)):
            with pytest.raises(Refused):
                sim.read(start_, count)

    run_virtual(main())


def test_a_stuck_input_and_a_restart() -> None:
    async def main() -> None:
        sim = coupler()
        faults = Faults(sim)
        faults.inject("stuck-sensor", channel=1, on=True)
        assert sim.read(0, 1) == [0b10]
        faults.inject("stuck-sensor", channel=1, on=None)
        assert sim.read(0, 1) == [0]
        start(sim)
        sim.write(0, [0b1])
        faults.inject("power-loss")
        assert sim.outputs == (False,) * 4
        assert (running(sim), sim.read(0x1000, 1)) == (0, [100])

    run_virtual(main())
