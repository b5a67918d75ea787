"""Questions that nobody answered in time: the safe default is taken, and it is on record."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

from controller.decisions import answer
from controller.events import AnyEvent
from controller.operating.watch import Watch
from controller.rig import Rig
from controller.state import CellState


async def answer_by_default(rig: Rig, watch: Watch) -> None:
    """Take the safe default of each question whose deadline has passed."""
    while True:
        seen = rig.ledger.version
        watch.looked("questions")
        due = _next_deadline(rig)
        if due is None:
            await rig.ledger.changed(seen)
            continue
        question, wait = due
        if wait > 0:
            await _sleep_or_change(rig, wait, seen)
            continue
        await rig.ledger.decide(partial(_default, question=question))


def _next_deadline(rig: Rig) -> tuple[str, float] | None:
    """Return the question that is due first, and in how many seconds; None without one."""
    now = rig.clock.utc()
    waits = [
        ((datetime.fromisoformat(asked.deadline) - now).total_seconds(), asked.question)
        for asked in rig.state.undecided
        if asked.deadline
    ]
    if not waits:
        return None
    wait, question = min(waits)
    return question, wait


async def _sleep_or_change(rig: Rig, seconds: float, seen: int) -> None:
    sleeping = asyncio.ensure_future(rig.clock.sleep(seconds))
    changing = asyncio.ensure_future(rig.ledger.changed(seen))
    try:
        await asyncio.wait({sleeping, changing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        changing.cancel()


def _default(state: CellState, question: str) -> tuple[AnyEvent, ...]:
    """Return the default answer, unless a person was quicker."""
    asked = state.questions.get(question)
    return () if asked is None else answer(asked, asked.default, "default")
