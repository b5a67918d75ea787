"""mbpoll is the master of our simulated gripper, remote inputs and safety controller."""

import asyncio

from drivers.codecs import pilz
from drivers.interfaces import TESTER
from hil_sim.devices.pilz_safety import SimPilzSafety
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.world import World
from runtime import Clock
from tests.peers.masters import rtu, served, tcp
from tests.processes import free_ports
from tests.rig_modbus import ORIGIN, block, clock


async def polled(gripper, wanted):
    """Poll the gripper as its manual shows until its status byte is the wanted one."""
    seen = []
    async with asyncio.timeout(10):
        while not seen or seen[-1][2000] >> 8 != wanted:
            seen.append(await gripper.read(2000, 3, kind="3:hex", unit=9))
    return seen[-1]


def test_gripper_by_the_registers_of_its_manual(mbpoll, tmp_path):
    async def main():
        world = World()
        world.add(block(), TESTER)
        fast = Clock(ORIGIN, 0.0, speed=20.0)
        simulated = SimRobotiqGripper(world, fast, lambda: TESTER)
        link = tmp_path / "gripper"
        async with served({f"serial://{link}": simulated.server}):
            gripper = rtu(mbpoll, link)
            for action in (0, 0x0100):
                assert "Written 3" in await gripper.write(1000, action, 0, 0, unit=9)
            await polled(gripper, 0x31)
            # Close at full speed and force: stopped by the block, and told so.
            assert "Written 3" in await gripper.write(1000, 0x0900, 0x00FF, 0xFFFF, unit=9)
            held = await polled(gripper, 0xB9)
            assert held[2001] == 0x00FF
            assert world.where["B1"] == "gripper"
            assert "Illegal data address" in await gripper.write(2000, 0x0900, unit=9)

    asyncio.run(main())


def test_remote_inputs_and_the_watchdog_that_fired(mbpoll):
    async def main():
        port = free_ports(1)[0]
        simulated = SimWagoIo(clock(), inputs=20, outputs=4)
        simulated.inputs[0] = simulated.inputs[17] = True
        async with served({f"tcp://127.0.0.1:{port}": simulated.server}):
            coupler = tcp(mbpoll, port)
            assert await coupler.read(0x2010, 3) == {0x2010: 5, 0x2011: 750, 0x2012: 352}
            assert await coupler.read(0, 2, kind="3") == {0: 0b1, 1: 0b10}
            assert "Written 1" in await coupler.write(0, 0b1010)
            assert await coupler.read(0x0200, 1) == {0x0200: 0b1010}
            # Armed with 100 ms and fed once; mbpoll is not quick enough to feed it again.
            await coupler.write(0x1000, 1)
            await coupler.write(0x1003, 1)
            await asyncio.sleep(0.15)
            assert "Slave device or server failure" in await coupler.read(0, 1)
            assert simulated.outputs == (False,) * 4

    asyncio.run(main())


def test_safety_controller_shows_itself_and_takes_requests_only(mbpoll):
    async def main():
        port = free_ports(1)[0]
        simulated = SimPilzSafety(clock())
        async with served({f"tcp://127.0.0.1:{port}": simulated.server}):
            unit = tcp(mbpoll, port)
            shown = await unit.read(8192, 4, kind="3")
            assert shown[8192] << 16 | shown[8193] == pilz.PRODUCT
            assert shown[8194] << 16 | shown[8195] == 123_456
            chain = 1 << pilz.State.CHAIN_CLOSED
            assert not (await unit.read(512, 1, kind="3"))[512] & chain
            assert "Illegal data address" in await unit.write(512, 0xFFFF)
            assert "Written 1" in await unit.write(0, 0b11)
            assert not simulated.chain_closed, "a request closes nothing without a reset"

    asyncio.run(main())
