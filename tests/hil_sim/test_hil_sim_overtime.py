"""A campaign's run ends, whatever becomes of its tray."""

import pytest

from hil_sim.scenario.campaign import one_run
from hil_sim.scenario.campaign.gremlin import Gremlin
from hil_sim.scenario.campaign.notes import Notes
from hil_sim.scenario.campaign.one_run import run_lab
from hil_sim.scenario.campaign.profile import Chance, Moment, Profile
from hil_sim.scenario.campaign.summary import counted
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.lab import build_lab
from runtime import Clock, run_virtual


def test_a_tray_that_takes_too_long_is_left_and_everything_is_accounted_for(tmp_path, monkeypatch):
    monkeypatch.setattr(one_run, "OVERTIME_DAYS", 0.003)
    dying = Profile("dying", (Chance("daemon", "crash", 40.0),), absent_s=(2.0,))
    run = run_lab(lab_of(0, None), dying, tmp_path, seed=4, days=0.002, blocks=33)
    assert (run.failure, run.witness.breaches, run.trays) == ("", [], 0)
    # A person may be on his way, and a cycle to be ended.
    assert 0.005 <= run.days < 0.005 + 900 / 86_400
    assert run.lives > 1


def test_a_cell_that_gets_no_further_is_a_finding(tmp_path):
    stillborn = Profile(
        "stillborn",
        moments=tuple(Moment("daemon", "crash", "SessionBegan", nth) for nth in range(1, 100)),
        absent_s=(0.0,),
    )
    run = run_lab(lab_of(0, None), stillborn, tmp_path, seed=4, days=0.01, blocks=1)
    assert f"no further in {one_run.MOST_LIVES} lives" in run.failure


def test_on_a_line_that_says_nothing_one_fault_waits(tmp_path):
    async def main():
        clock = Clock.starting()
        lab = build_lab(lab_of(0, None), None, {}, seed=1, clock=clock, sketches=True)
        profile = Profile("none")
        gremlin = Gremlin(profile, lab, clock, Notes(), 1, lambda seconds: None)
        for _ in range(20):
            gremlin.inject("results", "lose-reply", None)
        faults = gremlin._faults["results"]
        assert faults.waiting
        assert sum(armed.left or 0 for armed in faults._armed) <= 4
        # What a profile asks for at its moment comes in any case.
        gremlin.inject("results", "lose-reply", None, times=7)
        assert sum(armed.left or 0 for armed in faults._armed) >= 8

    run_virtual(main())


@pytest.mark.parametrize(("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")])
def test_a_number_has_its_noun(number, text):
    assert counted(number, "run") == text
