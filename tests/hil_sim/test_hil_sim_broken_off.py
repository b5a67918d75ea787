"""A cycle that is broken off at any second costs one reading at most, and one question.

The station sees what the tester shows. Only a loss of power while the tester reads leaves open
whether it has counted one; then its display is asked about.
"""

import asyncio

import pytest

from controller.events import DecisionAsked
from controller.messages import Command
from controller.modes import obey
from controller.state import Stage
from drivers.interfaces import CycleEnd
from hil_sim.scenario.crash import walk
from hil_sim.scenario.display import ASKS, read_display, resume_with
from tests.labs import lab_config, tray, truths

NAME, RESUMES = "2007-102", "doubt_after_restart"
CYCLE = range(148, 178)
"""Seconds of an undisturbed run: a customer's indentation, and on the way to the next."""
TRANSFERS_AND_CHECKS = (40, 108, 131, 183, 222)
BETWEEN = 170


def reader(wait_s=0.0):
    """Return a person who comes so late, reads the display, and answers nothing else."""

    async def visit(lab, rig):
        while True:
            seen = rig.ledger.version
            for one in [one for one in rig.state.undecided if one.kind in (ASKS, RESUMES)]:
                made = len(list(lab.world.indentations()))
                await asyncio.sleep(wait_s)
                assert len(list(lab.world.indentations())) == made, "the cell did not wait"
                if one.kind == ASKS:
                    option = read_display(lab.world, one.text)
                else:
                    option = resume_with(lab.world, one.options)
                order = {"question": one.question, "option": option}
                await obey(rig.ledger, Command(one.question, "decide", order, "Li"))
            await rig.ledger.changed(seen)

    return visit


def run(folder, second, act, *, wait_s=0.0, wired=True, dies=False):
    """Let ``act`` happen so many seconds into the run, or while the tester reads if it is None.

    If the daemon ``dies`` of it, it is missed for half a minute.
    """
    struck = asyncio.Event()

    async def trouble(lab, clock):
        lab.cell.station.results_wired = wired
        await clock.sleep(CYCLE[0] if second is None else second)
        while second is None and lab.world.retentive["plc.cycle_end"] != CycleEnd.COMPLETE:
            await clock.sleep(0.1)
        struck.set()
        await act(lab)

    manifest, visit = tray(NAME), reader(wait_s)
    more = {"deaths": [struck.is_set], "absent_s": 30} if dies else {}
    outcome = walk(
        lab_config(),
        manifest,
        truths(),
        folder,
        trouble=trouble,
        sketches=True,
        visit=visit,
        **more,
    )
    assert outcome.broken == ()
    (block,) = outcome.state.customers
    assert block.stage is Stage.FINISHED and block.verdict.passed
    events = [row.event() for row in outcome.rows]
    return block.voids, [event.kind for event in events if isinstance(event, DecisionAsked)]


async def power_loss(lab):
    lab.cell.station.power_loss()


async def door(lab):
    lab.cell.station.open_door()
    await asyncio.sleep(20)
    lab.cell.station.close_door()


async def e_stop(lab):
    lab.cell.station.press_e_stop()
    await asyncio.sleep(20)
    lab.cell.station.release_e_stop()


@pytest.mark.parametrize("second", [*CYCLE, *TRANSFERS_AND_CHECKS])
def test_power_loss_of_the_station_costs_one_reading_at_most_and_no_question(second, tmp_path):
    voids, asked = run(tmp_path, second, power_loss)
    assert voids <= 1 and not asked


def test_power_loss_while_the_tester_reads_costs_one_reading_and_one_question(tmp_path):
    assert run(tmp_path, None, power_loss) == (1, [ASKS])


@pytest.mark.parametrize("second", [None, *CYCLE])
def test_power_loss_of_the_whole_cell_costs_one_reading_and_one_question_at_most(second, tmp_path):
    """Whoever lets the cell move again reads the display in the same go."""

    async def everything(lab):
        for name in ("station", "arm", "stage", "results"):
            getattr(lab.cell, name).power_loss()

    voids, asked = run(tmp_path, second, everything, dies=True)
    assert voids <= 1 and asked in ([], [RESUMES])


def test_the_cell_waits_for_whoever_reads_the_display(tmp_path):
    """The next reading would be as doubtful as this one: going on costs one block after another."""
    assert run(tmp_path, None, power_loss, wait_s=9000) == (1, [ASKS])


@pytest.mark.parametrize("act", [door, e_stop])
@pytest.mark.parametrize("second", CYCLE)
def test_what_stops_the_machine_costs_one_reading_at_most_and_no_question(second, act, tmp_path):
    voids, asked = run(tmp_path, second, act)
    assert voids <= 1 and not asked


@pytest.mark.parametrize("wired", [False, True])
@pytest.mark.parametrize("lost", [False, True])
def test_a_test_by_hand_between_two_indentations(lost, wired, tmp_path):
    async def by_hand(lab):
        lab.cell.results.faults.lose = int(lost)
        lab.cell.station.machine.use_by_hand()

    # Its record tells that the tester counted it, or the number of the next one does.
    assert run(tmp_path, BETWEEN, by_hand, wired=wired) == (0, [])
