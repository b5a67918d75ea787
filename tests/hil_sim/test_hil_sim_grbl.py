import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import grbl
from drivers.codecs.grbl import State, Status, classify
from drivers.interfaces import Failure
from drivers.lines import Bench
from drivers.textline import TextLine
from hil_sim.devices.grbl_motion import Motion, PushedBlock
from hil_sim.devices.grbl_stage import SimulatedGrblStage
from hil_sim.world import World
from runtime import Clock, run_virtual

URL = "memory://stage"
ORIGIN = (-50.0, -50.0)
PULL_OFF = 2.0


@dataclass
class Terminal:
    """A terminal program on the stage's port."""

    line: TextLine
    sim: SimulatedGrblStage
    world: World

    async def hear(self) -> list[str]:
        """Everything said until now."""
        heard = []
        while isinstance(line := await self.line.line(0.001), bytes):
            heard += [line.decode()] if line else []
        return heard

    async def say(self, text: str, seconds: float = 0.0) -> list[str]:
        """Say something, wait, and hear the answer."""
        self.line.write(text.encode("latin-1"))
        await asyncio.sleep(seconds)
        return await self.hear()

    async def status(self) -> Status:
        (said,) = await self.say("?")
        status = classify(said.encode())
        assert isinstance(status, Status)
        return status

    async def home(self) -> None:
        assert await self.say("$H\n", 20) == ["ok"]


def at_terminal(scene: Callable[[Terminal], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        clock, world, bench = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), World(), Bench()
        sim = SimulatedGrblStage(world, clock, ORIGIN)
        bench.listen(URL, sim.protocol)
        _, line = await bench.connect(URL, lambda: TextLine(URL))
        assert isinstance(line, TextLine)
        await scene(Terminal(line, sim, world))

    run_virtual(main())


def test_power_up_greets_locked_and_a_second_opening_does_not() -> None:
    async def scene(t: Terminal) -> None:
        assert await t.hear() == ["Grbl 1.1h ['$' for help]", "[MSG:'$H'|'$X' to unlock]"]
        assert (await t.status()).state is State.ALARM
        # As captured: a jog is error:8 in alarm, a motion error:9.
        assert await t.say("$J=G53X-5F100\n") == ["error:8"]
        assert await t.say("G0X-5\n") == ["error:9"]
        assert await t.say("$X\n") == ["[MSG:Caution: Unlocked]", "ok"]
        assert (await t.status()).state is State.IDLE

    at_terminal(scene)


def test_queries_are_answered_as_the_firmware_does() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        assert await t.say("$I\n") == ["[VER:1.1h.20190830:]", "[OPT:V,15,128]", "ok"]
        settings = await t.say("$$\n")
        assert {"$13=0", "$20=1", "$22=1", "ok"} <= set(settings)
        assert (await t.say("$G\n"))[0].startswith("[GC:G0 G54")
        assert "[G28:0.000,0.000,0.000]" in await t.say("$#\n")
        assert await t.say("\n") == ["ok"]
        assert await t.say("$13=1\n") == ["ok"]
        assert "$13=1" in await t.say("$$\n")

    at_terminal(scene)


REFUSED = {
    "$Q\n": "error:3",
    "G1X\n": "error:2",
    "5X\n": "error:1",
    "G1X-5\n": "error:22",
    "G0\n": "error:26",
    "M3\n": "error:20",
    "$J=X-5\n": "error:22",
    "$J=F100\n": "error:26",
    "$J=M3X1F100\n": "error:16",
    "$J=G53X5F1000\n": "error:15",
    "$J=G91X5F1000\n": "error:15",
    "G0X-1" + "0" * 80 + "\n": "error:11",
}


@pytest.mark.parametrize("line", REFUSED, ids=repr)
def test_what_is_wrong_is_refused_by_number_and_moves_nothing(line: str) -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        before = t.sim.frame
        assert await t.say(line, 1) == [REFUSED[line]]
        assert t.sim.frame == before

    at_terminal(scene)


def test_ok_means_queued_and_the_position_goes_along() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        assert await t.say("$J=G21G53X-12Y-2F600\n") == ["ok"]
        await asyncio.sleep(0.5)
        midway = await t.status()
        assert midway.state is State.JOG
        assert midway.mpos == pytest.approx((-7.0, -2.0, 0.0), abs=0.2)
        # As captured: a motion while jogging is error:9.
        assert await t.say("G0X-90\n") == ["error:9"]
        await asyncio.sleep(1)
        assert (await t.status()).state is State.IDLE
        assert t.sim.frame == (-12.0, -2.0)

    at_terminal(scene)


def test_homing_takes_time_ignores_questions_and_sets_the_origin() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        t.sim.power_loss()
        await t.hear()
        assert (await t.status()).mpos == (0.0, 0.0, 0.0)
        assert await t.say("$H\n", 0.5) == []
        assert await t.say("?", 0.5) == []
        assert await t.say("$I\n", 0.5) == []
        said = await t.say("", 20)
        assert said == ["ok", "[VER:1.1h.20190830:]", "[OPT:V,15,128]", "ok"]
        assert (await t.status()).mpos == (-PULL_OFF, -PULL_OFF, 0.0)
        assert t.sim.frame == (-PULL_OFF, -PULL_OFF)

    at_terminal(scene)


def test_hold_resume_and_jog_cancel() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        await t.say("$J=G53X-12F600\n", 0.5)
        await t.say("!", 30)
        held = await t.status()
        assert (held.state, held.sub) == (State.HOLD, 0)
        assert held.mpos is not None and held.mpos[0] == pytest.approx(-7.0, abs=0.2)
        await t.say("~", 0.2)
        assert (await t.status()).state is State.JOG
        await t.say("\x85", 0.01)
        stopped = await t.status()
        assert stopped.state is State.IDLE
        assert stopped.mpos is not None and -12 < stopped.mpos[0] < -7
        # A cancelled jog keeps its position.
        assert await t.say("$J=G53X-12F600\n", 5) == ["ok"]
        assert t.sim.frame[0] == pytest.approx(-12.0)

    at_terminal(scene)


def test_a_reset_in_mid_motion_loses_the_position_and_in_rest_keeps_it() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        assert await t.say("\x18") == ["Grbl 1.1h ['$' for help]"]
        assert (await t.status()).state is State.IDLE
        await t.say("$J=G53X-12F600\n", 0.5)
        said = await t.say("\x18")
        assert said[0] == "ALARM:3"
        assert said[-1] == "[MSG:'$H'|'$X' to unlock]"
        assert (await t.say("$H\n", 0.1)) == []
        assert (await t.say("\x18"))[0] == "ALARM:6"

    at_terminal(scene)


def test_a_motion_beyond_travel_alarms_until_reset() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        assert await t.say("G53G0X5\n") == ["ALARM:2", "[MSG:Reset to continue]", "ok"]
        assert await t.say("$X\n") == []
        assert (await t.status()).state is State.ALARM
        assert (await t.say("\x18"))[-1] == "[MSG:'$H'|'$X' to unlock]"
        assert (await t.say("$X\n"))[-1] == "ok"

    at_terminal(scene)


def test_a_dwell_is_a_barrier() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        assert await t.say("G1X-12F600\nG4P0.01\n", 0.5) == ["ok"]
        assert await t.say("", 1) == ["ok"]
        assert t.sim.frame == (-12.0, -2.0)

    at_terminal(scene)


def test_the_planner_takes_fifteen_and_makes_the_rest_wait() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        lines = "".join(f"G1X{-3 - i}F60\n" for i in range(20))
        assert len(await t.say(lines)) == 15
        assert len(await t.say("", 60)) == 5
        assert t.sim.frame == (-22.0, -2.0)

    at_terminal(scene)


def test_a_hanging_controller_says_nothing_and_a_slip_shifts_the_block_only() -> None:
    async def scene(t: Terminal) -> None:
        await t.hear()
        await t.home()
        t.sim.faults.slip = (0.3, 0.0)
        await t.say("$J=G53X-50Y-50F3000\n", 20)
        await t.say("$J=G53X-49Y-49F3000\n", 20)
        assert t.world.stage == pytest.approx((-1.3, -1.0))
        assert t.sim.frame == (-49.0, -49.0)
        t.sim.faults.hang = True
        assert await t.say("?$I\n", 5) == []
        assert await t.line.line(1) is Failure.NO_REPLY

    at_terminal(scene)


SAID = "$I\n|$H\n|$X\n|$J=G53X-9Y-9F900\n|G1X-5F900\n|G4P0\n|?|!|~|\x18|\x85|\x84|$J=|\n|G53G0X9\n"
LINES = st.sampled_from([*SAID.split("|"), "$$\n", "\xff", "$13=1\n"])


@given(st.lists(st.tuples(LINES, st.floats(0, 5)), max_size=12))
def test_whatever_is_said_every_line_said_back_is_grbl(said: list[tuple[str, float]]) -> None:
    async def scene(t: Terminal) -> None:
        for text, seconds in said:
            for heard in await t.say(text, seconds):
                assert not isinstance(classify(heard.encode()), grbl.Unrecognised)
        assert all(-100 <= axis <= 0 for axis in t.sim.frame)

    at_terminal(scene)


WAY = st.lists(st.tuples(st.floats(-100, 0), st.floats(-100, 0)), min_size=1, max_size=6)


@given(WAY, st.floats(100, 3000))
def test_motion_ends_where_and_when_it_must(way: list[tuple[float, float]], feed: float) -> None:
    motion, block = Motion((0.0, 0.0)), PushedBlock((0.0, 0.0), 0.3)
    ends = [motion.add(point, feed, 0.0).ends for point in way]
    assert ends == sorted(ends)
    assert motion.target == way[-1]
    for corner in motion.passed(ends[-1]):
        block.follow(corner)
    assert motion.queued == 0
    assert motion.passed(ends[-1] + 1) == [way[-1]]
    # The block lies in the frame, wherever that went.
    assert all(f <= b <= f + 0.3 + 1e-9 for b, f in zip(block.at, way[-1], strict=True))


@given(st.floats(0.0, 0.3))
def test_relief_within_the_play_leaves_the_block(relief: float) -> None:
    block = PushedBlock((-50.0, -50.0), 0.3)
    for frame in ((-11.0, -11.0), (-10.0, -10.0), (-10.0 - relief, -10.0 - relief)):
        block.follow(frame)
    assert block.at == pytest.approx((-10.0, -10.0), abs=1e-9)
