"""The simulated tester's display, and what a person says who was asked to look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.bus import BusClient
from controller.decisions import RESUME_WITH
from hil_sim.world import World

ASKS = "record_doubt"
"""The question that only somebody at the tester can answer."""


def read_display(world: World, text: str) -> str:
    """Return the answer to a ``record_doubt``: whether the display shows the number asked for."""
    last = f"record {world.retentive.get('tester.number', 0) % 1_000_000:06}"
    return "shown" if last in text else "not-shown"


def resume_with(world: World, options: Sequence[str]) -> str:
    """Return the answer of who looked at the display before the cell was resumed."""
    shown = f"{RESUME_WITH}{world.retentive.get('tester.number', 0) % 1_000_000:06}"
    return shown if shown in options else "resume"


def tell_display(
    client: BusClient, questions: Iterable[Mapping[str, Any]], world_file: Path
) -> None:
    """Answer over the bus what a cell in other processes asks about the display.

    Raises `controller.bus.BusError` when nobody hears.
    """
    for asked in questions:
        if asked["kind"] == ASKS:
            option = read_display(World.read(world_file), asked["text"])
            client.request("decide", question=asked["question"], option=option)
