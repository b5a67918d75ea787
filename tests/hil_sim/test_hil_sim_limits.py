"""Limits of recovery: a crash loop, a full disk, a clock set back, voids one after another."""

import asyncio
from datetime import timedelta

import pytest

from controller.assembly import Folder
from controller.config import ConfigError, load_config
from controller.events import DecisionAsked, IndentIntended, TransferIntended
from controller.state import Stage
from hil_sim.scenario.crash import Reaper, walk
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from runtime import Clock, run_virtual, within
from tests.labs import EXAMPLES, lab_config, tray, truths

TRAY, TRUTHS = tray("2007-102"), truths()
RESUME = {"doubt_after_restart": {"default": "resume", "deadline_s": 3600.0}}


def asked(outcome, kind):
    events = [row.event() for row in outcome.rows]
    return [e for e in events if isinstance(e, DecisionAsked) and e.kind == kind]


def finished(outcome):
    assert outcome.broken == ()
    assert [block.stage for block in outcome.state.customers] == [Stage.FINISHED]


def test_two_deaths_in_ten_minutes_resume_by_themselves(tmp_path):
    outcome = walk(lab_config(**RESUME), TRAY, TRUTHS, tmp_path, deaths=[150, 60])
    finished(outcome)
    assert not asked(outcome, "doubt_after_restart")


def test_the_third_death_in_ten_minutes_waits_for_a_person(tmp_path):
    outcome = walk(lab_config(**RESUME), TRAY, TRUTHS, tmp_path, deaths=[150, 60, 60])
    finished(outcome)
    (question,) = asked(outcome, "doubt_after_restart")
    assert "died 3 times within 10 minutes" in question.text


def test_deaths_far_apart_are_no_loop(tmp_path):
    outcome = walk(lab_config(**RESUME), TRAY, TRUTHS, tmp_path, deaths=[150, 60, 60], absent_s=400)
    finished(outcome)
    assert not asked(outcome, "doubt_after_restart")


def second_life(folder, config, *, back_s=0.0):
    """Kill a daemon and start it again; the second clock is set back by so many seconds."""

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(config, TRAY, TRUTHS, seed=1, clock=clock)
        session = Session(config, Folder(folder), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))
        with pytest.raises(Killed):
            await daemon(session, lab, TRAY, boundary=Reaper(200))
        events = []
        late = Clock(clock.origin - timedelta(seconds=back_s), clock.zero)
        again = Session(config, Folder(folder), late, 1, keep_pictures=False)
        async with within(14_400, "the tray to be finished"):
            rig = await daemon(
                again,
                lab,
                TRAY,
                attend=lambda rig: rig.ledger.listeners.append(lambda _, e: events.append(e)),
            )
        keeping.cancel()
        return rig.state, events

    return run_virtual(main())


def nothing_moved_before_the_answer(events, kind):
    at = next(i for i, e in enumerate(events) if isinstance(e, DecisionAsked) and e.kind == kind)
    assert not [e for e in events[:at] if isinstance(e, IndentIntended | TransferIntended)]


HOUSE = {"house_in_doubt": {"default": "go-on", "deadline_s": 600.0}}


def test_a_clock_set_back_an_hour_is_asked_about_before_anything_moves(tmp_path):
    state, events = second_life(tmp_path, lab_config(**HOUSE, **RESUME), back_s=3600)
    nothing_moved_before_the_answer(events, "house_in_doubt")
    assert "was it set back" in next(e.text for e in events if isinstance(e, DecisionAsked))
    assert [block.stage for block in state.customers] == [Stage.FINISHED]


def test_a_clock_that_goes_on_is_not_asked_about(tmp_path):
    _, events = second_life(tmp_path, lab_config(**HOUSE))
    assert not [e for e in events if isinstance(e, DecisionAsked)]


def test_a_full_disk_is_asked_about_before_anything_moves(tmp_path, monkeypatch):
    from controller import housekeeping

    class Nearly:
        free = 3_000_000

    monkeypatch.setattr(housekeeping.shutil, "disk_usage", lambda path: Nearly)
    outcome = walk(lab_config(**HOUSE), TRAY, TRUTHS, tmp_path)
    finished(outcome)
    assert "3 MB are free" in asked(outcome, "house_in_doubt")[0].text


def test_three_voids_in_a_row_open_the_circuit(tmp_path):
    """A dead result line must not use up the check block, one position after another."""
    config = lab_config(voids_in_a_row={"default": "continue", "deadline_s": 300.0})

    async def cut(lab, clock):
        await clock.sleep(95)
        lab.cell.results.port.unplug()
        while not any(block.name == "CHECK-HRC-1" for block, _ in lab.world.indentations()):
            await clock.sleep(1)
        await clock.sleep(280)
        lab.cell.results.port.plugged = True

    outcome = walk(config, TRAY, TRUTHS, tmp_path, trouble=cut)
    finished(outcome)
    assert "readings in a row are void" in asked(outcome, "voids_in_a_row")[0].text
    assert outcome.state.blocks["CHECK-HRC-1"].voids <= 6


def test_limits_are_data(tmp_path):
    text = (EXAMPLES / "lab.toml").read_text(encoding="utf-8")
    path = tmp_path / "lab.toml"
    changed = text.replace("crashes = 2", "crashes = 5")
    changed = changed.replace("cooldown_s = [0.5, 1.0, 2.0, 5.0]", "cooldown_s = [1, 30]")
    path.write_text(changed, encoding="utf-8")
    limits = load_config(path).limits
    assert limits.crashes == 5 and [limits.cooldown(n) for n in (1, 2, 9)] == [1.0, 30.0, 30.0]
    path.write_text(text.replace("crashes = 2", "crashes = 0"), encoding="utf-8")
    with pytest.raises(ConfigError, match="crashes"):
        load_config(path)
