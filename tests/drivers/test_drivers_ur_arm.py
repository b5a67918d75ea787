import asyncio
from typing import Any

import pytest

from drivers.codecs import arm as codec
from drivers.codecs.arm import ArmFault
from drivers.interfaces import (
    SIZING,
    TESTER,
    Activity,
    Done,
    Failure,
    NotDone,
    Place,
    Station,
    Unknown,
)
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.ur_arm import UrArm
from hil_sim.modbus_server import ModbusServer, RegisterBank
from hil_sim.world import GRIPPER
from runtime import run_virtual
from tests.rig_modbus import ARM_URL, POSES, SLOT, ArmRig, clock, got


async def ready(rig: Any, epoch: int = 1) -> Any:
    return got(await rig.arm.claim(epoch))


def test_carry_pick_carry_release_brings_the_block_over() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = await ready(rig)
        status = got(await rig.arm.carry(SLOT, status))
        assert (status.at, status.holding) == (SLOT, False)
        status = got(await rig.arm.pick(SLOT, status))
        assert (status.at, status.holding, status.fault) == (SLOT, True, 0)
        status = got(await rig.arm.carry(TESTER, status))
        assert status.pose_mm == POSES[TESTER]
        status = got(await rig.arm.release(TESTER, status))
        assert not status.holding and status.activity is Activity.DONE
        assert rig.world.occupant(TESTER).name == "B1"
        assert rig.world.accidents == []
        assert 16 <= rig.clock.process() <= 16.5

    run_virtual(main())


@pytest.mark.parametrize("off_mm", [0.9, 1.2])
def test_a_place_is_believed_only_where_the_controllers_own_pose_agrees(off_mm: Any) -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, await ready(rig)))
        x, y, z = rig.sim.pose
        rig.sim.pose = (x + off_mm, y, z)
        status = got(await rig.arm.read())
        assert status.at == (SLOT if off_mm < 1 else None)
        outcome = await rig.arm.pick(SLOT, status)
        assert isinstance(outcome, Done if off_mm < 1 else NotDone)

    run_virtual(main())


def test_a_gripper_is_not_opened_over_another_place() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, await ready(rig)))
        status = got(await rig.arm.pick(SLOT, status))
        outcome = await rig.arm.release(TESTER, status)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        assert rig.world.occupant(GRIPPER) is not None

    run_virtual(main())


def test_a_pick_beside_the_block_says_so() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, await ready(rig)))
        rig.faults.inject("slip")
        status = got(await rig.arm.pick(SLOT, status))
        assert (status.activity, status.fault) == (Activity.FAULT, ArmFault.NOTHING_GRIPPED)
        status = got(await rig.arm.pick(SLOT, status))
        assert status.holding

    run_virtual(main())


def test_after_a_power_loss_the_part_is_held_and_only_a_retreat_is_taken() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, await ready(rig)))
        status = got(await rig.arm.pick(SLOT, status))
        asyncio.get_running_loop().call_later(2.0, rig.sim.power_loss)
        assert isinstance(await rig.arm.carry(TESTER, status), Unknown)
        now = got(await rig.arm.read())
        assert now.fence.boot != status.fence.boot
        assert (now.holding, now.at, now.ready) == (True, None, True)
        refused = await rig.arm.carry(TESTER, now)
        assert isinstance(refused, NotDone) and refused.reason is Failure.INTERLOCK
        now = got(await rig.arm.retreat(now))
        assert now.holding
        now = got(await rig.arm.carry(TESTER, now))
        got(await rig.arm.release(TESTER, now))
        assert rig.world.occupant(TESTER) is not None

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "duplicate", "drop-connection", "delay", "hang"])
def test_a_pick_happens_once_whatever_befalls_its_packet(kind: Any) -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, await ready(rig)))
        rig.faults.inject(kind, seconds=1.4)
        status = got(await rig.arm.pick(SLOT, status))
        assert status.holding
        await asyncio.sleep(30)
        assert rig.world.accidents == []

    run_virtual(main())


def test_a_protective_stop_breaks_the_job_off_and_the_arm_is_not_ready() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = await ready(rig)
        asyncio.get_running_loop().call_later(2.0, rig.sim.protective_stop)
        status = got(await rig.arm.carry(SLOT, status))
        assert (status.activity, status.fault) == (Activity.FAULT, ArmFault.PROTECTIVE_STOP)
        assert (status.ready, status.safety, status.at) == (False, "PROTECTIVE_STOP", None)
        outcome = await rig.arm.retreat(status)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY

    run_virtual(main())


def test_a_command_that_lay_there_while_no_program_ran_is_not_done_when_it_starts() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = await ready(rig)
        rig.sim.controller.halt()
        assert isinstance(await rig.arm.carry(SLOT, status), Unknown)
        rig.sim.controller.answer("play")
        await asyncio.sleep(30)
        status = got(await rig.arm.read())
        assert (status.at, status.activity) == (None, Activity.IDLE)
        assert got(await rig.arm.carry(SLOT, status)).at == SLOT

    run_virtual(main())


def test_an_untaught_place_and_an_unclaimed_arm_are_refused() -> None:
    async def main() -> None:
        rig = ArmRig()
        status = got(await rig.arm.read())
        outcome = await rig.arm.carry(SLOT, status)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.OLD_EPOCH
        status = await ready(rig)
        outcome = await rig.arm.carry(Place(Station.REJECT, 9), status)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_ARGUMENT

    run_virtual(main())


def test_a_stuck_gripper_sensor_is_what_the_status_shows() -> None:
    async def main() -> None:
        rig = ArmRig(at=SIZING)
        rig.faults.inject("stuck-sensor", holding=True)
        assert got(await rig.arm.read()).holding
        rig.faults.inject("stuck-sensor", holding=None)
        assert not got(await rig.arm.read()).holding

    run_virtual(main())


@pytest.mark.parametrize(
    ("found", "reason", "said"),
    [
        ((0, 0), Failure.NOT_READY, "does the arm run our program yet?"),
        ((0x4853, 1), Failure.BAD_REPLY, "is it the arm, with the matching program?"),
        ((codec.IDENTITY, 2), Failure.BAD_REPLY, "map 2 instead of"),
    ],
)
def test_a_mailbox_that_is_not_our_scripts_is_named(found: Any, reason: Any, said: Any) -> None:
    async def main() -> None:
        bench = Bench()
        bank = RegisterBank((codec.STATUS, codec.ROBOT_MODE, codec.SAFETY, codec.POSE))
        bank.put(codec.STATUS, {"identity": found[0], "map_version": found[1]})
        bench.listen(ARM_URL, ModbusServer(bank))
        outcome = await UrArm(ModbusLink(bench, ARM_URL), clock(), None, POSES).read()
        assert isinstance(outcome, NotDone) and outcome.reason is reason
        assert ARM_URL in outcome.detail and said in outcome.detail

    run_virtual(main())
