"""The GRBL driver on the simulated stage."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.grbl_stage import GrblStage
from drivers.interfaces import Done, Failure, NotDone, Outcome, PositionerStatus, Unknown
from drivers.lines import Bench, Port, Tap
from drivers.timing import StageMotion
from hil_sim.devices.grbl_stage import SimulatedGrblStage
from hil_sim.world import World
from runtime import Clock, run_virtual

URL = "memory://stage"
ORIGIN = (-50.0, -40.0)
MOTION = StageMotion()


@dataclass
class Bed:
    """A driver, a simulated stage and the wire between them."""

    clock: Clock
    world: World
    bench: Bench
    sim: SimulatedGrblStage
    port: Port
    stage: GrblStage
    sent: bytearray = field(default_factory=bytearray)
    to_device: Tap | None = None
    to_client: Tap | None = None

    def successor(self) -> GrblStage:
        """A driver of another session."""
        return GrblStage(self.bench, URL, self.clock, MOTION, ORIGIN)

    async def homed(self) -> GrblStage:
        assert isinstance(await self.stage.home(), Done)
        return self.stage


def on_bed(scene: Callable[[Bed], Coroutine[Any, Any, None]], *, greets: bool = False) -> None:
    async def main() -> None:
        clock, world, bench = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), World(), Bench()
        sim = SimulatedGrblStage(world, clock, ORIGIN, greets=greets)
        port = bench.listen(URL, sim.protocol)
        bed = Bed(clock, world, bench, sim, port, GrblStage(bench, URL, clock, MOTION, ORIGIN))

        # A connection keeps its taps, so what is put on the wire later goes through the bed.
        def to_device(data: bytes, forward: Callable[[bytes], None]) -> None:
            bed.sent += data
            bed.to_device(data, forward) if bed.to_device else forward(data)

        def to_client(data: bytes, forward: Callable[[bytes], None]) -> None:
            bed.to_client(data, forward) if bed.to_client else forward(data)

        port.to_device, port.to_client = to_device, to_client
        await asyncio.wait_for(scene(bed), 3600)

    run_virtual(main())


def value(outcome: Outcome[PositionerStatus]) -> PositionerStatus:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def stands(status: PositionerStatus, x: float, y: float) -> bool:
    return math.hypot(status.x_mm - x, status.y_mm - y) < 0.01


def test_without_a_reference_nothing_moves() -> None:
    async def scene(bed: Bed) -> None:
        assert not value(await bed.stage.read()).homed
        refused = await bed.stage.move(1, 1)
        assert isinstance(refused, NotDone) and refused.reason is Failure.NOT_READY
        assert b"$J" not in bed.sent

    on_bed(scene)


def test_home_then_move_brings_the_point_of_the_block_under_the_indenter() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        assert value(await stage.read()).homed
        # From every side: the play of the frame must not show.
        for x, y in [(3.0, -4.0), (-10.0, 12.0), (-10.0, -12.0), (0.25, 0.5), (20.0, 20.0)]:
            status = value(await stage.move(x, y))
            assert status.idle and status.homed
            assert stands(status, x, y)
            assert bed.world.stage == pytest.approx((x, y), abs=1e-6)
            # The frame has drawn back from the block: no side force.
            assert bed.sim.frame[0] == pytest.approx(ORIGIN[0] - x - MOTION.relief_mm)
        assert stands(value(await stage.read()), 20.0, 20.0)

    on_bed(scene)


@pytest.mark.parametrize("greets", [True, False])
def test_a_board_that_restarts_on_opening_is_served_as_well(greets: bool) -> None:
    async def scene(bed: Bed) -> None:
        assert isinstance(await bed.stage.home(), Done)
        assert stands(value(await bed.stage.move(5, 5)), 5, 5)
        bed.port.hang_up()
        await asyncio.sleep(1)
        # A board that restarted forgot where it is.
        assert value(await bed.stage.read()).homed is not greets

    on_bed(scene, greets=greets)


def test_the_load_position_is_idempotent_and_the_block_stands_centred() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        for _ in range(2):
            assert stands(value(await stage.load_position()), 0, 0)
        assert bed.world.stage == pytest.approx((0, 0), abs=1e-6)

    on_bed(scene)


def test_a_move_takes_as_long_as_its_way_and_asks_at_most_five_times_a_second() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(0, 0)
        bed.sent.clear()
        began = bed.clock.process()
        await stage.move(30, 30)
        took = bed.clock.process() - began
        way = MOTION.travel_s(math.hypot(31, 31) + math.hypot(1, 1))
        assert way + MOTION.settle_s - 1e-6 <= took <= way + MOTION.settle_s + 1.0
        assert bed.sent.count(b"?") <= 4

    on_bed(scene)


@pytest.mark.parametrize("point", [(300.0, 0.0), (-50.1, 0.0), (0.0, 59.5), (float("nan"), 0.0)])
def test_a_point_out_of_travel_is_refused_and_the_stage_stays_usable(
    point: tuple[float, float],
) -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(1, 1)
        refused = await stage.move(*point)
        assert isinstance(refused, NotDone) and refused.reason is Failure.BAD_ARGUMENT
        assert stands(value(await stage.move(2, 2)), 2, 2)

    on_bed(scene)


async def in_mid_move(bed: Bed, event: Callable[[], None]) -> Outcome[PositionerStatus]:
    """Start a long move and let something happen in the middle of it."""
    stage = await bed.homed()
    await stage.move(30, 30)
    task = asyncio.create_task(stage.move(-30, -30))
    await asyncio.sleep(2)
    event()
    return await task


def test_an_alarm_in_mid_move_is_told_at_once_and_homing_mends_it() -> None:
    async def scene(bed: Bed) -> None:
        outcome = await in_mid_move(bed, lambda: bed.sim.raise_alarm(1))
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.FAULT
        assert "ALARM:1" in outcome.detail
        assert not value(await bed.stage.read()).homed
        again = await bed.stage.move(0, 0)
        assert isinstance(again, NotDone) and again.reason is Failure.NOT_READY
        assert isinstance(await bed.stage.home(), Done)
        assert stands(value(await bed.stage.move(0, 0)), 0, 0)

    on_bed(scene)


@pytest.mark.parametrize("event", ["reset", "power"])
def test_a_restart_in_mid_move_is_a_fault_and_the_reference_is_lost(event: str) -> None:
    async def scene(bed: Bed) -> None:
        happen = bed.sim.power_loss if event == "power" else lambda: bed.sim.received(b"\x18")
        outcome = await in_mid_move(bed, happen)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.FAULT
        assert not value(await bed.stage.read()).homed
        assert isinstance(await bed.stage.home(), Done)
        assert stands(value(await bed.stage.move(-30, -30)), -30, -30)
        assert bed.world.stage == pytest.approx((-30, -30), abs=1e-6)

    on_bed(scene)


def test_a_plug_pulled_in_mid_move_is_unknown_and_the_move_may_be_asked_again() -> None:
    async def scene(bed: Bed) -> None:
        outcome = await in_mid_move(bed, bed.port.unplug)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_LINK
        gone = await bed.stage.read()
        assert isinstance(gone, NotDone) and gone.reason is Failure.NO_LINK
        bed.port.plugged = True
        assert stands(value(await bed.stage.move(-30, -30)), -30, -30)

    on_bed(scene)


def test_what_a_dead_session_left_moving_is_stopped_by_the_next() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(30, 30)
        task = asyncio.create_task(stage.move(-30, -30))
        await asyncio.sleep(1)
        task.cancel()
        bed.port.hang_up()
        successor = bed.successor()
        assert stands(value(await successor.move(30, 30)), 30, 30)
        assert bed.world.stage == pytest.approx((30, 30), abs=1e-6)

    on_bed(scene)


def test_a_command_given_up_in_the_same_session_leaves_no_reply_behind() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        task = asyncio.create_task(stage.move(30, 30))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert stands(value(await stage.move(-3, 4)), -3, 4)
        assert bed.world.stage == pytest.approx((-3, 4), abs=1e-6)

    on_bed(scene)


def test_hold_and_door_are_told_apart() -> None:
    async def hold(bed: Bed) -> None:
        outcome = await in_mid_move(bed, lambda: bed.sim.received(b"!"))
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NOT_READY
        assert "hold" in outcome.detail
        again = await bed.stage.move(0, 0)
        assert isinstance(again, NotDone) and again.reason is Failure.NOT_READY
        bed.sim.received(b"~")
        await asyncio.sleep(10)
        assert stands(value(await bed.stage.move(0, 0)), 0, 0)

    async def door(bed: Bed) -> None:
        outcome = await in_mid_move(bed, bed.sim.open_door)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.INTERLOCK
        again = await bed.stage.move(0, 0)
        assert isinstance(again, NotDone) and again.reason is Failure.INTERLOCK
        bed.sim.open_door(False)
        assert stands(value(await bed.stage.move(0, 0)), 0, 0)

    on_bed(hold)
    on_bed(door)


def test_a_hanging_controller_costs_a_deadline_and_no_more() -> None:
    async def scene(bed: Bed) -> None:
        outcome = await in_mid_move(bed, lambda: setattr(bed.sim.faults, "hang", True))
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.TIMED_OUT
        began = bed.clock.link()
        for command in (bed.stage.read, bed.stage.home, bed.stage.load_position):
            refused = await command()
            assert isinstance(refused, NotDone) and refused.reason is Failure.NO_REPLY
        assert bed.clock.link() - began < 30

    on_bed(scene)


def test_homing_that_finds_no_switch_is_not_done() -> None:
    async def scene(bed: Bed) -> None:
        bed.sim.faults.no_switch = True
        outcome = await bed.stage.home()
        assert isinstance(outcome, NotDone) and "ALARM:9" in outcome.detail
        bed.sim.faults.no_switch = False
        assert value(await bed.stage.home()).homed

    on_bed(scene)


def test_missing_reports_are_no_dead_link() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        ignored = 3

        def deaf(data: bytes, forward: Callable[[bytes], None]) -> None:
            nonlocal ignored
            if b"?" in data and bed.sim.frame[0] != ORIGIN[0] and ignored:
                ignored -= 1
                data = data.replace(b"?", b"")
            forward(data)

        await stage.move(1, 1)
        task = asyncio.create_task(stage.move(7, 7))
        await asyncio.sleep(0.3)
        bed.to_device = deaf
        assert stands(value(await task), 7, 7)
        assert ignored == 0

    on_bed(scene)


@pytest.mark.parametrize("setting", [b"$13=1", b"$20=0", b"$22=0"])
def test_a_controller_set_up_wrongly_is_refused_by_name(setting: bytes) -> None:
    async def scene(bed: Bed) -> None:
        bed.sim.received(setting + b"\n")
        for command in (bed.stage.home, bed.stage.load_position):
            refused = await command()
            assert isinstance(refused, NotDone) and refused.reason is Failure.NOT_READY
            assert setting.decode()[:4] in refused.detail

    on_bed(scene)


def test_a_position_that_does_not_confirm_is_not_done() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(1, 1)

        def drift(data: bytes, forward: Callable[[bytes], None]) -> None:
            forward(data.replace(b"-52.200", b"-52.230"))

        bed.to_client = drift
        outcome = await stage.move(2, 2)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
        assert "instead of" in outcome.detail

    on_bed(scene)


def test_a_reader_is_served_while_the_stage_moves() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(1, 1)
        task = asyncio.create_task(stage.move(30, 30))
        await asyncio.sleep(1)
        began = bed.clock.link()
        value(await stage.read())
        assert bed.clock.link() == began
        assert stands(value(await task), 30, 30)

    on_bed(scene)


def test_noise_on_the_line_does_not_disturb() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()

        def noisy(data: bytes, forward: Callable[[bytes], None]) -> None:
            forward(b"\x00\xffnoise\r\n" + data if data.startswith(b"<") else data)

        bed.to_client = noisy
        assert stands(value(await stage.move(4, 4)), 4, 4)

    on_bed(scene)


@pytest.mark.parametrize("way", ["deadline", "cancel"])
def test_a_late_reply_never_answers_the_next_command(way: str) -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        loop = asyncio.get_running_loop()

        def late(data: bytes, forward: Callable[[bytes], None]) -> None:
            loop.call_later(3 if data.startswith(b"ok") else 0, forward, data)

        bed.to_client = late
        task = asyncio.create_task(stage.move(5, 5))
        if way == "deadline":
            outcome = await task
            assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_REPLY
        else:
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert all(wire.is_closing() for wire in bed.port.open)
        bed.to_client = None
        assert stands(value(await stage.move(6, 6)), 6, 6)

    on_bed(scene)


def test_a_greeting_that_nobody_asked_for_ends_the_trust_in_the_position() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        (wire,) = (t for t in bed.port.open if not t.is_closing())
        assert wire.peer is not None
        wire.peer.write(b"\r\nGrbl 1.1h ['$' for help]\r\n")
        await asyncio.sleep(1)
        refused = await stage.move(1, 1)
        assert isinstance(refused, NotDone) and refused.reason is Failure.NOT_READY
        assert b"$J" not in bed.sent

    on_bed(scene)


def test_a_leg_refused_stops_the_legs_before_it() -> None:
    async def scene(bed: Bed) -> None:
        stage = await bed.homed()
        await stage.move(30, 30)
        stood = bed.sim.frame
        # The approach lies within the travel, the target half a millimetre beyond it.
        refused = await stage.move(-50.5, 0)
        assert isinstance(refused, NotDone) and refused.reason is Failure.BAD_ARGUMENT
        await asyncio.sleep(10)
        assert math.dist(bed.sim.frame, stood) < 1

    on_bed(scene)
