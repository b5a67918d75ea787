"""Cells with devices of their own: whole blocks, and one fault on each of the new devices."""

import asyncio
from datetime import datetime
from decimal import Decimal

import pytest

from controller.assembly import Folder
from controller.bound import bound
from controller.events import (
    AlarmRaised,
    DecisionAsked,
    DutyFell,
    InterlockChanged,
    ModeChanged,
)
from controller.modes import change, settle_mode
from controller.state import Stage
from drivers.codecs.hygrometer import HygrometerMap
from hil_sim.devices.ur_arm import HOME
from hil_sim.faults import Fault, Faults
from hil_sim.scenario.crash import walk
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from runtime import Clock, run_virtual, within
from tests.labs import tray, truths
from tests.mixed import OWN, PUSH, mixed_config

TRAY, TRUTHS = tray("2007-102"), truths()
ONLY = {name: {name: OWN[name]} for name in ("climate", "safety")}
SIZING = {name: OWN[name] for name in ("gauge", "reader")}
KINDS = {**ONLY, "sizing": SIZING, "push": PUSH, "all": OWN, "all and push": OWN | PUSH}


def at(seconds, act):
    async def trouble(lab, clock):
        await clock.sleep(seconds)
        going = act(lab, clock)
        if going is not None:
            await going

    return trouble


def events(outcome, kind):
    return [event for event in (row.event() for row in outcome.rows) if isinstance(event, kind)]


def alarms(outcome):
    return {(alarm.source, alarm.alarm) for alarm in events(outcome, AlarmRaised)}


def seconds(outcome, row):
    """Return when a row was written, s since the first."""
    start, end = (datetime.fromisoformat(each.at) for each in (outcome.rows[0], row))
    return (end - start).total_seconds()


def modes(outcome):
    return [change.mode for change in events(outcome, ModeChanged)]


def check_finished(outcome, *, voids=0):
    assert outcome.broken == ()
    (block,) = outcome.state.customers
    assert block.stage is Stage.FINISHED and block.verdict is not None and block.verdict.passed
    assert len(block.readings) == 5 and block.voids <= voids
    assert not outcome.state.alarms, "an alarm stands although its cause is gone"


# -- undisturbed ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_is_verified_whatever_stands_behind_the_interfaces(kind, tmp_path):
    config = mixed_config(KINDS[kind])
    outcome = walk(config, TRAY, TRUTHS, tmp_path)
    check_finished(outcome)
    assert not alarms(outcome)
    (block,) = outcome.state.customers
    least = bound(config, outcome.state, events(outcome, DutyFell)).total_s
    assert least < seconds(outcome, outcome.rows[-1]) < 1.25 * least
    # The number of decimals tells who measured: the PLC sends hundredths of a degree.
    places = 1 if "climate" in KINDS[kind] else 2
    assert block.climate is not None
    assert {-number.as_tuple().exponent for number in block.climate} == {places}
    cell = outcome.lab.cell
    own = "gauge" in KINDS[kind]
    # The gauge is asked for one reading a second besides: that is its sign of life.
    assert cell.gauge.asked >= 3 if own else cell.gauge.asked == 0
    assert cell.reader.triggered == (1 if own else 0)


def test_an_arm_that_pushes_serves_one_block_after_the_other(tmp_path):
    config = mixed_config(PUSH)
    outcome = walk(config, tray("2007-102", "2007-103"), TRUTHS, tmp_path)
    assert outcome.broken == () and not alarms(outcome)
    assert [b.stage for b in outcome.state.customers] == [Stage.FINISHED] * 2
    assert len(outcome.state.customers[1].readings) == 5


def test_the_hygrometer_is_asked_as_its_section_says(tmp_path):
    section = {"url": "memory://climate", "unit": 7, "area": "holding", "places": 2}
    section |= {"temperature_register": 40, "humidity_register": 42}
    simulation = {"temperature_c": 21.37, "humidity_pct": 51.2}
    config = mixed_config({"climate": section}, simulation=simulation)
    assert config.devices.climate.registers == HygrometerMap(40, 42, 2)
    outcome = walk(config, TRAY, TRUTHS, tmp_path)
    check_finished(outcome)
    assert [str(x) for x in outcome.state.customers[0].climate] == ["21.37", "51.20"]


# -- deaths --------------------------------------------------------------------------


@pytest.mark.parametrize("absent_s", [0.0, 3.0])
@pytest.mark.parametrize("kind", ["all", "all and push"])
def test_killed_here_and_there_with_all_devices(kind, absent_s, tmp_path):
    config = mixed_config(KINDS[kind])
    for first in range(20, 320, 60):
        outcome = walk(
            config, TRAY, TRUTHS, tmp_path / str(first), deaths=[first, 33], absent_s=absent_s
        )
        assert outcome.died_at
        check_finished(outcome)


# -- sizing --------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["gauge", "reader", "climate", "safety"])
@pytest.mark.parametrize("fault", [Fault.LOSE_REPLY, Fault.GARBLE, Fault.DROP_CONNECTION])
def test_a_fault_of_a_wire_costs_nothing(device, fault, tmp_path):
    struck = []

    def act(lab, clock):
        struck.append(Faults(getattr(lab.cell, device)).inject(fault, count=1))

    check_finished(walk(mixed_config(OWN), TRAY, TRUTHS, tmp_path, trouble=at(1, act)))
    assert struck[0].struck == 1


def test_a_gauge_that_lost_its_power_is_named_and_asked_again(tmp_path):
    async def act(lab, clock):
        lab.cell.gauge.port.unplug()
        await clock.sleep(60)
        lab.cell.gauge.port.plugged = True

    def begin(lab, clock):
        return act(lab, clock)

    outcome = walk(mixed_config(OWN), TRAY, TRUTHS, tmp_path, trouble=at(1, begin))
    check_finished(outcome)
    assert ("sizing", "device-no-link") in alarms(outcome)


def test_a_reader_that_sees_nothing_is_a_case_for_the_policy(tmp_path):
    def act(lab, clock):
        lab.cell.reader.blind()

    outcome = walk(mixed_config(OWN), TRAY, TRUTHS, tmp_path, trouble=at(1, act))
    assert outcome.broken == ()
    assert [asked.kind for asked in events(outcome, DecisionAsked)] == ["unreadable_identity"]
    assert outcome.state.customers[0].at == "reject-01" and not outcome.state.customers[0].readings


def test_a_reader_wiped_clean_reads_again(tmp_path):
    config = mixed_config(OWN, unreadable_identity={"action": "read-again"})

    async def wipe(lab, clock):
        await clock.sleep(30)
        lab.cell.reader.blind(False)

    def act(lab, clock):
        lab.cell.reader.blind()
        return wipe(lab, clock)

    check_finished(walk(config, TRAY, TRUTHS, tmp_path, trouble=at(1, act)))


# -- climate -------------------------------------------------------------------------


def test_a_silent_hygrometer_raises_an_alarm_and_the_cell_waits_for_it(tmp_path):
    made = []

    async def silence(lab, clock):
        lab.cell.climate.port.unplug()
        await clock.sleep(35)
        made.extend(lab.world.indentations())
        lab.cell.climate.port.plugged = True

    outcome = walk(mixed_config(OWN), TRAY, TRUTHS, tmp_path, trouble=at(1, silence))
    check_finished(outcome)
    assert alarms(outcome) == {("climate", "device-no-link")} and made == []


def test_a_hygrometer_that_stays_silent_holds_the_cell_until_a_person_lets_it_go_on(tmp_path):
    config = mixed_config(ONLY["climate"])

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(config, TRAY, TRUTHS, seed=1, clock=clock)
        session = Session(config, Folder(tmp_path), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))

        async def person(rig):
            lab.cell.climate.port.unplug()
            while rig.state.mode != "HELD":
                await clock.sleep(1)
            assert "device-no-link:climate" in rig.state.alarms
            assert not list(lab.world.indentations())
            lab.cell.climate.port.plugged = True
            await change(rig.ledger, "unhold", "the plug is in again")
            await settle_mode(rig.ledger)

        async with within(3600, "the tray to be finished"):
            rig = await daemon(session, lab, TRAY, meanwhile=person)
        keeping.cancel()
        return rig.state

    state = run_virtual(main())
    assert [block.stage for block in state.customers] == [Stage.FINISHED] and not state.alarms


def test_air_that_the_hygrometer_finds_too_warm_is_not_measured_in(tmp_path):
    made = []

    async def heat(lab, clock):
        lab.cell.climate.temperature_c = Decimal("28.1")
        await clock.sleep(35)
        made.extend(lab.world.indentations())
        lab.cell.climate.temperature_c = Decimal("28.0")

    outcome = walk(mixed_config(OWN), TRAY, TRUTHS, tmp_path, trouble=at(1, heat))
    check_finished(outcome)
    assert ("cell", "climate") in alarms(outcome) and made == []
    assert str(outcome.state.customers[0].climate[0]) == "28.0"


# -- safety --------------------------------------------------------------------------

INSTANTS = (40, 131, 183)


def suspension(outcome):
    """Return when the cell was suspended last, and when it last began to act, s."""
    changes = [row for row in outcome.rows if isinstance(row.event(), ModeChanged)]
    at = {row.event().mode: seconds(outcome, row) for row in changes}
    return at["SUSPENDED"], at["EXECUTE"]


@pytest.mark.parametrize("devices", [ONLY["safety"], OWN | PUSH], ids=["safety", "all and push"])
@pytest.mark.parametrize("instant", INSTANTS)
def test_an_emergency_stop_suspends_the_cell_until_a_person_has_reset_it(
    instant, devices, tmp_path
):
    config = mixed_config(devices, simulation={"reset_after_s": 40.0})
    begun = []

    async def stop(lab, clock):
        await clock.sleep(instant)
        lab.cell.safety.press_e_stop()
        # A cycle under way comes to its end; from then on nothing may be made.
        await clock.sleep(30)
        begun.append(len(list(lab.world.indentations())))
        lab.cell.safety.release_e_stop()
        await clock.sleep(35)
        begun.append(len(list(lab.world.indentations())))

    outcome = walk(config, TRAY, TRUTHS, tmp_path, trouble=at(40, stop))
    check_finished(outcome)
    suspended, resumed = suspension(outcome)
    pressed = 40 + instant
    assert pressed <= suspended <= pressed + 40
    assert pressed + 30 + 40 <= resumed <= pressed + 30 + 40 + 5
    assert begun[0] == begun[1]
    assert False in {e.safety_closed for e in events(outcome, InterlockChanged)}


def test_the_door_that_only_the_safety_controller_sees_is_told_as_a_door(tmp_path):
    async def open_and_close(lab, clock):
        lab.cell.safety.open_door()
        await clock.sleep(20)
        lab.cell.safety.close_door()

    config = mixed_config(ONLY["safety"])
    outcome = walk(config, TRAY, TRUTHS, tmp_path, trouble=at(60, open_and_close))
    check_finished(outcome)
    assert not all(change.door_closed for change in events(outcome, InterlockChanged))


@pytest.mark.parametrize("seconds", [2.0, 9.0])
def test_a_lapse_of_the_watchdog_forbids_motion_until_a_person_has_reset_it(seconds, tmp_path):
    struck = []

    def hang(lab, clock):
        struck.append(lab.cell.safety)
        Faults(lab.cell.safety).inject(Fault.HANG, seconds=seconds)

    outcome = walk(mixed_config(ONLY["safety"]), TRAY, TRUTHS, tmp_path, trouble=at(131, hang))
    check_finished(outcome)
    lapsed = seconds > 5
    # What hangs for less than its time does not make the watchdog fire.
    assert struck[0].error_entries == int(lapsed)
    if lapsed:
        suspended, resumed = suspension(outcome)
        assert suspended > 131 and resumed > 131 + seconds + 5


def test_a_safety_controller_that_lost_its_power_is_armed_again(tmp_path):
    config = mixed_config(ONLY["safety"])
    outcome = walk(
        config, TRAY, TRUTHS, tmp_path, trouble=at(90, lambda lab, _: lab.cell.safety.power_loss())
    )
    check_finished(outcome)
    assert outcome.state.safety_closed
    assert "SUSPENDED" in modes(outcome)


def test_nothing_moves_while_nobody_resets_the_chain(tmp_path):
    config = mixed_config(ONLY["safety"], simulation={"reset_after_s": 600.0})
    seen = []

    async def look(lab, clock):
        await clock.sleep(500)
        seen.append((lab.cell.arm.pose, list(lab.world.indentations())))

    outcome = walk(config, TRAY, TRUTHS, tmp_path, trouble=at(1, look))
    check_finished(outcome)
    assert seen == [(HOME, [])]


# -- an arm that pushes ----------------------------------------------------------------


@pytest.mark.parametrize("instant", [25, 60, 150, 200, 300])
def test_power_loss_of_an_arm_that_pushes_costs_nothing(instant, tmp_path):
    outcome = walk(
        mixed_config(PUSH),
        TRAY,
        TRUTHS,
        tmp_path,
        trouble=at(instant, lambda lab, _: lab.cell.arm.power_loss()),
    )
    check_finished(outcome)


def test_a_block_that_springs_back_too_far_is_never_indented(tmp_path):
    def loosen(lab, clock):
        lab.cell.arm.collar.spring_back = (0.12, 0.0)

    async def mend(lab, clock):
        loosen(lab, clock)
        await clock.sleep(60)
        assert not list(lab.world.indentations())
        lab.cell.arm.collar.spring_back = (0.0, 0.0)

    outcome = walk(mixed_config(PUSH), TRAY, TRUTHS, tmp_path, trouble=at(1, mend))
    check_finished(outcome)
    assert any(source == "positioner" for source, _ in alarms(outcome))
