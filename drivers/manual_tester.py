"""A bench tester worked by a person: start channel and result, both by question and answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from drivers.codecs.station import following
from drivers.interfaces import (
    Activity,
    Cycle,
    CycleEnd,
    Done,
    Failure,
    Fence,
    IndentOrder,
    NotDone,
    Outcome,
    TesterStatus,
    Unknown,
)
from drivers.manual_notebook import Notebook, Page
from drivers.person import Desk, Quantity, nobody
from runtime import Clock

COMPLETE = "complete"
BEFORE = "no contact"
"""Not started, or broken off before the indenter touched."""
AFTER = "broken off after contact"
LOST = "not sure"
NOT_MEASURED = "not measured"
AGAIN = "Ordered before: do NOT make it now, tell what became of it. It was: "

_SECONDS = tuple(
    Quantity(name, "s", Decimal(0), Decimal(120))
    for name in ("preliminary dwell", "loading time", "total-force dwell")
)
_MEASURED = (*_SECONDS, Quantity("total force", "N", Decimal(1), Decimal(30_000)))


class ManualTester:
    """Implements `Tester` by asking for one indentation at a time.

    The order is noted before the person is asked: a process that dies meanwhile, or
    a question that nobody answers, leaves it open, and the next `read` asks how it
    ended before it tells any evidence. Who is not sure breaks the evidence: the boot
    number changes, which is what a tester without memory shows, and the picture of
    the block decides. Dwells and force that nobody measured stay 0 and make the
    outcome `Unknown`, so that no reading counts on invented evidence.
    """

    def __init__(self, desk: Desk, path: Path, clock: Clock) -> None:
        self._desk = desk
        self._book = Notebook(path, clock, Page)
        self._claimed = 0
        self._turn = asyncio.Lock()

    @property
    def _page(self) -> Page:
        return self._book.entries[-1] if self._book.entries else Page()

    def close(self) -> None:
        """Close the notebook."""
        self._book.close()

    async def read(self) -> Outcome[TesterStatus]:
        """Read the notebook; ask how an open order ended."""
        if self._turn.locked():
            return Done(_status(self._page, Activity.RUNNING))
        async with self._turn:
            return await self._settled(AGAIN)

    async def claim(self, epoch: int) -> Outcome[TesterStatus]:
        """Note the epoch; an open order stays open."""
        async with self._turn:
            if epoch < self._page.epoch:
                return NotDone(Failure.OLD_EPOCH, f"held by epoch {self._page.epoch}")
            trouble = await self._note(replace(self._page, epoch=epoch))
            self._claimed = epoch if trouble is None else 0
            return trouble or Done(_status(self._page, Activity.IDLE))

    async def indent(self, order: IndentOrder, after: TesterStatus) -> Outcome[TesterStatus]:
        """Ask for one indentation, once, and for its end."""
        async with self._turn:
            page = self._page
            if self._claimed != page.epoch or after.fence != _fence(page):
                return NotDone(Failure.OLD_EPOCH, "the status is not of this session, or not last")
            if page.pending:
                return NotDone(Failure.BUSY, f"nobody told the end of: {page.pending}")
            opened = replace(
                page,
                accepted=following(page.accepted),
                end=int(CycleEnd.BEFORE_CONTACT),
                tag=order.tag,
                preliminary_dwell_ms=0,
                loading_ms=0,
                total_dwell_ms=0,
                total_force_n="0",
                pending=_wording(order),
            )
            trouble = await self._note(opened)
            if trouble is not None:
                return trouble
            ended = await self._settled()
            return Unknown(ended.reason, ended.detail) if isinstance(ended, NotDone) else ended

    async def reset(self, after: TesterStatus) -> Outcome[TesterStatus]:
        """Return the status: a person latches no fault."""
        return await self.read()

    async def _settled(self, before: str = "") -> Outcome[TesterStatus]:
        """Have no order open, if the person can tell; return the evidence."""
        page = self._page
        if not page.pending:
            return Done(_status(page, Activity.IDLE))
        said = await self._desk.choose(f"{before}{page.pending}", (COMPLETE, BEFORE, AFTER, LOST))
        if said is None:
            return nobody(page.pending)
        closed = replace(page, pending="")
        measured = True
        if said == COMPLETE:
            values = await self._desk.numbers(
                "What did the tester show of this cycle?", _MEASURED, options=(NOT_MEASURED,)
            )
            if values is None:
                return nobody("dwells and force of the cycle")
            measured = isinstance(values, tuple)
            closed = replace(closed, count=page.count + 1, end=int(CycleEnd.COMPLETE))
            closed = _with(closed, values) if isinstance(values, tuple) else closed
        elif said == AFTER:
            closed = replace(closed, count=page.count + 1, end=int(CycleEnd.AFTER_CONTACT))
        elif said == LOST:
            closed = replace(closed, boot=page.boot + 1, end=int(CycleEnd.AFTER_CONTACT))
        trouble = await self._note(closed)
        if trouble is not None:
            return trouble
        if said == LOST or not measured:
            lost = "whether it was made" if said == LOST else "its dwells and force"
            return Unknown(Failure.BAD_REPLY, f"nobody can tell {lost}: {page.pending}")
        return Done(_status(closed, Activity.DONE))

    async def _note(self, page: Page) -> NotDone | None:
        try:
            await self._book.write(page)
        except OSError as error:
            return NotDone(Failure.FAULT, f"the notebook cannot be written: {error}")
        return None


def _wording(order: IndentOrder) -> str:
    return (
        f"Make ONE indentation (order {order.tag}): {order.scale}, preliminary dwell "
        f"{order.preliminary_dwell_ms / 1000:g} s, total-force dwell "
        f"{order.total_dwell_ms / 1000:g} s, recovery {order.recovery_dwell_ms / 1000:g} s. "
        "How did it end?"
    )


def _with(page: Page, values: tuple[Decimal, ...]) -> Page:
    preliminary, loading, total = (round(1000 * value) for value in values[:3])
    return replace(
        page,
        preliminary_dwell_ms=preliminary,
        loading_ms=loading,
        total_dwell_ms=total,
        total_force_n=str(values[3]),
    )


def _fence(page: Page) -> Fence:
    return Fence(page.boot, page.epoch, page.accepted)


def _status(page: Page, activity: Activity) -> TesterStatus:
    cycle = Cycle(
        count=page.count,
        end=CycleEnd(page.end),
        tag=page.tag,
        preliminary_dwell_ms=page.preliminary_dwell_ms,
        loading_ms=page.loading_ms,
        total_dwell_ms=page.total_dwell_ms,
        total_force_n=Decimal(page.total_force_n),
    )
    return TesterStatus(_fence(page), activity, 0, cycle)
