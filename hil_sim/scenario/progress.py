"""How far a run is, for the person who started it: a bar, sparse lines, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from controller.events import AnyEvent
from controller.report.overview import Overview, overview
from controller.rig import Rig

REFRESH_S = 0.1
SPARSE = 10
"""Blocks between two lines where no bar can be drawn."""


class Viewer(Protocol):
    """Looks on while a run goes on."""

    async def attend(self, rig: Rig) -> None:
        """Look on until cancelled."""
        ...


class Silent:
    """Shows nothing."""

    async def attend(self, rig: Rig) -> None:
        """Return at once."""


class Sparse:
    """Prints a line now and then: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0

    async def attend(self, rig: Rig) -> None:
        """Print a line whenever so many more blocks are done."""
        rig.ledger.listeners.append(lambda seq, event: self._look(rig))

    def _look(self, rig: Rig) -> None:
        seen = look(rig)
        if seen.done >= self._told + SPARSE or (seen.finished and seen.done > self._told):
            self._told = seen.done
            self._console.print(f"{seen.done} of {seen.total} blocks done, lab clock {clock(seen)}")


class Bar:
    """Draws a progress bar with what the tester does and the lab's clock."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("", total=None, lab="")
        self._shown = 0.0

    async def attend(self, rig: Rig) -> None:
        """Redraw on events, a few times a second."""
        rig.ledger.listeners.append(lambda seq, event: self._look(rig, event))

    def _look(self, rig: Rig, event: AnyEvent) -> None:
        now = self._console.get_time()
        if now - self._shown < REFRESH_S and not rig.state.tray_finished:
            return
        self._shown = now
        seen = look(rig)
        self._progress.update(
            self._task,
            description=_phase(seen),
            completed=seen.done,
            total=seen.total,
            lab=clock(seen),
        )
        self._progress.refresh()


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    """Show a progress bar while the block runs; nothing of it stays on the screen."""
    progress = Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("lab {task.fields[lab]}"),
        TextColumn("{task.description}"),
        console=console,
        auto_refresh=False,
        transient=True,
    )
    with progress:
        yield Bar(console, progress)


def look(rig: Rig) -> Overview:
    """Return the overview of a rig as of now."""
    return overview(
        rig.state,
        slots=rig.config.cell.slots,
        needed=rig.regulation.indentations,
        at=rig.clock.utc().isoformat(timespec="seconds"),
    )


def clock(seen: Overview) -> str:
    """Return the lab's clock as a person reads it."""
    return seen.at[11:19]


def _phase(seen: Overview) -> str:
    if seen.finished:
        return "the tray is finished"
    if seen.mode != "EXECUTE":
        return f"{seen.mode or 'starting'} {seen.reason}"
    tester = seen.doing["tester"]
    return tester if tester != "empty" else f"arm {seen.doing['arm']}"
