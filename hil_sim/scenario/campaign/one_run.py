"""One run of a campaign: a cell works trays for so many days while the gremlin is about."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from controller.assembly import Folder, spool_of
from controller.config import LabConfig
from controller.events import AnyEvent
from controller.journal import read_rows
from controller.manifest import Manifest
from controller.messages import Command
from controller.modes import obey
from controller.rig import Rig
from controller.state import CellState, Stage, Use
from drivers.interfaces import Done
from drivers.spool import SpoolReader
from hil_sim.scenario.campaign.gremlin import Gremlin
from hil_sim.scenario.campaign.notes import Diary, Notes
from hil_sim.scenario.campaign.profile import Profile
from hil_sim.scenario.campaign.technician import NAME, WAY_S, Technician
from hil_sim.scenario.campaign.trays import delivery, dock
from hil_sim.scenario.campaign.variants import with_fresh_holder
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.invariants import broken_promises
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from hil_sim.scenario.witness import Breach, Witness
from runtime import Clock, run_virtual

DAY_S = 86_400.0
STALL_S = 4 * 3600.0
"""Longer than any default answer waits: a cell in which nothing happens is a failure."""
MOST_LIVES = 60
"""A cell that gets no further in so many lives never will."""
OVERTIME_DAYS = 0.15
"""So long a run may take beyond its time to finish its tray; then a person stops the cell."""


@dataclass(slots=True)
class Run:
    """A run while it goes on, and what is left of it; ``failure`` is empty if it ended well."""

    lab: SimulatedLab
    witness: Witness
    notes: Notes
    technician: Technician
    trays: int = 0
    lives: int = 0
    days: float = 0.0
    failure: str = ""


def run_lab(
    config: LabConfig, profile: Profile, folder: Path, *, seed: int, days: float, blocks: int
) -> Run:
    """Run a cell for so many days of process time, and a little longer: to the end of its tray.

    A tray that is not finished by then, because the program dies too often, is left so.
    """
    return run_virtual(_Campaigner(config, profile, folder, seed, days, blocks).live())


class _Stalled(Exception):  # noqa: N818  # a finding, not an error of ours
    """Nothing happens in the cell any more."""


class _Broken(Exception):  # noqa: N818  # a finding, not an error of ours
    """A promise is broken: what follows would only bury the cause."""


class _Campaigner:
    def __init__(
        self,
        config: LabConfig,
        profile: Profile,
        folder: Path,
        seed: int,
        days: float,
        blocks: int,
    ) -> None:
        self._config, self._profile, self._folder = config, profile, Folder(folder)
        self._seed, self._days, self._blocks = seed, days, blocks
        self._recording: asyncio.Task[None] | None = None
        self._give_up: Callable[[], object] = lambda: None
        self._state = CellState()

    async def live(self) -> Run:
        self._clock = Clock.starting(DEMO_START)
        nothing = Manifest("", ())
        lab = build_lab(
            self._config, nothing, {}, seed=self._seed, clock=self._clock, sketches=True
        )
        spool = spool_of(self._config, self._folder)
        reach = self._config.cell.u_pos_mm
        witness = Witness(lab.world, lab.cell, spool, reach)
        run = Run(lab, witness, Notes(), Technician(lab.world))
        self._run = run
        self._gremlin = Gremlin(
            self._profile, lab, self._clock, run.notes, self._seed, self._crash_recorder
        )
        self._record()
        playing = asyncio.ensure_future(self._gremlin.play())
        try:
            while self._clock.process() < self._days * DAY_S:
                await self._work_one_tray()
            await self._look_back()
        except _Broken:
            pass
        except _Stalled as stall:
            run.failure = str(stall)
        except Exception as error:
            run.failure = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        finally:
            run.days = self._clock.process() / DAY_S
            witness.leave()
            await _ended(playing, self._recording)
        return run

    # -- trays and lives ----------------------------------------------------------

    async def _work_one_tray(self) -> None:
        run = self._run
        number = run.trays + 1
        config = with_fresh_holder(self._config, run.lab.world, self._seed, number)
        arriving = delivery(config, self._seed, number, self._blocks)
        dock(run.lab.world, arriving)
        session = Session(
            config,
            self._folder,
            self._clock,
            self._seed,
            keep_pictures=False,
        )
        vain, got = 0, _progress(self._state)
        while vain < MOST_LIVES:
            run.lives += 1
            try:
                rig = await self._one_life(session, arriving.manifest)
            except Killed:
                run.notes.now.clear()
                await self._clock.sleep(self._gremlin.absence())
            else:
                rig.ledger.journal.close()
                self._state = rig.state
                if rig.state.tray_finished:
                    run.trays = number
                    return
                if self._overtime and _settled(rig.state):
                    return
                # A person stopped it, or its default did: he looks, and starts it again.
                run.technician.visits["start again"] += 1
                await self._clock.sleep(WAY_S)
            before, got = got, _progress(self._state)
            vain = vain + 1 if got == before else 0
        raise _Stalled(f"tray {arriving.manifest.tray}: no further in {MOST_LIVES} lives")

    @property
    def _overtime(self) -> bool:
        return self._clock.process() >= (self._days + OVERTIME_DAYS) * DAY_S

    async def _one_life(self, session: Session, manifest: Manifest) -> Rig:
        stalled: list[str] = []
        work = asyncio.ensure_future(
            daemon(
                session,
                self._run.lab,
                manifest,
                boundary=self._gremlin.boundary,
                attend=self._attend,
                watch=Diary(self._run.notes, self._clock),
                meanwhile=lambda rig: self._beside(rig, stalled),
            )
        )
        self._give_up = work.cancel
        try:
            return await work
        except asyncio.CancelledError:
            if stalled:
                raise _Stalled(stalled[0]) from None
            if self._run.witness.breaches:
                raise _Broken from None
            raise
        finally:
            work.cancel()

    def _attend(self, rig: Rig) -> None:
        self._run.witness.attend(rig)
        rig.ledger.listeners.append(partial(self._heard, rig))

    def _heard(self, rig: Rig, seq: int, event: AnyEvent) -> None:
        self._state = rig.state
        self._gremlin.heard(seq, event)
        if self._run.witness.breaches:
            self._give_up()

    async def _beside(self, rig: Rig, stalled: list[str]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run.technician.attend(rig))
            group.create_task(self._guard(rig, stalled))
            group.create_task(self._close_up(rig))

    async def _close_up(self, rig: Rig) -> None:
        """Stop the cell in overtime, at work, with everything accounted for and no question open.

        Stopped while it looks back, it would leave unsaid what it was about to find out.
        """
        await rig.clock.sleep((self._days + OVERTIME_DAYS) * DAY_S - rig.clock.process())
        while True:
            seen = rig.ledger.version
            if rig.state.mode == "EXECUTE" and _settled(rig.state) and not rig.state.undecided:
                await obey(rig.ledger, Command(f"close-{rig.ledger.journal.seq}", "stop", {}, NAME))
            await rig.ledger.changed(seen)

    async def _guard(self, rig: Rig, stalled: list[str]) -> None:
        """Give up on a cell that gets no further: doors that open and close are no progress."""
        while True:
            before = _progress(rig.state)
            await rig.clock.sleep(STALL_S)
            late = rig.clock.process() - (self._days + OVERTIME_DAYS) * DAY_S
            if _progress(rig.state) == before or late > STALL_S:
                state = rig.state
                asked = "; ".join(q.text for q in state.questions.values()) or "nothing is asked"
                alarms = ", ".join(state.alarms) or "no alarm"
                what = "an intent stays open" if late > STALL_S else "no progress any more"
                stalled.append(f"{what} in {state.mode}: {asked}; {alarms}")
                self._give_up()
                return

    # -- the recorder -------------------------------------------------------------

    def _record(self) -> None:
        session = Session(self._config, self._folder, self._clock, self._seed)
        self._recording = asyncio.ensure_future(recorder(session, self._run.lab))

    def _crash_recorder(self, seconds: float) -> None:
        if self._recording is not None:
            self._recording.cancel()
            self._recording = None
            asyncio.get_running_loop().call_later(seconds / self._clock.speed, self._record)

    # -- at the end ---------------------------------------------------------------

    async def _look_back(self) -> None:
        """Compare the whole journal with the whole truth."""
        kept = await SpoolReader(spool_of(self._config, self._folder)).records()
        assert isinstance(kept, Done)
        rows = list(read_rows(self._folder.journal))
        reach = self._config.cell.u_pos_mm
        for what in broken_promises(self._run.lab.world, rows, kept.value, reach):
            at = self._clock.utc().isoformat(timespec="milliseconds")
            self._run.witness.breaches.append(Breach("at the end", what, at, rows[-1].seq))


def _settled(state: CellState) -> bool:
    """Return whether nothing is open of which only the next step tells what it was."""
    return not (state.intents or state.doubts)


def _progress(state: CellState) -> tuple[str, int, int]:
    """Return how far a tray has come: its name, positions spent, blocks that are done."""
    blocks = state.blocks.values()
    spent = sum(position.use is not Use.FREE for block in blocks for position in block.positions)
    return state.tray, spent, sum(block.stage is Stage.FINISHED for block in blocks)


async def _ended(*tasks: asyncio.Task[None] | asyncio.Future[None] | None) -> None:
    for task in tasks:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
