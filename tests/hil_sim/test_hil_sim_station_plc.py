import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drivers.codecs.station import StationFault
from drivers.interfaces import (
    SIZING,
    TESTER,
    Activity,
    CycleEnd,
    Done,
    Failure,
    NotDone,
    Place,
    Station,
    Unknown,
)
from runtime import run_virtual
from tests.rig_modbus import StationRig, block, got, order


def test_a_cycle_leaves_one_mark_one_count_one_record() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        rig.world.slide(3.0, -2.0)
        began = rig.clock.process()
        status = got(await rig.indent(tag=9))
        took = rig.clock.process() - began
        assert (status.activity, status.cycle.end) == (Activity.DONE, CycleEnd.COMPLETE)
        assert (status.cycle.count, status.cycle.tag) == (1, 9)
        assert 4000 <= status.cycle.total_dwell_ms <= 4010
        assert status.cycle.total_force_n == Decimal("1471.0")
        [(_, mark)] = rig.marks
        assert (mark.x, mark.y, mark.cycle, mark.complete) == (3.0, -2.0, 1, True)
        assert 0.2 < mark.diameter < 0.6
        [(number, scale, hardness)] = rig.records
        assert (number, scale) == (1, "HRC")
        assert abs(hardness - 60) < 1
        assert 15 <= took <= 15.5

    run_virtual(main())


def test_the_record_number_goes_on_after_the_simulator_was_killed(tmp_path: Path) -> None:
    async def main() -> None:
        rig = StationRig(world_path=tmp_path / "world.jsonl")
        await rig.claimed()
        before = got(await rig.indent(tag=1))
        rig.world.close()
        again = StationRig(world_path=tmp_path / "world.jsonl")
        status = got(await again.plc.read())
        assert status.fence.boot != before.fence.boot
        assert (status.fence.epoch, status.fence.accepted) == (1, before.fence.accepted)
        assert status.cycle == before.cycle
        await again.claimed(2)
        got(await again.indent(tag=2))
        assert [number for number, _, _ in again.records] == [2]
        assert [mark.cycle for _, mark in again.marks] == [1, 2]
        again.world.close()

    run_virtual(main())


@pytest.mark.parametrize(
    ("after_s", "end", "marks", "complete"),
    [
        (1.0, CycleEnd.BEFORE_CONTACT, 0, None),
        (4.0, CycleEnd.AFTER_CONTACT, 1, False),
        (11.5, CycleEnd.HELD, 1, True),
        (13.1, CycleEnd.COMPLETE, 1, True),
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_power_loss_in_a_cycle_leaves_the_truth_about_it(
    after_s: Any, end: Any, marks: Any, complete: Any, killed: Any
) -> None:
    async def main() -> None:
        rig = StationRig()
        before = await rig.claimed()
        loop = asyncio.get_running_loop()
        if killed:

            def die() -> None:
                rig.sim.power_loss()
                rig.switch_on()

            loop.call_later(after_s, die)
        else:
            loop.call_later(after_s, rig.sim.power_loss)
        outcome = await rig.indent(tag=3)
        assert isinstance(outcome, Unknown)
        status = got(await rig.plc.read())
        assert status.fence.boot != before.fence.boot
        assert status.activity is Activity.FAULT
        assert status.fault == StationFault.POWER_LOST
        assert (status.cycle.end, status.cycle.tag, status.cycle.count) == (end, 3, marks)
        assert [mark.complete for _, mark in rig.marks] == [complete] * marks
        assert rig.records == []
        status = got(await rig.plc.reset(status))
        assert status.activity is not Activity.FAULT

    run_virtual(main())


@pytest.mark.parametrize("what", ["door", "e-stop"])
def test_an_interlock_breaks_a_cycle_off_and_must_be_cleared_by_hand_and_reset(what: Any) -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        trip = rig.sim.open_door if what == "door" else rig.sim.press_e_stop
        clear = rig.sim.close_door if what == "door" else rig.sim.release_e_stop
        loop = asyncio.get_running_loop()
        loop.call_later(5.0, trip)
        status = got(await rig.indent(tag=1))
        assert (status.activity, status.cycle.end) == (Activity.FAULT, CycleEnd.AFTER_CONTACT)
        refused = await rig.plc.indent(order(2), status)
        assert refused == NotDone(Failure.FAULT, refused.detail)
        if what == "e-stop":
            still = await rig.plc.reset(got(await rig.plc.read()))
            assert isinstance(still, NotDone) and still.reason is Failure.INTERLOCK
        else:
            got(await rig.plc.reset(got(await rig.plc.read())))
            still = await rig.indent(tag=3)
            assert isinstance(still, NotDone) and still.reason is Failure.INTERLOCK
        assert not got(await rig.plc.inputs()).motion_allowed
        clear()
        status = got(await rig.plc.reset(got(await rig.plc.read())))
        assert status.activity is not Activity.FAULT
        assert isinstance(await rig.indent(tag=4), Done)
        assert [mark.complete for _, mark in rig.marks] == [False, True]

    run_virtual(main())


def test_without_a_block_on_the_anvil_the_cycle_is_refused() -> None:
    async def main() -> None:
        rig = StationRig(at=SIZING)
        await rig.claimed()
        refused = await rig.indent()
        assert isinstance(refused, NotDone) and refused.reason is Failure.INTERLOCK
        rig.faults.inject("stuck-sensor", place=TESTER, occupied=True)
        status = got(await rig.indent())
        assert status.fault == StationFault.NO_CONTACT
        assert rig.world.accidents == ["cycle 1: the indenter struck the bare anvil"]
        assert rig.records == []

    run_virtual(main())


def test_the_sensors_show_the_world_unless_stuck() -> None:
    async def main() -> None:
        rig = StationRig()
        slot33, reject2, holder1 = (
            Place(Station.SLOT, 33),
            Place(Station.REJECT, 2),
            Place(Station.HOLDER, 1),
        )
        for i, place in enumerate((slot33, reject2, holder1, SIZING)):
            rig.world.add(block(f"X{i}"), place)
        inputs = got(await rig.plc.inputs())
        assert inputs.occupied == {slot33, reject2, holder1, SIZING, TESTER}
        assert inputs.motion_allowed and not inputs.slipped
        rig.faults.inject("stuck-sensor", place=slot33, occupied=False)
        rig.faults.inject("stuck-sensor", place=Place(Station.SLOT, 17), occupied=True)
        occupied = got(await rig.plc.inputs()).occupied
        assert slot33 not in occupied and Place(Station.SLOT, 17) in occupied

    run_virtual(main())


@pytest.mark.parametrize("seen", [True, False])
def test_a_slip_displaces_the_mark_and_shows_only_to_its_sensor(seen: bool) -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        rig.world.slide(1.0, 1.0)
        rig.faults.inject("slip", dx=0.5, dy=-0.25, seen=seen)
        got(await rig.indent())
        assert [(mark.x, mark.y) for _, mark in rig.marks] == [(1.5, 0.75)]
        assert got(await rig.plc.inputs()).slipped is seen

    run_virtual(main())


def test_a_bad_cycle_shows_in_the_evidence_and_a_wrong_value_does_not() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        rig.faults.inject("bad-cycle", dwell_ms=-1500, force_n=-20.0)
        cycle = got(await rig.indent(tag=1)).cycle
        assert 2500 <= cycle.total_dwell_ms <= 2510
        assert cycle.total_force_n == Decimal("1451.0")
        rig.faults.inject("wrong-value", by="10")
        cycle = got(await rig.indent(tag=2)).cycle
        assert cycle.total_dwell_ms >= 4000
        assert rig.records[1][2] > 69

    run_virtual(main())


def test_sizing_gives_dimensions_and_code_of_the_block_that_stands_there() -> None:
    async def main() -> None:
        rig = StationRig(at=SIZING)
        await rig.claimed()
        sized = got(await rig.plc.measure())
        assert abs(sized.thickness_mm - 10) < Decimal("0.01")
        assert sized.thickness_mm.as_tuple().exponent == -3
        assert sized.code == "B1-CODE"
        rig.world.blocks["B1"].code = None
        assert got(await rig.plc.measure()).code is None

    run_virtual(main())


def test_an_empty_sizing_stage_gives_no_answer_and_does_not_stop_the_next() -> None:
    async def main() -> None:
        rig = StationRig()
        outcome = await rig.plc.measure()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.TIMED_OUT
        rig.world.add(block("B2", code="B2-CODE"), SIZING)
        assert got(await rig.plc.measure()).code == "B2-CODE"

    run_virtual(main())


def test_the_climate_is_read_to_the_hundredth() -> None:
    async def main() -> None:
        rig = StationRig()
        rig.sim.temperature_c, rig.sim.humidity_pct = -3.25, 41.5
        climate = got(await rig.plc.climate())
        assert (str(climate.temperature_c), str(climate.humidity_pct)) == ("-3.25", "41.50")

    run_virtual(main())


def test_the_same_seed_gives_the_same_readings() -> None:
    async def readings(seed: int) -> Any:
        rig = StationRig(seed=seed)
        await rig.claimed()
        for tag in range(5):
            rig.world.slide(tag * 3.0, 0.0)
            got(await rig.indent(tag=tag))
        return rig.records

    first, second, other = (run_virtual(readings(seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other
