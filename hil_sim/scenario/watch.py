"""The live view of a run in the terminal, and the bus that lets others look and give orders."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path

from rich.console import Console
from rich.live import Live

from controller.bus import BusError
from controller.events import AnyEvent
from controller.report.panel import overview_panel
from controller.report.words import QUIET, describe
from controller.rig import Rig
from controller.serving import served
from hil_sim.scenario.progress import Sparse, look

log = logging.getLogger(__name__)

REFRESH_S = 0.25
RECENT = 5


class Watch:
    """Draws the cell several times a second and serves the bus of the run's folder.

    ``pace`` is process seconds per second. Where no live view can be drawn, lines
    are printed now and then; the bus is there all the same.
    """

    def __init__(self, console: Console, folder: Path, pace: float) -> None:
        self._console = console
        self._folder = folder
        self._pace = pace
        self._recent: deque[str] = deque(maxlen=RECENT)

    async def attend(self, rig: Rig) -> None:
        """Look on and serve until cancelled."""
        rig.ledger.listeners.append(lambda seq, event: self._told(rig, event))
        try:
            async with served(rig, self._folder):
                await self._show(rig)
        except BusError as error:
            log.error("no orders can be taken: %s", error)
            await self._show(rig)

    def _told(self, rig: Rig, event: AnyEvent) -> None:
        if type(event).__name__ not in QUIET:
            self._recent.append(f"{rig.clock.utc():%H:%M:%S} {describe(event)}")

    async def _show(self, rig: Rig) -> None:
        if not self._console.is_terminal:
            await Sparse(self._console).attend(rig)
            await asyncio.Event().wait()
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                seen = overview_panel(look(rig), list(self._recent), str(self._folder))
                live.update(seen, refresh=True)
                await asyncio.sleep(REFRESH_S * self._pace)
