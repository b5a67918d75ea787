"""Serve one cell on the bus: orders are obeyed, every change is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from controller.bus import ZmqBus
from controller.events import AnyEvent
from controller.messages import Command, Reply, plain
from controller.modes import obey
from controller.report.overview import overview
from controller.rig import Rig
from controller.trays import take_tray
from runtime import unique_id


@asynccontextmanager
async def served(rig: Rig, folder: Path) -> AsyncIterator[None]:
    """Serve the bus of a run's folder for as long as the block lasts.

    Raises `controller.bus.BusError` if another daemon has it.
    """
    bus = ZmqBus(folder, unique_id())

    async def handle(command: Command) -> Reply:
        if command.verb == "tray":
            return await take_tray(rig, command)
        return await obey(rig.ledger, command)

    def told(seq: int, event: AnyEvent) -> None:
        bus.publish("overview", view_of(rig))

    await bus.open(handle, lambda: view_of(rig))
    rig.ledger.listeners.append(told)
    try:
        yield
    finally:
        rig.ledger.listeners.remove(told)
        await bus.close()


def view_of(rig: Rig) -> Mapping[str, Any]:
    """Return what the bus tells of a cell, as plain data."""
    seen = overview(
        rig.state,
        slots=rig.config.cell.slots,
        needed=rig.regulation.indentations,
        at=rig.clock.utc().isoformat(timespec="seconds"),
    )
    view: Mapping[str, Any] = plain(seen)
    return view
