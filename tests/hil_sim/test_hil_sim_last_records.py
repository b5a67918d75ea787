"""A cell that is stopped leaves no record unsaid that came since its last indentation."""

import asyncio

from controller.assembly import Folder, spool_of
from controller.events import StrayRecord
from controller.journal import read_rows
from controller.messages import Command
from controller.modes import obey
from controller.state import Stage
from drivers.spool import SpoolReader
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from runtime import Clock, run_virtual, within
from tests.hil_sim.lives import ONE, TRAY, TRUTHS
from tests.labs import lab_config


def test_a_test_by_hand_before_the_cell_is_stopped_is_in_its_journal(tmp_path):
    async def main():
        config, clock = lab_config(), Clock.starting(DEMO_START)
        lab = build_lab(config, TRAY, TRUTHS, seed=1, clock=clock, sketches=True)
        session = Session(config, Folder(tmp_path), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))

        async def uses_the_tester_and_stops(rig):
            while ONE not in rig.state.blocks or rig.state.blocks[ONE].stage is not Stage.INDENTED:
                await rig.ledger.changed(rig.ledger.version)
            lab.cell.station.machine.use_by_hand()
            await clock.sleep(2)
            assert (await obey(rig.ledger, Command("enough", "stop", {}, "Li"))).accepted
            await asyncio.Event().wait()

        async with within(14_400, "the cell to stop"):
            rig = await daemon(session, lab, TRAY, meanwhile=uses_the_tester_and_stops)
        kept = await SpoolReader(spool_of(config, session.folder)).records()
        keeping.cancel()
        return rig.state, kept.value

    state, kept = run_virtual(main())
    assert state.mode == "STOPPED" and state.records == len(kept)
    events = [row.event() for row in read_rows(Folder(tmp_path).journal)]
    assert [one.number for one in events if isinstance(one, StrayRecord)] == [kept[-1].number]
