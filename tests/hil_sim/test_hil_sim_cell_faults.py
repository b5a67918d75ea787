"""One fault in the middle of a block, on any device: finished all the same, promises kept."""

import asyncio

import pytest

from controller.events import (
    DecisionAnswered,
    DecisionAsked,
    IndentIntended,
    SessionBegan,
    TransferIntended,
)
from controller.state import Stage, Use
from hil_sim.faults import Fault, Faults
from hil_sim.scenario.crash import walk
from tests.labs import lab_config, tray, truths

CONFIG, TRAY, TRUTHS = lab_config(), tray("2007-102"), truths()

# Instants (s) of an undisturbed run: a transfer, the check block, the customer's indentations.
INSTANTS = (40, 108, 131, 160, 183, 222)
WIRE = (
    *(Fault.LOSE_REPLY, Fault.DELAY, Fault.LATE_PACKET, Fault.DUPLICATE),
    *(Fault.DROP_CONNECTION, Fault.HANG, Fault.STALE_REPLY),
)


def at(seconds, act):
    """Let `act(lab)` happen so many seconds into the run; it may be a coroutine function."""

    async def trouble(lab, clock):
        await clock.sleep(seconds)
        going = act(lab)
        if asyncio.iscoroutine(going):
            await going

    return trouble


def run(folder, trouble, **more):
    return walk(CONFIG, TRAY, TRUTHS, folder, trouble=trouble, **more)


def check_finished(outcome, *, voids=0):
    assert outcome.broken == ()
    (block,) = outcome.state.customers
    assert block.stage is Stage.FINISHED
    assert block.verdict is not None and block.verdict.passed
    assert block.voids <= voids
    assert not outcome.state.alarms, "an alarm stands although its cause is gone"


@pytest.mark.parametrize("device", ["station", "arm"])
@pytest.mark.parametrize("fault", WIRE)
def test_a_fault_of_the_wire_costs_nothing(fault, device, tmp_path):
    for instant in INSTANTS:

        def act(lab):
            Faults(getattr(lab.cell, device)).inject(fault, count=2)

        check_finished(run(tmp_path / str(instant), at(instant, act)))


@pytest.mark.parametrize("device", ["arm", "stage"])
def test_power_loss_of_arm_or_frame_costs_nothing(device, tmp_path):
    for instant in INSTANTS:
        act = at(instant, lambda lab: getattr(lab.cell, device).power_loss())
        check_finished(run(tmp_path / str(instant), act))


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_opened_door_suspends_the_cell_until_it_is_closed(instant, tmp_path):
    async def act(lab):
        made = len(list(lab.world.indentations()))
        lab.cell.station.open_door()
        await asyncio.sleep(60)
        # The one under way may have touched the surface; none was begun after it.
        assert len(list(lab.world.indentations())) == made
        lab.cell.station.close_door()

    check_finished(run(tmp_path, at(instant, act)), voids=1)


def test_emergency_stop_in_a_force_cycle(tmp_path):
    async def act(lab):
        lab.cell.station.press_e_stop()
        await asyncio.sleep(30)
        lab.cell.station.release_e_stop()

    outcome = run(tmp_path, at(160, act))
    check_finished(outcome, voids=1)


@pytest.mark.parametrize("fault", ["lose", "garble"])
def test_a_record_that_never_came_makes_one_void_and_takes_one_spare(fault, tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: setattr(lab.cell.results.faults, fault, 1)))
    check_finished(outcome, voids=1)
    (block,) = outcome.state.customers
    assert [p.use for p in block.positions if p.spare].count(Use.MEASURED) == 1
    assert len(block.readings) == 5


def test_a_record_sent_twice_counts_once(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: setattr(lab.cell.results.faults, "duplicate", 3)))
    check_finished(outcome)


def test_two_records_lost_ask_a_person_and_the_default_rejects(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: setattr(lab.cell.results.faults, "lose", 2)))
    (block,) = outcome.state.customers
    assert outcome.broken == ()
    assert block.at == "reject-01" and block.verdict is None and block.voids == 2
    assert list(outcome.state.answers.values()) == ["reject"]


def test_a_cycle_with_a_short_dwell_is_void_whatever_its_value(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: lab.cell.station.bad_cycle(dwell_ms=-2000)))
    check_finished(outcome, voids=1)
    assert outcome.state.customers[0].voids == 1


def test_a_wrong_value_is_kept_and_judged_never_repeated(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: lab.cell.station.wrong_value("5")))
    (block,) = outcome.state.customers
    assert outcome.broken == ()
    assert len(block.readings) == 5 and block.voids == 0
    assert block.verdict is not None and not block.verdict.passed
    assert block.at == "reject-01"


def test_a_slip_during_the_cycle_is_photographed_and_void(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: lab.cell.station.slip()))
    (block,) = outcome.state.customers
    assert block.stage is Stage.FINISHED and block.voids == 1
    assert block.at == "reject-01", "the misplaced mark is more than a picture can explain"


def test_an_unseen_slip_is_found_by_the_picture_after(tmp_path):
    outcome = run(tmp_path, at(150, lambda lab: lab.cell.station.slip(seen=False)))
    (block,) = outcome.state.customers
    assert block.verdict is None and block.at == "reject-01"
    assert "not where they were planned" in block.refused_because


def test_somebody_uses_the_tester_by_hand(tmp_path):
    """A cycle that is not ours makes the evidence ambiguous; the picture settles it."""

    outcome = run(tmp_path, at(160, lambda lab: lab.cell.station.machine.use_by_hand()))
    check_finished(outcome, voids=1)


def doubtful_crash(folder, config):
    """Kill the daemon in a customer's second cycle and the PLC with it."""
    undisturbed = walk(config, TRAY, TRUTHS, folder / "undisturbed")
    sends = [i for i, name in enumerate(undisturbed.passed, 1) if name == "indent-before-send"]

    async def power_loss_while_dead(lab, clock):
        made = []
        while len(made) < 2:
            await clock.sleep(0.5)
            made = [mark for block, mark in lab.world.indentations() if block.name == "2007-102"]
        lab.cell.station.power_loss()

    # Seating and check come first: the fourth start is the customer's second.
    return walk(
        config,
        TRAY,
        TRUTHS,
        folder / "crash",
        trouble=power_loss_while_dead,
        deaths=[sends[3] + 1],
        absent_s=30,
    )


def test_a_crash_with_an_intent_in_doubt_does_not_move_by_itself(tmp_path):
    """Motion resumes by itself only if every intent was settled with certainty."""
    config = lab_config(doubt_after_restart={"default": "resume", "deadline_s": 1000.0})
    outcome = doubtful_crash(tmp_path, config)
    check_finished(outcome, voids=1)
    events = [(row.at, row.event()) for row in outcome.rows]
    began = max(i for i, (_, event) in enumerate(events) if isinstance(event, SessionBegan))
    answered = next(i for i, (_, e) in enumerate(events) if isinstance(e, DecisionAnswered))
    between = [event for _, event in events[began:answered]]
    assert not [e for e in between if isinstance(e, IndentIntended | TransferIntended)]
    asked = next(event for event in between if isinstance(event, DecisionAsked))
    assert asked.kind == "doubt_after_restart" and "2007-102" in asked.text
    assert list(outcome.state.answers.values()) == ["resume"]


def test_power_loss_and_death_of_the_daemon_together(tmp_path):
    outcome = doubtful_crash(tmp_path, lab_config(doubt_after_restart={"action": "resume"}))
    check_finished(outcome, voids=1)
    assert outcome.state.customers[0].voids == 1
