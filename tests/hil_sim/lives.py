"""Whole lives of a daemon on a tray of two blocks, with a person who answers questions."""

import asyncio
from dataclasses import replace

import pytest

from controller.assembly import Folder, spool_of
from controller.journal import read_rows
from controller.messages import Command
from controller.modes import obey
from hil_sim.scenario.crash import Reaper
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from hil_sim.scenario.truth import Truth
from hil_sim.scenario.witness import Witness
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths

ONE, TWO = "2007-102", "2007-103"
TRAY = tray(ONE, TWO)
TRUTHS = {**truths(), ONE: Truth(61.0, 0.1, code=ONE), TWO: Truth(60.5, 0.3, code=TWO)}


def answering(lab, decide, asked):
    """Return who answers each question by what ``decide`` says, None: not at all."""

    async def answer(rig):
        while True:
            seen = rig.ledger.version
            for one in rig.state.undecided:
                option = decide(lab, one)
                if option is None or one in asked:
                    continue
                asked.append(one)
                order = {"question": one.question, "option": option}
                reply = await obey(rig.ledger, Command(one.question, "decide", order, "Li"))
                assert reply.accepted, reply.reason
            await rig.ledger.changed(seen)

    return answer


def lives(folder, trouble, decide, *, dies=None, then=None, **policy):
    """Run the tray, in a second life if the first ``dies``; return state, events, questions.

    It dies at the boundary of that number, or where ``dies`` raises `Killed` when told its name.
    ``then`` changes the lab after the last life, and returns by which lab.toml one more begins.
    """
    asked = []

    async def main():
        clock = Clock.starting(DEMO_START)
        config = lab_config(**policy)
        lab = build_lab(config, TRAY, TRUTHS, seed=1, clock=clock, sketches=True)
        session = Session(config, Folder(folder), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))
        spool = spool_of(config, session.folder)
        witness = Witness(lab.world, lab.cell, spool, config.cell.u_pos_mm)
        answer = answering(lab, decide, asked)

        def attend(rig):
            witness.attend(rig)
            asyncio.get_running_loop().create_task(answer(rig))

        mischief = asyncio.ensure_future(trouble(lab, clock))
        try:
            if dies is not None:
                boundary = Reaper(dies) if isinstance(dies, int) else dies
                with pytest.raises(Killed):
                    await daemon(session, lab, TRAY, boundary=boundary, attend=witness.attend)
                await mischief
            async with within(14_400, "the tray to be finished"):
                rig = await daemon(session, lab, TRAY, attend=attend)
                if then is not None:
                    assert rig.state.mode == "STOPPED"
                    session = replace(session, config=then(lab, config))
                    rig = await daemon(session, lab, TRAY, attend=attend)
        finally:
            keeping.cancel()
            mischief.cancel()
            witness.leave()
        assert witness.breaches == []
        return rig.state

    state = run_virtual(main())
    return state, [row.event() for row in read_rows(Folder(folder).journal)], asked
