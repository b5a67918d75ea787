"""Told to stop before it has begun: nothing moves, and no dead device keeps the daemon."""

import asyncio

from controller.assembly import Folder
from controller.events import AlarmRaised, EpochClaimed, IndentIntended
from controller.journal import read_rows
from controller.modes import change
from hil_sim.scenario.crash import Reaper, walk
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths

TRAY, TRUTHS = tray("2007-102"), truths()


def test_who_stops_at_the_first_question_has_moved_nothing(tmp_path, monkeypatch):
    from controller import housekeeping

    class Full:
        free = 3_000_000

    monkeypatch.setattr(housekeeping.shutil, "disk_usage", lambda path: Full)
    said = []

    async def listen(lab, clock):
        def heard(data, forward):
            said.append(data)
            forward(data)

        for device in (lab.cell.stage, lab.cell.arm):
            device.port.to_device = heard
        lab.cell.arm.dashboard_port.to_device = heard

    stops = {"house_in_doubt": {"default": "stop", "deadline_s": 60.0}}
    outcome = walk(lab_config(**stops), TRAY, TRUTHS, tmp_path, trouble=listen)
    assert outcome.state.mode == "STOPPED"
    assert not [row for row in outcome.rows if isinstance(row.event(), EpochClaimed)]
    assert said and not [data for data in said if b"$H" in data or b"play" in data]


def after_a_death_among_dead_devices(folder, at):
    """Die at a boundary, come back to a dead arm, be stopped; then come back to a live one."""

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(lab_config(), TRAY, TRUTHS, seed=1, clock=clock)
        session = Session(lab_config(), Folder(folder), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))
        try:
            await daemon(session, lab, TRAY, boundary=Reaper(at))
        except Killed:
            lab.cell.arm.dashboard_port.unplug()

        async def stop(rig):
            while not rig.state.alarms:
                await rig.ledger.changed(rig.ledger.version)
            await change(rig.ledger, "stop", "stop by somebody")

        def stopping(rig):
            asyncio.get_running_loop().create_task(stop(rig))

        async with within(120, "the stop"):
            rig = await daemon(session, lab, TRAY, attend=stopping)
        stopped, open_then = rig.state.mode, list(rig.state.intents.values())
        lab.cell.arm.dashboard_port.plugged = True
        async with within(14_400, "the tray to be finished"):
            rig = await daemon(session, lab, TRAY)
        keeping.cancel()
        return stopped, open_then, rig.state

    return run_virtual(main())


def test_a_dead_arm_does_not_keep_a_daemon_that_is_told_to_stop(tmp_path):
    stopped, open_then, state = after_a_death_among_dead_devices(tmp_path, 200)
    assert stopped == "STOPPED"
    assert state.mode == "COMPLETE" and not state.intents
    events = [row.event() for row in read_rows(tmp_path / "journal.sqlite")]
    # What was open when it stopped was settled by the next session: each place is used once.
    places = [(e.block, e.position) for e in events if isinstance(e, IndentIntended)]
    assert len(places) >= 5 and len(set(places)) >= len(places) - len(open_then)
    # One cause, one alarm: whoever starts the program and whoever feels its pulse say the same.
    raised = [e.source for e in events if isinstance(e, AlarmRaised)]
    assert raised and set(raised) == {"dashboard"} and len(raised) == 1
