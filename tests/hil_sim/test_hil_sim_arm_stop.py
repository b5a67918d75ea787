"""The arm's emergency stop in the middle of a tray: held, resumed by a person, finished."""

import asyncio

import pytest

from controller.assembly import Folder, spool_of
from controller.events import IndentIntended, ModeChanged
from controller.journal import read_rows
from controller.messages import Command
from controller.modes import obey
from controller.state import Stage
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from hil_sim.scenario.witness import Witness
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths

TRAY, TRUTHS = tray("2007-102"), truths()


def stopped_in_mid_tray(config, folder, *, too_soon):
    """Press the stop at the third indentation; resume ``too_soon`` times before it is released."""

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(config, TRAY, TRUTHS, seed=1, clock=clock)
        session = Session(config, Folder(folder), clock, 1, keep_pictures=False)
        witness = Witness(lab.world, lab.cell, spool_of(config, session.folder), 0.1)
        keeping = asyncio.ensure_future(recorder(session, lab))

        async def person(rig):
            while len(list(lab.world.indentations())) < 3:
                await clock.sleep(1)
            lab.cell.arm.press_e_stop()
            for visit in range(too_soon + 1):
                while rig.state.mode != "HELD":
                    await rig.ledger.changed(rig.ledger.version)
                await clock.sleep(60)
                if visit == too_soon:
                    lab.cell.arm.release_e_stop()
                await obey(rig.ledger, Command(f"visit-{visit}", "resume", {}, "a person"))

        def attend(rig):
            witness.attend(rig)
            coming.append(asyncio.get_running_loop().create_task(person(rig)))

        coming = []
        async with within(14_400, "the tray to be finished"):
            rig = await daemon(session, lab, TRAY, attend=attend)
        for task in (keeping, *coming):
            task.cancel()
        witness.leave()
        return rig.state, witness.breaches

    return run_virtual(main())


@pytest.mark.parametrize("too_soon", [0, 2])
@pytest.mark.parametrize("pushes", [False, True], ids=["stage", "arm pushes"])
def test_an_arm_that_was_stopped_works_again_once_a_person_resumes(tmp_path, pushes, too_soon):
    config = lab_of(2, None) if pushes else lab_config()
    assert config.devices.stage.arm_pushes is pushes
    state, breaches = stopped_in_mid_tray(config, tmp_path, too_soon=too_soon)
    assert not breaches and not state.alarms
    assert [block.stage for block in state.customers] == [Stage.FINISHED]
    events = [row.event() for row in read_rows(tmp_path / "journal.sqlite")]
    # Whoever resumes too soon finds it held again, not an alarm that nobody looks at.
    held = [e for e in events if isinstance(e, ModeChanged) and e.mode == "HELD"]
    assert len(held) == too_soon + 1
    places = [(e.block, e.position) for e in events if isinstance(e, IndentIntended)]
    assert len(set(places)) == len(places)
