"""One life of a demo: the simulated lab and the controller, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from controller.decisions import answer
from controller.messages import Command
from controller.modes import obey
from controller.projector import Projector
from controller.rig import Rig
from hil_sim.scenario.demo_folder import DemoFolder
from hil_sim.scenario.demo_request import Job
from hil_sim.scenario.display import ASKS, read_display, resume_with
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.progress import Viewer
from hil_sim.scenario.run import Session, daemon, recorder
from hil_sim.world import World
from runtime import Clock, run_virtual

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""The nominal beginning of every demo: the same seed must give the same journal."""

AWAY = timedelta(minutes=1)
"""How long, on the lab's clock, an interrupted run was away."""

STALL_S = 7200.0
"""Longer than any default answer waits: after that only a person can help."""

QUIET_S = 60.0
PROJECT_S = 600.0

End = Literal["finished", "stopped", "stalled"]


@dataclass(slots=True)
class Outcome:
    """How a life ended; ``behind`` says why the information library is, if it is."""

    end: End
    behind: str
    lab: SimulatedLab


def run_job(job: Job, folder: DemoFolder, viewer: Viewer) -> Outcome:
    """Run a job until its tray is finished, it is stopped, or only a person can help.

    Raises `controller.journal.JournalError` and OSError when the folder cannot be used.
    """
    rows = folder.rows()
    origin = datetime.fromisoformat(rows[-1].at) + AWAY if rows else START
    return run_virtual(_life(job, folder, viewer, origin), pace=job.request.pace)


async def _life(job: Job, folder: DemoFolder, viewer: Viewer, origin: datetime) -> Outcome:
    clock = Clock.starting(origin)
    lab = build_lab(
        job.config,
        job.manifest,
        job.truths,
        seed=job.request.seed,
        clock=clock,
        world_file=folder.world,
        sketches=not job.request.images,
    )
    session = Session(
        job.config, folder.folder, clock, job.request.seed, keep_pictures=job.request.images
    )
    projector = Projector(
        folder.folder.journal, f"sqlite:///{folder.folder.library}", period_s=PROJECT_S
    )
    keeping = asyncio.create_task(recorder(session, lab), name="recorder")
    try:
        end = await _Life(job, session, lab, projector, viewer).live()
        await projector.catch_up()
    finally:
        await _ended(keeping)
        projector.close()
        lab.world.close()
    return Outcome(end, projector.trouble, lab)


class _Life:
    """The daemon and what goes on beside it."""

    def __init__(
        self, job: Job, session: Session, lab: SimulatedLab, projector: Projector, viewer: Viewer
    ) -> None:
        self._job, self._session, self._lab = job, session, lab
        self._projector, self._viewer = projector, viewer
        self._rig: Rig | None = None
        self._stalled = False
        self._daemon: asyncio.Task[Rig] | None = None

    async def live(self) -> End:
        work: Coroutine[Any, Any, Rig] = daemon(
            self._session, self._lab, self._job.manifest, meanwhile=self._beside
        )
        self._daemon = asyncio.ensure_future(work)
        try:
            rig = await self._daemon
        except asyncio.CancelledError:
            if not self._stalled:
                raise
            return "stalled"
        finally:
            if self._rig is not None:
                self._rig.ledger.journal.close()
        return "finished" if rig.state.tray_finished else "stopped"

    async def _beside(self, rig: Rig) -> None:
        self._rig = rig
        async with asyncio.TaskGroup() as group:
            group.create_task(self._viewer.attend(rig), name="viewer")
            group.create_task(self._projector.run(rig.clock), name="projector")
            group.create_task(_look_at_display(rig, self._lab.world), name="display")
            if not self._job.request.watch:
                group.create_task(self._guard(rig), name="guard")
                group.create_task(_go_on(rig, self._lab.world), name="going-on")

    async def _guard(self, rig: Rig) -> None:
        """End a run that nobody watches when nothing happens any more: time would jump for ever."""
        while True:
            seen = rig.ledger.version
            await rig.clock.sleep(STALL_S)
            if rig.ledger.version == seen:
                self._stalled = True
                assert self._daemon is not None
                self._daemon.cancel()
                return


async def _go_on(rig: Rig, world: World) -> None:
    """Resume a cell that holds after a restart with something in doubt.

    Nobody else can while nobody watches, and whoever gives the command again wants it
    to go on. A real cell waits for `hardlab decide` and `hardlab resume`, and so does a
    watched one.
    """
    while True:
        seen = rig.ledger.version
        await rig.clock.sleep(QUIET_S)
        state = rig.state
        if state.mode != "HELD" or state.session == 1 or rig.ledger.version != seen:
            continue
        asked = next(iter(state.undecided), None)
        ident = f"going-on-{state.session}-{rig.ledger.journal.seq}"
        by = "the command given again"
        if asked is None:
            await obey(rig.ledger, Command(ident, "resume", {}, by))
        elif asked.kind == "doubt_after_restart":
            option = resume_with(world, asked.options)
            answered = {"question": asked.question, "option": option}
            await obey(rig.ledger, Command(ident, "decide", answered, by))


async def _look_at_display(rig: Rig, world: World) -> None:
    """Say what the tester's display shows whenever the cell asks: only the simulation can look.

    A run that was killed between the end of a cycle and its record leaves open whether the
    tester counted it; from then on each reading would be void, until somebody looked.
    """
    while True:
        seen = rig.ledger.version
        for asked in rig.state.undecided:
            if asked.kind == ASKS:
                option = read_display(world, asked.text)
                await rig.ledger.record(*answer(asked, option, "the simulated display"))
        await rig.ledger.changed(seen)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
