"""The crash walk: let the daemon die at one boundary, restart it, and see what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.assembly import Folder, spool_of
from controller.config import LabConfig
from controller.journal import Row, read_rows
from controller.manifest import Manifest
from controller.rig import Rig
from controller.state import CellState
from drivers.interfaces import Done
from drivers.spool import SpoolReader
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.invariants import broken_promises
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from hil_sim.scenario.truth import Truth
from hil_sim.scenario.witness import Breach, Witness
from runtime import Clock, run_virtual, within

LIMIT_S = 14_400.0

Mischief = Callable[[SimulatedLab, Clock], Awaitable[None]]
Visit = Callable[[SimulatedLab, Rig], Awaitable[None]]


Death = int | Callable[[], bool]
"""The number of the boundary where a life ends, or what is true when it does at the next one."""


class Reaper:
    """Counts the boundaries that a life passes, and kills it at one of them."""

    def __init__(self, at: Death | None) -> None:
        self.passed: list[str] = []
        self._at = at

    def __call__(self, name: str) -> None:
        """Pass a boundary, or die there."""
        self.passed.append(name)
        if self._at is not None and self._due(self._at):
            raise Killed

    def _due(self, at: Death) -> bool:
        return at() if callable(at) else len(self.passed) == at


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a walk ended: state and journal, where it died, and every broken promise.

    ``passed`` are the boundaries of the last life, in order; ``checked`` counts how
    often each promise was looked at.
    """

    state: CellState
    rows: tuple[Row, ...]
    died_at: tuple[str, ...]
    passed: tuple[str, ...]
    broken: tuple[str, ...]
    lab: SimulatedLab
    checked: Mapping[str, int]


def walk(
    config: LabConfig,
    manifest: Manifest,
    truths: Mapping[str, Truth],
    folder: Path,
    *,
    deaths: Sequence[Death] = (),
    absent_s: float = 0.0,
    seed: int = 1,
    trouble: Mischief | None = None,
    disk_s: float = 0.0,
    breaches: list[Breach] | None = None,
    sketches: bool = False,
    visit: Visit | None = None,
) -> Outcome:
    """Run a tray to its end; life i dies by ``deaths[i]`` and is missed for a while.

    With ``sketches`` the camera describes what it sees: quicker where nobody asks the eyes.

    ``absent_s`` is how long (process time) the devices go on without a daemon.
    ``trouble`` runs beside it all and puts faults into the lab. ``disk_s`` is how long
    each commit takes, and everything else that is done in a thread of its own. Broken
    promises are put into ``breaches`` as they happen, for whoever wants them even if
    the run fails. ``visit`` is a person who looks after every life of the daemon.
    """
    return run_virtual(
        _walk(
            config,
            manifest,
            truths,
            folder,
            deaths=deaths,
            absent_s=absent_s,
            seed=seed,
            trouble=trouble,
            breaches=breaches,
            sketches=sketches,
            visit=visit,
        ),
        offload_s=disk_s,
    )


async def _walk(
    config: LabConfig,
    manifest: Manifest,
    truths: Mapping[str, Truth],
    folder: Path,
    *,
    deaths: Sequence[Death],
    absent_s: float,
    seed: int,
    trouble: Mischief | None,
    breaches: list[Breach] | None,
    sketches: bool,
    visit: Visit | None,
) -> Outcome:
    clock = Clock.starting(DEMO_START)
    lab = build_lab(config, manifest, truths, seed=seed, clock=clock, sketches=sketches)
    session = Session(config, Folder(folder), clock, seed, keep_pictures=False)
    spool = spool_of(config, session.folder)
    witness = Witness(lab.world, lab.cell, spool, config.cell.u_pos_mm, breaches)
    keeping = asyncio.ensure_future(recorder(session, lab))
    making = asyncio.ensure_future(trouble(lab, clock)) if trouble is not None else None
    died_at = []

    def attend(rig: Rig) -> None:
        witness.attend(rig)
        if visit is not None:
            visits.append(asyncio.ensure_future(visit(lab, rig)))

    visits: list[asyncio.Future[None]] = []
    try:
        for at in (*deaths, None):
            reaper = Reaper(at)
            try:
                async with within(LIMIT_S, "the tray to be finished"):
                    rig = await daemon(session, lab, manifest, boundary=reaper, attend=attend)
                break
            except Killed:
                died_at.append(reaper.passed[-1])
                await clock.sleep(absent_s)
    finally:
        keeping.cancel()
        for one in (making, *visits):
            if one is not None:
                one.cancel()
        witness.leave()
    kept = await SpoolReader(session.folder.spool).records()
    assert isinstance(kept, Done)
    rows = tuple(read_rows(session.folder.journal))
    broken = broken_promises(lab.world, rows, kept.value, config.cell.u_pos_mm)
    broken += [f"{breach.rule}: {breach.what}" for breach in witness.breaches]
    return Outcome(
        rig.state, rows, tuple(died_at), tuple(reaper.passed), tuple(broken), lab, witness.checked
    )
