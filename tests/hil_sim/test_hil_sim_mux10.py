import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from drivers.interfaces import SIZING, TESTER, Dimensions, Done, Failure, NotDone
from drivers.lines import Bench
from drivers.mux10_gauge import Mux10Gauge
from hil_sim.devices.mux10_gauge import SimMux10Gauge
from hil_sim.faults import Faults
from hil_sim.world import World
from runtime import Clock, run_virtual, stream
from tests.rig_modbus import block

URL = "memory://gauge"


@dataclass
class Rig:
    gauge: Mux10Gauge
    sim: SimMux10Gauge
    faults: Faults
    world: World
    clock: Clock


def with_gauge(scene: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        clock, bench, world = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), Bench(), World()
        world.add(block(), SIZING)
        sim = SimMux10Gauge(world, clock, stream(1, "gauge"))
        sim.listen(bench, URL)
        await scene(Rig(Mux10Gauge(bench, URL, clock), sim, Faults(sim), world, clock))

    run_virtual(main())


async def sized(rig: Rig) -> Dimensions:
    outcome = await rig.gauge.dimensions()
    assert isinstance(outcome, Done), outcome
    return outcome.value


def off_mm(size: Dimensions) -> float:
    true = (10, 60, 60)
    shown = (size.thickness_mm, size.width_mm, size.depth_mm)
    return max(abs(float(a) - b) for a, b in zip(shown, true, strict=True))


def test_the_block_at_the_sizing_stage_is_measured_to_micrometres() -> None:
    async def scene(rig: Rig) -> None:
        size = await sized(rig)
        assert off_mm(size) < 0.006
        assert size.thickness_mm.as_tuple().exponent == -4
        assert size != await sized(rig)

    with_gauge(scene)


def test_an_empty_stage_is_not_a_thin_block() -> None:
    async def scene(rig: Rig) -> None:
        rig.world.carry_away("B1")
        rig.world.add(block("B2"), TESTER)
        outcome = await rig.gauge.dimensions()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY

    with_gauge(scene)


WIRE = ["hang", "drop-connection", "lose-reply", "garble", "duplicate", "stale-reply"]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("kind", WIRE)
def test_no_fault_of_the_wire_makes_a_wrong_size(kind: str, nth: int) -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject(kind, nth=nth, seconds=4.0)
        outcome = await rig.gauge.dimensions()
        # A byte garbled into another digit cannot be told from a size: no checksum.
        if isinstance(outcome, Done) and kind != "garble":
            assert off_mm(outcome.value) < 0.006
        assert off_mm(await sized(rig)) < 0.006

    with_gauge(scene)


@pytest.mark.parametrize("seconds", [0.6, 2.0, 3.4, 5.0])
def test_a_late_answer_is_never_taken_for_the_next_block(seconds: float) -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject("delay", seconds=seconds, count=3)
        await rig.gauge.dimensions()
        rig.world.carry_away("B1")
        other = block("B2")
        other.thickness_mm = 12.0
        rig.world.add(other, SIZING)
        outcome = await rig.gauge.dimensions()
        if isinstance(outcome, Done):
            assert abs(outcome.value.thickness_mm - 12) < Decimal("0.006")

    with_gauge(scene)


def test_a_key_pressed_on_an_indicator_voids_the_measurement() -> None:
    async def scene(rig: Rig) -> None:
        asyncio.get_running_loop().call_later(0.9, rig.sim.press, 1)
        outcome = await rig.gauge.dimensions()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert off_mm(await sized(rig)) < 0.006

    with_gauge(scene)


def test_an_indicator_without_plug_is_a_fault_of_its_channel() -> None:
    async def scene(rig: Rig) -> None:
        rig.sim.pull(2)
        outcome = await rig.gauge.dimensions()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
        assert "channel 2" in outcome.detail
        rig.sim.pull(2, pulled=False)
        await sized(rig)

    with_gauge(scene)


def test_a_wrong_and_a_stuck_indicator_show_what_they_show() -> None:
    async def scene(rig: Rig) -> None:
        rig.faults.inject("wrong-value", by="0.5")
        assert off_mm(await sized(rig)) == pytest.approx(0.5, abs=0.006)
        rig.faults.inject("wrong-value", by="0")
        rig.faults.inject("stuck-sensor", channel=1)
        first = await sized(rig)
        rig.world.carry_away("B1")
        thin = block("B2")
        thin.thickness_mm = 6.0
        rig.world.add(thin, SIZING)
        assert (await sized(rig)).thickness_mm == first.thickness_mm

    with_gauge(scene)


def test_power_lost_in_mid_measurement_leaves_nothing_behind() -> None:
    async def scene(rig: Rig) -> None:
        asyncio.get_running_loop().call_later(0.5, rig.faults.inject, "power-loss")
        outcome = await rig.gauge.dimensions()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        assert off_mm(await sized(rig)) < 0.006

    with_gauge(scene)
