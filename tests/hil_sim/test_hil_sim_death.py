"""Nobody outlives the death of a simulated daemon, whatever others find after it."""

import asyncio

import pytest

from controller.assembly import Folder
from controller.events import ArmMoved
from controller.journal import JournalError, read_rows
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Killed, Session, daemon
from runtime import Clock, run_virtual
from tests.labs import lab_config, tray, truths


@pytest.mark.parametrize("together", [True, False])
def test_what_a_survivor_finds_is_no_finding(together, tmp_path):
    """The death may happen in a task that nobody waits for, and be told by nobody."""
    found = []
    doomed = False

    def boundary(name):
        if doomed:
            raise Killed

    async def survive(rig):
        nonlocal doomed
        await rig.clock.sleep(5)
        doomed = True
        await asyncio.wait({asyncio.ensure_future(rig.ledger.record(ArmMoved("vision")))})
        doomed = False
        try:
            await rig.ledger.record(ArmMoved("tester"))
        except JournalError as error:
            found.append(error)
            raise

    async def in_a_group(rig):
        async with asyncio.TaskGroup() as group:
            group.create_task(survive(rig))

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(lab_config(), tray("2007-102"), truths(), seed=1, clock=clock)
        session = Session(lab_config(), Folder(tmp_path), clock, 1, keep_pictures=False)
        meanwhile = in_a_group if together else survive
        await daemon(session, lab, tray("2007-102"), boundary=boundary, meanwhile=meanwhile)

    with pytest.raises(Killed):
        run_virtual(main())
    assert len(found) == 1
    kept = {row.event() for row in read_rows(Folder(tmp_path).journal) if row.kind == "ArmMoved"}
    assert not {ArmMoved("vision"), ArmMoved("tester")} & kept
