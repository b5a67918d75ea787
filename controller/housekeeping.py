"""What must be well with the house before anything moves: room on the disk, a clock that goes on.

A journal that cannot be written stops the cell half-way, and a clock that was set
back would give certificates and deadlines false times; both are seen at the start.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from controller.config.limits import LimitsSection
from controller.rig import Rig
from controller.state import CellState
from runtime import offload


async def house_doubts(rig: Rig) -> list[str]:
    """Return what about disk and clock forbids to move; nothing when all is well."""
    limits, journal = rig.config.limits, rig.ledger.journal
    doubts = [
        await offload(_room, journal.path.parent, limits.disk_free_mb),
        _clock(journal.last_at, rig.clock.utc(), limits.clock_back_s),
    ]
    return [doubt for doubt in doubts if doubt]


def _room(folder: Path, least_mb: float) -> str:
    free_mb = shutil.disk_usage(folder).free / 1e6
    if free_mb >= least_mb:
        return ""
    return f"only {free_mb:.0f} MB are free in {folder}, {least_mb:g} are due: make room"


def _clock(last_at: str, now: datetime, tolerance_s: float) -> str:
    if not last_at:
        return ""
    behind = (datetime.fromisoformat(last_at) - now).total_seconds()
    if behind <= tolerance_s:
        return ""
    return f"the clock is {behind:.0f} s behind the last event: was it set back? Set it right"


def crash_loop(state: CellState, limits: LimitsSection, now: datetime) -> str:
    """Say that the program died too often of late; empty if it did not.

    A death that seems to lie ahead counts: the clock was set back.
    """
    since = now - timedelta(seconds=limits.crash_window_s)
    recent = sum(datetime.fromisoformat(at) >= since for at in state.crashes)
    if recent <= limits.crashes:
        return ""
    return f"the program died {recent} times within {limits.crash_window_s / 60:g} minutes"
