import asyncio
import math
import re
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.arm_push import ArmPushPositioner
from drivers.codecs import arm as codec
from drivers.interfaces import (
    TESTER,
    Done,
    Failure,
    Inputs,
    NotDone,
    Outcome,
    PositionerStatus,
    Unknown,
)
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.timing import ArmTimes, PushMotion
from drivers.ur_arm import UrArm
from hil_sim.devices.arm_push import Collar
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.faults import Faults
from hil_sim.world import World
from runtime import run_virtual
from tests.rig_modbus import ARM_URL, POSES, SLOT, block, clock, got

MOTION = PushMotion()


class Anvil:
    """The slip sensor of the station PLC."""

    def __init__(self) -> None:
        self.slipped = False
        self.silent = False

    async def inputs(self) -> Outcome[Inputs]:
        if self.silent:
            return NotDone(Failure.NO_REPLY, "silent")
        return Done(Inputs(True, True, self.slipped, frozenset({TESTER})))


class Rig:
    """An arm with a collar, a block on the anvil, and the positioner; make it in a loop."""

    def __init__(self, *, collar: bool = True) -> None:
        self.world, self.clock, self.bench, self.anvil = World(), clock(), Bench(), Anvil()
        self.world.add(block(), TESTER)
        self.world.slide(0.15, -0.1)
        push = MOTION if collar else None
        self.sim = SimUrArm(self.world, self.clock, ArmTimes(), POSES, push=push)
        self.sim.listen(self.bench, ARM_URL)
        self.faults = Faults(self.sim)
        self.arm = UrArm(ModbusLink(self.bench, ARM_URL), self.clock, ArmTimes(), POSES)
        self.positioner = ArmPushPositioner(self.arm, self.anvil, self.clock)

    @property
    def collar(self) -> Collar:
        assert self.sim.collar is not None
        return self.sim.collar


def push(scene: Callable[[Rig], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        rig = Rig(**options)
        got(await rig.arm.claim(1))
        await scene(rig)

    run_virtual(main())


def refused(outcome: object) -> Failure:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


def test_the_point_asked_for_lies_under_the_indenter_and_the_probes_say_so() -> None:
    async def scene(rig: Rig) -> None:
        for x, y in ((8.0, -12.5), (-3.21, 4.56), (0.0, 0.0)):
            status = got(await rig.positioner.move(x, y))
            assert rig.world.stage == pytest.approx((x, y), abs=0.006)
            assert (status.x_mm, status.y_mm) == pytest.approx((x, y), abs=0.011)
            assert (status.idle, status.homed) == (True, True)
        assert got(await rig.arm.read()).at == TESTER

    push(scene)


POINTS = st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000))


@settings(max_examples=20)
@given(st.lists(POINTS, min_size=1, max_size=3))
def test_every_point_within_reach_is_reached_from_anywhere(points: list[tuple[int, int]]) -> None:
    async def scene(rig: Rig) -> None:
        for x, y in points:
            got(await rig.positioner.move(x / 100, y / 100))
            assert rig.world.stage == pytest.approx((x / 100, y / 100), abs=1e-6)

    push(scene)


def test_the_last_leg_goes_the_same_way_wherever_it_comes_from() -> None:
    async def scene(rig: Rig) -> None:
        seen: list[tuple[float, float]] = []
        slide = rig.world.slide
        rig.world.slide = lambda x, y: (seen.append((x, y)), slide(x, y))[1]  # type: ignore[method-assign]  # a listener is put in between
        for x, y in ((5.0, 5.0), (-5.0, -5.0)):
            seen.clear()
            got(await rig.positioner.move(x, y))
            before, last = seen[-3], seen[-2]
            assert before[0] > last[0] and before[1] > last[1]
            steps = [math.dist(a, b) for a, b in pairwise(seen)]
            assert max(steps) <= MOTION.step_mm + 1e-9

    push(scene)


@pytest.mark.parametrize("point", [(30.01, 0.0), (0.0, -31.0), (math.nan, 0.0), (0.0, math.inf)])
def test_a_point_out_of_reach_is_refused_before_anything_moves(point: tuple[float, float]) -> None:
    async def scene(rig: Rig) -> None:
        accepted = got(await rig.arm.read()).fence.accepted
        assert refused(await rig.positioner.move(*point)) is Failure.BAD_ARGUMENT
        assert got(await rig.arm.read()).fence.accepted == accepted

    push(scene)


def test_what_lies_at_the_anvil_decides_not_what_the_arm_says() -> None:
    async def scene(rig: Rig) -> None:
        rig.collar.spring_back = (0.3, 0.0)
        outcome = await rig.positioner.move(5.0, 5.0)
        assert refused(outcome) is Failure.FAULT
        assert "5.30, 5.00" in outcome.detail
        rig.collar.spring_back = (0.05, 0.0)
        assert got(await rig.positioner.move(5.0, 5.0)).x_mm == pytest.approx(5.05)

    push(scene)


def test_a_block_that_does_not_follow_stops_the_push() -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject("slip")
        before = rig.world.stage
        outcome = await rig.positioner.move(10.0, 0.0)
        assert refused(outcome) is Failure.FAULT and "not following" in outcome.detail
        assert rig.world.stage == before
        got(await rig.positioner.move(10.0, 0.0))

    push(scene)


def test_stuck_probes_are_noticed_by_the_block_that_seems_not_to_follow() -> None:
    async def scene(rig: Rig) -> None:
        rig.collar.stuck = (0.15, -0.1)
        assert refused(await rig.positioner.move(10.0, 0.0)) is Failure.FAULT

    push(scene)


def test_a_slip_after_the_push_is_a_fault_and_a_silent_sensor_unknown() -> None:
    async def scene(rig: Rig) -> None:
        rig.anvil.slipped = True
        assert refused(await rig.positioner.move(1.0, 0.0)) is Failure.FAULT
        rig.anvil.silent = True
        outcome = await rig.positioner.move(1.0, 0.0)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_REPLY

    push(scene)


def test_an_arm_that_holds_a_block_is_busy() -> None:
    async def scene(rig: Rig) -> None:
        rig.world.add(block("B2"), SLOT)
        status = got(await rig.arm.carry(SLOT, got(await rig.arm.read())))
        got(await rig.arm.pick(SLOT, status))
        assert refused(await rig.positioner.move(1.0, 1.0)) is Failure.BUSY
        assert rig.world.accidents == []

    push(scene)


def test_an_empty_anvil_is_a_load_position_and_nothing_to_move() -> None:
    async def scene(rig: Rig) -> None:
        rig.world.carry_away("B1")
        accepted = got(await rig.arm.read()).fence.accepted
        status = got(await rig.positioner.load_position())
        assert (status.x_mm, status.y_mm, status.detail) == (0.0, 0.0, "no block on the anvil")
        assert got(await rig.arm.read()).fence.accepted == accepted
        assert refused(await rig.positioner.move(1.0, 1.0)) is Failure.NOT_READY

    push(scene)


def test_the_load_position_brings_the_block_back_once() -> None:
    async def scene(rig: Rig) -> None:
        got(await rig.positioner.move(7.0, 7.0))
        got(await rig.positioner.load_position())
        assert rig.world.stage == pytest.approx((0, 0))
        accepted = got(await rig.arm.read()).fence.accepted
        got(await rig.positioner.load_position())
        assert got(await rig.arm.read()).fence.accepted == accepted
        assert isinstance(got(await rig.positioner.home()), PositionerStatus)

    push(scene)


def test_an_arm_without_collar_refuses_to_push() -> None:
    async def scene(rig: Rig) -> None:
        assert refused(await rig.positioner.move(1.0, 1.0)) is Failure.NOT_READY
        status = got(await rig.arm.carry(TESTER, got(await rig.arm.read())))
        assert refused(await rig.arm.push(1.0, 1.0, status, 5.0)) is Failure.BAD_ARGUMENT

    push(scene, collar=False)


def test_a_push_from_elsewhere_is_refused_by_driver_and_script() -> None:
    async def scene(rig: Rig) -> None:
        status = got(await rig.arm.carry(SLOT, got(await rig.arm.read())))
        assert refused(await rig.arm.push(1.0, 1.0, status, 5.0)) is Failure.NOT_READY
        values = {"job": 6, "station": 5, "index": 1, "x": 100, "y": 100, "epoch": 1}
        link = ModbusLink(rig.bench, ARM_URL)
        letter = {**values, "sequence": status.fence.accepted + 1}
        got(await link.write(codec.COMMAND, codec.COMMAND.encode(letter)))
        await asyncio.sleep(1)
        assert got(await rig.arm.read()).fault == codec.ArmFault.NOT_OVER_TARGET

    push(scene)


# -- one mailbox, one owner -------------------------------------------------------------


def test_a_transfer_and_a_push_at_once_take_turns_and_none_is_taken_for_the_other() -> None:
    async def scene(rig: Rig) -> None:
        rig.world.slide(6.0, 6.0)
        before = got(await rig.arm.read())
        # As the executor meets the block at the anvil; the positioner carries too, for its own.
        over, met = await asyncio.gather(
            rig.arm.carry(TESTER, before), rig.positioner.load_position()
        )
        assert got(met).x_mm == 0.0
        held = got(await rig.arm.pick(TESTER, got(over)))
        assert held.holding and held.fence.accepted == before.fence.accepted + 4
        assert rig.world.accidents == []

    push(scene)


def test_a_status_from_before_another_job_does_not_make_a_command_look_done() -> None:
    async def scene(rig: Rig) -> None:
        old = got(await rig.arm.carry(TESTER, got(await rig.arm.read())))
        got(await rig.arm.carry(SLOT, old))
        # Made on the old status: the arm is elsewhere by now.
        assert refused(await rig.arm.pick(TESTER, old)) is Failure.NOT_READY
        assert got(await rig.arm.carry(TESTER, old)).at == TESTER

    push(scene)


def test_power_lost_between_two_jobs_of_one_owner_is_told() -> None:
    async def scene(rig: Rig) -> None:
        old = got(await rig.arm.read())
        got(await rig.arm.carry(TESTER, old))
        rig.sim.power_loss()
        assert refused(await rig.arm.carry(SLOT, old)) is Failure.NOT_READY

    push(scene)


# -- the wire ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lose-reply", "duplicate", "drop-connection", "delay", "hang"])
def test_a_push_arrives_whatever_befalls_its_packets(kind: str) -> None:
    async def scene(rig: Rig) -> None:
        got(await rig.arm.carry(TESTER, got(await rig.arm.read())))
        rig.faults.inject(kind, seconds=1.4, when=lambda data: data[7:8] == b"\x10")
        got(await rig.positioner.move(4.0, 4.0))
        assert rig.world.stage == pytest.approx((4.0, 4.0))

    push(scene)


def test_power_lost_in_mid_push_is_unknown_and_the_block_is_where_the_probes_see_it() -> None:
    async def scene(rig: Rig) -> None:
        got(await rig.arm.carry(TESTER, got(await rig.arm.read())))
        asyncio.get_running_loop().call_later(4.0, rig.sim.power_loss)
        assert isinstance(await rig.positioner.move(10.0, 10.0), Unknown)
        seen = got(await rig.positioner.read())
        assert (seen.x_mm, seen.y_mm) == pytest.approx(rig.world.stage, abs=0.01)
        assert 0.2 < seen.x_mm < 10
        # The collar is low and the pose unknown: only a retreat is taken.
        assert refused(await rig.positioner.move(10.0, 10.0)) is Failure.INTERLOCK
        got(await rig.arm.retreat(got(await rig.arm.read())))
        got(await rig.positioner.move(10.0, 10.0))

    push(scene)


def test_a_protective_stop_in_mid_push_is_a_fault() -> None:
    async def scene(rig: Rig) -> None:
        got(await rig.arm.carry(TESTER, got(await rig.arm.read())))
        asyncio.get_running_loop().call_later(4.0, rig.sim.protective_stop)
        outcome = await rig.positioner.move(10.0, 10.0)
        assert refused(outcome) is Failure.FAULT and "protective stop" in outcome.detail
        assert refused(await rig.positioner.move(10.0, 10.0)) is Failure.NOT_READY

    push(scene)


def test_the_script_pushes_with_the_lengths_and_the_feed_that_the_driver_reckons_with() -> None:
    script = (Path(__file__).parents[2] / "deploy/ur/cell.script").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\s*global PSH_(\w+) = (\d+)$", script, re.M))
    assert {name: int(number) / 100 for name, number in found.items()} == {
        "step": MOTION.step_mm,
        "outside": 2 * MOTION.relief_mm,
        "relief": MOTION.relief_mm,
    }
    feeds = re.findall(r"movel\(hl_collar_pose\(at_x, at_y\), a=[\d.]+, v=([\d.]+)\)", script)
    assert [float(feed) * 1000 for feed in feeds] == [MOTION.feed_mm_s]
