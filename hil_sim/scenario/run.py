"""Run a cell against a simulated lab, and kill and restart it as often as wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from controller.assembly import Folder, open_rig, spool_of
from controller.config import LabConfig
from controller.journal import Boundary
from controller.line_recording import recorded
from controller.manifest import Manifest
from controller.operating.watch import Watch
from controller.rig import Rig
from controller.session import work_tray
from drivers.lines import LabLines
from drivers.recorder import keep_alive, record
from drivers.spool import Spool
from hil_sim.scenario.calibrating import calibrate_station
from hil_sim.scenario.lab import SimulatedLab
from runtime import Clock


class Killed(BaseException):
    """The process died here. Not an Exception: nobody may handle it."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one life of the daemon needs."""

    config: LabConfig
    folder: Folder
    clock: Clock
    seed: int
    keep_pictures: bool = True


async def recorder(session: Session, lab: SimulatedLab) -> None:
    """Keep the tester's records, as the recorder process does: it outlives the daemon.

    There is nothing to keep where a person reads the tester's display.
    """
    if session.config.devices.results.by_hand:
        return
    session.folder.path.mkdir(parents=True, exist_ok=True)
    spool = Spool(spool_of(session.config, session.folder))
    try:
        lines = recorded(session.config, LabLines(lab.bench), session.clock, session.folder.journal)
        url = session.config.devices.results.url
        async with asyncio.TaskGroup() as group:
            group.create_task(record(lines, url, spool, session.clock))
            if session.config.devices.results.recorder == "service":
                group.create_task(keep_alive(spool, session.clock))
    finally:
        spool.close()


async def daemon(
    session: Session,
    lab: SimulatedLab,
    manifest: Manifest | None,
    *,
    boundary: Boundary | None = None,
    meanwhile: Callable[[Rig], Awaitable[None]] | None = None,
    attend: Callable[[Rig], None] | None = None,
    watch: Watch | None = None,
) -> Rig:
    """Live one life of the daemon: open, reconcile, work until the tray is done or stopped.

    A `Killed` raised at a boundary ends it as ``kill -9`` would: its lines are cut in
    the same instant, what was not committed is gone, nothing is cleaned up.
    ``attend`` sees the rig before the first event, ``watch`` hears of the work, and
    ``meanwhile`` runs beside it.
    """
    lines = LabLines(lab.bench)
    dead = False

    def at(name: str) -> None:
        if boundary is None:
            return
        try:
            boundary(name)
        except Killed:
            nonlocal dead
            dead = True
            rig.lines.release()
            rig.devices.close()
            lines.cut()
            rig.ledger.journal.die()
            raise

    calibrate_station(session.config, session.folder, session.clock.utc())
    rig = open_rig(
        session.config,
        session.folder,
        lines,
        session.clock,
        boundary=at,
        keep_pictures=session.keep_pictures,
        eyes=lab.eyes,
    )
    if attend is not None:
        attend(rig)
    work = asyncio.ensure_future(work_tray(rig, manifest, seed=session.seed, watch=watch))
    beside = asyncio.ensure_future(meanwhile(rig)) if meanwhile is not None else None
    try:
        await _first_to_die(work, beside)
    except (Exception, BaseExceptionGroup) as error:
        # One worker met its death; what the others found then, nobody lived to see.
        if dead or (isinstance(error, BaseExceptionGroup) and error.subgroup(Killed) is not None):
            raise Killed from None
        raise
    finally:
        await _ended(work)
        await _ended(beside)
    rig.lines.release()
    rig.devices.close()
    lines.cut()
    return rig


async def _first_to_die(work: asyncio.Future[None], beside: asyncio.Future[None] | None) -> None:
    """Wait for the work. A process may die in what goes on beside it, too."""
    if beside is not None:
        await asyncio.wait({work, beside}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await beside
    await work


async def _ended(task: asyncio.Future[None] | None) -> None:
    if task is None:
        return
    if task.done():
        # Heard, if only so that nobody complains that it was not.
        _ = None if task.cancelled() else task.exception()
    else:
        task.cancel()
        with suppress(asyncio.CancelledError, BaseExceptionGroup, Killed):
            await task
