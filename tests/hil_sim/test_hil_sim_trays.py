"""A cell that stays works one tray after the other, each presented while it runs."""

import asyncio
from dataclasses import replace

import pytest

from controller.assembly import Folder
from controller.events import CheckJudged, DutyFell, TrayAccepted, TrayFinished
from controller.journal import read_rows
from controller.messages import Command
from controller.state import Stage
from controller.trays import TrayError, take_tray
from drivers.interfaces import Place, Station
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab, make_tray
from hil_sim.scenario.run import Session, daemon, recorder
from hil_sim.scenario.soak_trays import empty
from runtime import Clock, run_virtual, within
from tests.labs import EXAMPLES, lab_config, tray, truths

GOOD, BAD = "2007-102", "2014-320"


def sheet(*numbers):
    """Return the rows of the example manifest for these blocks."""
    lines = (EXAMPLES / "tray-rockwell.csv").read_text(encoding="utf-8").splitlines()
    return "\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[1] in numbers)])


def live(folder, work):
    """Run a cell without a tray; `work(rig, lab)` does what people do, then stops it."""
    config = lab_config()

    async def life():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(config, None, {}, seed=1, clock=clock)
        session = Session(config, Folder(folder), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))
        async with within(86_400, "the end of the trays"):
            rig = await daemon(session, lab, None, meanwhile=lambda rig: work(rig, lab))
        keeping.cancel()
        return rig

    return run_virtual(life())


def bring(lab, manifest):
    for block, place in make_tray(lab_config(), manifest, truths(), 1, lab.cell.camera):
        lab.world.add(block, place)


async def present(rig, file, text, ident="c-1"):
    return await take_tray(rig, Command(ident, "tray", {"file": file, "manifest": text}, "test"))


async def mode(rig, *wanted):
    while rig.state.mode not in wanted:
        await rig.ledger.changed(rig.ledger.version)


async def stop(rig):
    from controller.modes import change

    await change(rig.ledger, "stop", "the test is over")


def test_two_trays_one_after_the_other_without_a_restart(tmp_path):
    async def work(rig, lab):
        await mode(rig, "IDLE")
        bring(lab, tray(GOOD, BAD))
        assert (await present(rig, "A.csv", sheet(GOOD, BAD))).accepted
        await mode(rig, "EXECUTE")
        early = await present(rig, "B.csv", sheet("2007-103"), "c-2")
        assert not early.accepted and "A is not finished (0 of 2 blocks are)" in early.reason
        await mode(rig, "COMPLETE")
        again = await present(rig, "A.csv", sheet(GOOD, BAD), "c-3")
        assert not again.accepted and "finished already" in again.reason
        back = await present(rig, "B.csv", sheet(BAD), "c-4")
        assert not back.accepted and f"{BAD} stands in the reject row" in back.reason
        empty(lab, Station.SLOT)
        bring(lab, tray("2007-103"))
        assert (await present(rig, "B.csv", sheet("2007-103"), "c-5")).accepted
        await mode(rig, "EXECUTE")
        await mode(rig, "COMPLETE")
        # The same command again is the same command: nothing is accepted twice.
        assert (await present(rig, "B.csv", sheet("2007-103"), "c-5")).accepted
        await stop(rig)

    rig = live(tmp_path, work)
    assert not rig.state.alarms and not rig.state.answers
    assert rig.state.blocks["2007-103"].stage is Stage.FINISHED
    assert rig.state.blocks[BAD].at == "reject-01"
    events = [row.event() for row in read_rows(tmp_path / "journal.sqlite")]
    assert [e.tray for e in events if isinstance(e, TrayAccepted)] == ["A", "B"]
    assert [e.tray for e in events if isinstance(e, TrayFinished)] == ["A", "B"]
    # Checked this morning and after tray A: before tray B of the same day that is enough.
    kinds = [e.kind for e in events if isinstance(e, DutyFell)]
    assert kinds == ["seating", "opening-check", "closing-check", "closing-check"]
    assert {e.day for e in events if isinstance(e, CheckJudged)} == {"2026-01-05"}


def test_a_manifest_that_cannot_be_right_is_refused_with_every_reason(tmp_path):
    async def work(rig, lab):
        await mode(rig, "IDLE")
        text = sheet(GOOD, BAD).replace("HRC", "HRQ")
        reply = await present(rig, "A.csv", text)
        assert not reply.accepted
        assert [line.split(":")[0] for line in reply.reason.splitlines()] == [
            "A.csv row 2",
            "A.csv row 3",
        ]
        assert not rig.state.tray
        await stop(rig)

    live(tmp_path, work)


def test_a_restart_with_another_manifest_never_drops_an_unfinished_tray(tmp_path):
    first, second = replace(tray(GOOD), tray="A"), replace(tray(BAD), tray="B")
    config = lab_config()

    async def life():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(config, first, truths(), seed=1, clock=clock)
        session = Session(config, Folder(tmp_path), clock, 1, keep_pictures=False)

        async def stop_at_once(rig):
            await mode(rig, "EXECUTE")
            await stop(rig)

        await daemon(session, lab, first, meanwhile=stop_at_once)
        with pytest.raises(TrayError, match=r"tray A is not finished \(0 of 1"):
            await daemon(session, lab, second)
        keeping = asyncio.ensure_future(recorder(session, lab))
        rig = await daemon(session, lab, first)
        keeping.cancel()
        return rig, lab

    rig, lab = run_virtual(life())
    assert rig.state.blocks[GOOD].verdict.passed
    assert lab.world.occupant(Place(Station.SLOT, 2)).name == GOOD


def test_a_cell_without_a_tray_says_so_and_waits(tmp_path):
    async def work(rig, lab):
        await mode(rig, "IDLE")
        await rig.clock.sleep(3600)
        assert rig.state.mode == "IDLE" and not rig.state.tray and not rig.state.alarms
        await stop(rig)

    rig = live(tmp_path, work)
    assert rig.state.mode == "STOPPED"
