"""The headless daemon: one cell on its lines, the bus, the information library, the recorder."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from controller.assembly import Folder, open_rig, spool_of
from controller.config import LabConfig
from controller.events import AnyEvent, SurfaceSeen
from controller.line_recording import recorded
from controller.manifest import Manifest
from controller.operating.beats import Beats
from controller.operating.bus_ping import ANSWER_S, BusPing
from controller.operating.keeping import BeatingSpool, beating
from controller.operating.leaving import Ending, Leaving
from controller.operating.levels import LogLevel
from controller.operating.logs import configure
from controller.operating.metrics_server import serving_metrics
from controller.operating.notify import Notifier
from controller.operating.operation import Operation, status_line
from controller.operating.pulse import Pulse
from controller.projector import Projector
from controller.rig import Rig
from controller.serving import served
from controller.session import work_tray
from drivers.lines import LabLines, Lines
from drivers.recorder import keep_alive, record
from runtime import Clock, DeadlineError, give_back_memory, within

log = logging.getLogger("hardlab.operating")

LIBRARY_S = 15.0
"""So long, in link time, the end of a daemon waits for the information library."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where a daemon works: the cell, the folder, the tray, and how fast process time runs.

    Without a manifest it stays, and takes the trays that are presented to it.
    """

    config: LabConfig
    folder: Folder
    manifest: Manifest | None = None
    speed: float = 1.0
    keep_pictures: bool = True

    @property
    def library(self) -> str:
        """The database URL of the information library."""
        return f"sqlite:///{self.folder.library}"


@dataclass(frozen=True, slots=True)
class Outside:
    """Who looks after a process from outside: service manager, log, metrics (host and port)."""

    notifier: Notifier = field(default_factory=Notifier)
    level: LogLevel = LogLevel.INFO
    metrics: tuple[str, int] | None = None


async def run_daemon(
    post: Post, outside: Outside | None = None, lines: Lines | None = None
) -> Ending:
    """Work until the tray is finished or somebody stops the cell; return how it ended.

    SIGTERM and SIGINT stop it in good order: what is in motion is brought to its end.
    ``lines`` lead to the devices; by default there are no virtual ones.
    Raises `controller.journal.JournalError`, `controller.bus.BusError`, OSError,
    `controller.operating.metrics_server.AddressError` and `controller.trays.TrayError`.
    """
    outside = outside or Outside()
    lines = lines or LabLines()
    clock = Clock.starting(speed=post.speed)
    _log_by(clock, outside)
    now = asyncio.get_running_loop().time
    operation = Operation(post.config.cell.name, now, outside.notifier, post.speed)
    rig = open_rig(
        post.config,
        post.folder,
        lines,
        clock,
        boundary=operation.boundary,
        keep_pictures=post.keep_pictures,
    )
    rig.ledger.listeners += [operation.heard, _let_go_of_pictures]
    projector = Projector(post.folder.journal, post.library)
    async with served(rig, post.folder.path), _measured(operation, rig, post, outside):
        with _spool(post, operation.beats) as spool, closing(BusPing(post.folder.path)) as ping:
            leaving = await _work(post, rig, operation, projector, spool, ping)
    ending = leaving.ending(rig.state)
    await _close(rig, projector, leaving)
    log.info("the daemon ends: %s", ending)
    return ending


async def _work(
    post: Post,
    rig: Rig,
    operation: Operation,
    projector: Projector,
    spool: BeatingSpool | None,
    ping: BusPing,
) -> Leaving:
    """Work the tray, with what goes on beside it."""
    clock, url = rig.clock, post.config.devices.results.url
    pulse = Pulse(
        operation.beats,
        operation.notifier,
        status=lambda: status_line(rig.state),
        nudge=rig.ledger.wake,
        probe=partial(_ask_bus, ping, operation),
        ready=operation.ready.is_set,
        lagged=operation.meters.lagged,
    )
    async with asyncio.TaskGroup() as group:
        work = group.create_task(work_tray(rig, post.manifest, watch=operation), name="cell")
        leaving = Leaving(rig, operation, work)
        leaving.obey_signals()
        follow = projector.run(beating(clock, operation.beats, "projector"))
        beside = [
            group.create_task(follow, name="projector"),
            group.create_task(pulse.run(), name="pulse"),
        ]
        if spool is not None:
            keep = record(rig.lines, url, spool, clock)
            beside.append(group.create_task(keep, name="recorder"))
        try:
            await asyncio.wait({work})
        finally:
            leaving.close()
            for task in beside:
                task.cancel()
    return leaving


async def _close(rig: Rig, projector: Projector, leaving: Leaving) -> None:
    """Let the library follow to the end, if it can, and close the journal."""
    if leaving.work.cancelled():
        # A commit may still be on its way in another thread.
        await asyncio.get_running_loop().shutdown_default_executor()
    else:
        with suppress(DeadlineError):
            async with within(LIBRARY_S, "the information library"):
                await projector.catch_up()
    projector.close()
    rig.devices.close()
    rig.ledger.journal.close()


async def keep_records(post: Post, outside: Outside | None = None) -> None:
    """Own the tester's port and keep what it publishes, until SIGTERM or SIGINT. Raises OSError."""
    outside = outside or Outside()
    clock = Clock.starting(speed=post.speed)
    _log_by(clock, outside)
    beats = Beats(asyncio.get_running_loop().time)
    post.folder.path.mkdir(parents=True, exist_ok=True)
    spool = BeatingSpool(spool_of(post.config, post.folder), beats)
    url = post.config.devices.results.url
    outside.notifier.tell(READY=1)
    try:
        async with asyncio.TaskGroup() as group:
            pulse = Pulse(beats, outside.notifier, status=lambda: f"listening at {url}")
            lines = recorded(post.config, LabLines(), clock, post.folder.journal)
            beside = [
                group.create_task(pulse.run(), name="pulse"),
                group.create_task(record(lines, url, spool, clock), name="recorder"),
                group.create_task(keep_alive(spool, clock), name="sign of life"),
            ]
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, _cancel, beside)
    finally:
        spool.close()


def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


@contextmanager
def _spool(post: Post, beats: Beats) -> Iterator[BeatingSpool | None]:
    """Have the spool, if the recorder is inside; that another has it is found before any motion."""
    results = post.config.devices.results
    if results.recorder != "inside" or results.by_hand:
        yield None
        return
    spool = BeatingSpool(spool_of(post.config, post.folder), beats)
    try:
        yield spool
    finally:
        spool.close()


@asynccontextmanager
async def _measured(
    operation: Operation, rig: Rig, post: Post, outside: Outside
) -> AsyncIterator[None]:
    """Serve the metrics, if anybody wants them."""
    if outside.metrics is None:
        yield
        return
    folder: Path = post.folder.path
    page = partial(_page, operation, rig, folder)
    async with serving_metrics(outside.metrics, page) as (host, port):
        log.info("metrics are served at http://%s:%d/metrics", host, port)
        yield


def _page(operation: Operation, rig: Rig, folder: Path) -> str:
    return operation.page(rig.state, folder, rig.lines.tallies.values())


async def _ask_bus(ping: BusPing, operation: Operation) -> None:
    patience = operation.patience_s
    if await ping.answers(min(ANSWER_S, patience / 2)):
        operation.beats.beat("bus", patience)


def _let_go_of_pictures(seq: int, event: AnyEvent) -> None:
    """Give back what looking at a picture took, off the loop."""
    if isinstance(event, SurfaceSeen):
        asyncio.get_running_loop().run_in_executor(None, give_back_memory)


def _log_by(clock: Clock, outside: Outside) -> None:
    """Log with the clock's time; also from the threads that work for the loop."""
    loop = asyncio.get_running_loop()

    def stamp() -> str:
        passed = timedelta(seconds=(loop.time() - clock.zero) * clock.speed)
        return (clock.origin + passed).isoformat(timespec="milliseconds")

    configure(outside.level, stamp)
    # The service manager ends a hung process by SIGABRT: then every stack goes to the log.
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
