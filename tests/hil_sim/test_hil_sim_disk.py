"""The disk refuses a write in the middle of a block: the daemon ends, and goes on when it can."""

import asyncio
import sqlite3

import pytest

from controller.assembly import Folder, spool_of
from controller.journal import Journal, JournalError, read_rows
from controller.state import Stage
from drivers.interfaces import Done
from drivers.spool import SpoolReader
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.invariants import broken_promises
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from hil_sim.scenario.witness import Witness
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths

CONFIG, TRAY, TRUTHS = lab_config(), tray("2007-102"), truths()


class FullDisk:
    """Lets the journal write so many times, then never, until there is room again."""

    def __init__(self, monkeypatch, writes):
        self.left = writes
        original = Journal._write

        def write(journal, stamp, batch):
            self.left -= 1
            if self.left == 0:
                raise sqlite3.OperationalError("database or disk is full")
            original(journal, stamp, batch)

        monkeypatch.setattr(Journal, "_write", write)


async def two_lives(folder):
    clock = Clock.starting(DEMO_START)
    lab = build_lab(CONFIG, TRAY, TRUTHS, seed=1, clock=clock)
    session = Session(CONFIG, Folder(folder), clock, 1, keep_pictures=False)
    spool = spool_of(CONFIG, session.folder)
    witness = Witness(lab.world, lab.cell, spool, CONFIG.cell.u_pos_mm)
    keeping = asyncio.ensure_future(recorder(session, lab))
    held = []
    with pytest.RaisesGroup(JournalError, allow_unwrapped=True, flatten_subgroups=True):
        await daemon(session, lab, TRAY, attend=lambda rig: (witness.attend(rig), held.append(rig)))
    # The process is gone: what rode along was never on the disk.
    held[0].ledger.journal.die()
    await clock.sleep(60)
    async with within(14_400, "the tray to be finished"):
        rig = await daemon(session, lab, TRAY, attend=witness.attend)
    keeping.cancel()
    witness.leave()
    kept = await SpoolReader(spool).records()
    assert isinstance(kept, Done)
    rows = list(read_rows(session.folder.journal))
    broken = broken_promises(lab.world, rows, kept.value, CONFIG.cell.u_pos_mm)
    return rig.state, [*broken, *witness.breaches]


@pytest.mark.parametrize("writes", range(9, 90, 9))
def test_a_full_disk_costs_no_reading(writes, tmp_path, monkeypatch):
    FullDisk(monkeypatch, writes)
    state, broken = run_virtual(two_lives(tmp_path))
    assert broken == []
    assert [block.stage for block in state.customers] == [Stage.FINISHED]
    assert all(block.voids == 0 for block in state.customers)
