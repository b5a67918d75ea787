"""Journals of a cell that has worked for long: many closed trays, and a full one at work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.history import accepted_tray, steps
from controller.events import AnyEvent, HolderStocked, SessionBegan, TrayAccepted, TrayFinished
from controller.ledger import Ledger
from runtime import Clock

CHUNK = 500


def tray_name(number: int) -> str:
    """Return what a tray is called, counted from 1."""
    return f"tray-{number:04d}"


def write_journal(path: Path, closed: int, *, sealed: bool) -> int:
    """Write a journal of closed trays and one of 33 blocks that is nearly done.

    Sealed as the daemon does it, or all in one file as if that were not done.
    Returns how many events happened.
    """
    return asyncio.run(_write(path, closed, sealed=sealed))


async def _write(path: Path, closed: int, *, sealed: bool) -> int:
    ledger, count = Ledger.open(path, Clock.starting()), 0
    for number in range(1, closed + 2):
        events = list(_tray(number, finished=number <= closed))
        count += len(events)
        if sealed:
            await ledger.seal_closed_tray()
        for start in range(0, len(events), CHUNK):
            await ledger.record(*events[start : start + CHUNK])
    ledger.journal.close()
    return count


def _tray(number: int, *, finished: bool) -> Iterator[AnyEvent]:
    for event in accepted_tray():
        if isinstance(event, TrayAccepted):
            yield replace(event, tray=tray_name(number))
        elif number == 1 or not isinstance(event, HolderStocked | SessionBegan):
            yield event
    for step in steps():
        yield from (step.intent, step.confirm)
    if finished:
        yield TrayFinished(tray_name(number), 33, 0, 0)
