import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.dataman_reader import DataManReader
from drivers.interfaces import SIZING, TESTER, Done, Failure, NotDone
from drivers.lines import Bench
from drivers.textline import TextLine
from hil_sim.devices.dataman_reader import SimDataMan
from hil_sim.faults import Faults
from hil_sim.world import World
from runtime import Clock, run_virtual
from tests.rig_modbus import block

URL = "memory://reader"


@dataclass
class Rig:
    reader: DataManReader
    sim: SimDataMan
    faults: Faults
    world: World
    bench: Bench


def with_reader(scene: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        clock, bench, world = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), Bench(), World()
        world.add(block(), SIZING)
        sim = SimDataMan(world, clock)
        sim.listen(bench, URL)
        await scene(Rig(DataManReader(bench, URL, clock), sim, Faults(sim), world, bench))

    run_virtual(main())


def test_the_code_of_the_block_at_the_sizing_stage_is_read() -> None:
    async def scene(rig: Rig) -> None:
        rig.world.add(block("B2", code="B2-CODE"), TESTER)
        assert await rig.reader.read_code() == Done("B1-CODE")
        rig.world.carry_away("B1")
        assert await rig.reader.read_code() == Done(None)
        rig.world.add(block("B3", code=None), SIZING)
        assert await rig.reader.read_code() == Done(None)
        assert rig.sim.triggered == 3

    with_reader(scene)


def test_a_blind_reader_reads_nothing_and_a_wrong_one_something_else() -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject("stuck-sensor", blind=True)
        assert await rig.reader.read_code() == Done(None)
        rig.faults.inject("wrong-value", code="OTHER")
        assert await rig.reader.read_code() == Done("OTHER")

    with_reader(scene)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    "kind",
    ["hang", "drop-connection", "lose-reply", "garble", "duplicate", "stale-reply", "delay"],
)
def test_no_fault_of_the_wire_makes_a_wrong_code(kind: str, nth: int) -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject(kind, nth=nth, seconds=4.0)
        for _ in range(2):
            outcome = await rig.reader.read_code()
            # Garbled base64 may decode; the manifest then tells that it is another block.
            if isinstance(outcome, Done) and kind != "garble":
                assert outcome == Done("B1-CODE")
        rig.faults.clear()
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene)


def test_a_code_delayed_past_its_trigger_is_never_taken_for_the_next_block() -> None:
    async def scene(rig: Rig) -> None:
        # The third packet is the read-string.
        rig.faults.inject("delay", nth=3, seconds=5.0)
        assert isinstance(await rig.reader.read_code(), NotDone)
        rig.world.carry_away("B1")
        rig.world.add(block("B2", code="B2-CODE"), SIZING)
        assert await rig.reader.read_code() == Done("B2-CODE")

    with_reader(scene)


@pytest.mark.parametrize("hang_up", [True, False])
def test_a_reader_that_lost_power_is_told_again_to_reply(hang_up: bool) -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.reader.read_code() == Done("B1-CODE")
        rig.faults.inject("power-loss", hang_up=hang_up)
        outcome = await rig.reader.read_code()
        if not isinstance(outcome, Done):
            # On a serial line the restart shows only in what it says, or does not say.
            assert outcome.reason in (Failure.NO_LINK, Failure.NO_REPLY, Failure.BAD_REPLY)
            outcome = await rig.reader.read_code()
        assert outcome == Done("B1-CODE")

    with_reader(scene)


def test_a_trigger_key_pressed_meanwhile_voids_the_reading() -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.reader.read_code() == Done("B1-CODE")
        asyncio.get_running_loop().call_later(0.4, rig.sim.press)
        outcome = await rig.reader.read_code()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene)


def test_at_a_terminal_it_is_silent_until_told_to_reply() -> None:
    async def scene(rig: Rig) -> None:
        _, line = await rig.bench.connect(URL, lambda: TextLine(URL))
        assert isinstance(line, TextLine)
        line.write(b"||>TRIGGER ON\r\n")
        assert await line.line(1) == b"B1-CODE"
        line.write(b"||>GET NONSENSE\r\n")
        assert await line.line(1) is Failure.NO_REPLY
        line.write(b"||>set com.dmcc-response 1\r\n||0:5>GET NONSENSE\r\nhello\r\n")
        assert await line.line(1) == b"||[0]"
        assert await line.line(1) == b"||0:5[101]"
        line.write(b"||0:6>TRIGGER ON\r\n")
        assert await line.line(1) == b"||0:6[0]"
        assert await line.line(1) == b"||[1]QjEtQ09ERQ=="

    with_reader(scene)
