import pytest

from drivers.codecs.arm import ArmFault
from drivers.interfaces import TESTER
from drivers.timing import PushMotion
from hil_sim.devices.arm_push import Collar
from hil_sim.world import World
from runtime import run_virtual
from tests.rig_modbus import SLOT, ArmRig, block, clock, got

MOTION = PushMotion()


def collar(*, occupied: bool = True) -> tuple[World, Collar]:
    world = World()
    world.add(block(), TESTER if occupied else SLOT)
    return world, Collar(world, clock(), MOTION)


def test_the_probes_see_the_block_on_the_anvil_and_no_other() -> None:
    async def main() -> None:
        world, held = collar()
        world.slide(1.5, -2.0)
        assert held.probed() == (1.5, -2.0)
        world.carry_away("B1")
        assert held.probed() is None
        held.stuck = (3.0, 3.0)
        assert held.probed() == (3.0, 3.0)

    run_virtual(main())


@pytest.mark.parametrize("target", [(0.0, 0.0), (12.0, -7.0), (-30.0, 30.0)])
def test_a_push_takes_the_time_that_the_driver_expects(target: tuple[float, float]) -> None:
    async def main() -> None:
        world, held = collar()
        time = clock()
        distance = (target[0] ** 2 + target[1] ** 2) ** 0.5
        assert await held.push(target) is ArmFault.NONE
        assert world.stage == target
        assert time.process() == pytest.approx(MOTION.push_s(distance), rel=0.05)

    run_virtual(main())


def test_an_empty_anvil_and_a_jammed_block_do_not_follow() -> None:
    async def main() -> None:
        _, held = collar(occupied=False)
        assert await held.push((5.0, 0.0)) is ArmFault.NOT_FOLLOWING
        world, held = collar()
        held.jammed = True
        assert await held.push((5.0, 0.0)) is ArmFault.NOT_FOLLOWING
        assert world.stage == (0.0, 0.0)

    run_virtual(main())


def test_a_frame_keeps_the_anvil_of_an_arm_without_collar() -> None:
    async def main() -> None:
        rig = ArmRig()
        rig.world.slide(9.0, 9.0)
        status = got(await rig.arm.claim(1))
        status = got(await rig.arm.carry(SLOT, status))
        status = got(await rig.arm.pick(SLOT, status))
        status = got(await rig.arm.carry(TESTER, status))
        got(await rig.arm.release(TESTER, status))
        assert rig.world.stage == (9.0, 9.0)
        assert got(await rig.arm.read()).probed_mm is None

    run_virtual(main())
