from pathlib import Path
from typing import Any

from drivers.interfaces import SIZING, TESTER
from drivers.timing import ArmTimes
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.world import World
from runtime import run_virtual
from tests.rig_modbus import POSES, SLOT, ArmRig, block, clock, got


def test_a_killed_simulator_comes_back_with_fence_and_part_but_without_its_pose(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        world = World.open(tmp_path / "w.jsonl")
        world.add(block(), SLOT)
        rig = ArmRig()
        rig.world = world
        rig.sim = SimUrArm(world, rig.clock, ArmTimes(), POSES)
        rig.sim.listen(rig.bench, "memory://arm")
        status = got(await rig.arm.claim(3))
        status = got(await rig.arm.carry(SLOT, status))
        status = got(await rig.arm.pick(SLOT, status))
        world.close()
        again = World.open(tmp_path / "w.jsonl")
        SimUrArm(again, clock(), ArmTimes(), POSES).listen(rig.bench, "memory://arm")
        rig.link.close()
        now = got(await rig.arm.read())
        assert now.fence.boot == status.fence.boot + 1
        assert (now.fence.epoch, now.fence.accepted) == (3, status.fence.accepted)
        assert (now.holding, now.at) == (True, None)
        again.close()

    run_virtual(main())


def test_a_release_over_an_occupied_place_is_an_accident_of_the_world() -> None:
    async def main() -> None:
        rig = ArmRig()
        rig.world.add(block("B2"), TESTER)
        status = got(await rig.arm.claim(1))
        status = got(await rig.arm.carry(SLOT, status))
        status = got(await rig.arm.pick(SLOT, status))
        status = got(await rig.arm.carry(TESTER, status))
        got(await rig.arm.release(TESTER, status))
        assert rig.world.accidents == ["B1 released over the occupied tester"]

    run_virtual(main())


def test_the_heartbeat_moves_only_while_the_program_plays() -> None:
    async def main() -> None:
        rig = ArmRig(at=SIZING)

        def heartbeat() -> Any:
            return rig.sim.server.bank.read(163, 1)[0]

        first = heartbeat()
        await rig.clock.sleep(1)
        assert heartbeat() != first
        rig.sim.controller.halt()
        stopped = heartbeat()
        await rig.clock.sleep(1)
        assert heartbeat() == stopped

    run_virtual(main())


def test_a_held_arm_refuses_undocumented_registers_and_shows_documented_ones() -> None:
    async def main() -> None:
        rig = ArmRig()
        server = rig.sim.server
        assert server.answer(b"\x03\x01\x03\x00\x01") == b"\x83\x02"
        assert server.answer(b"\x03\x01\x02\x00\x01") == b"\x03\x02\x00\x07"
        assert server.answer(b"\x05\x00\x00\xff\x00") == b"\x85\x01"
        assert server.answer(b"\x03\x00\x80\x00\x7e") == b"\x83\x03"
        assert server.answer(b"\x10\x00\x80\x00\x02\x03\x00\x00\x00") == b"\x90\x03"

    run_virtual(main())
