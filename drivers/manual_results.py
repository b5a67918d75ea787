"""The results of a tester without a serial line: read from its display and typed by a person."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from drivers.codecs.station import SCALE_CODES
from drivers.interfaces import (
    CycleEnd,
    Done,
    Failure,
    NotDone,
    Outcome,
    ResultRecord,
    Tester,
    TesterStatus,
)
from drivers.manual_notebook import Note, Notebook
from drivers.person import Desk, nobody
from runtime import Clock

NO_READING, RIGHT, WRONG = "no reading", "right", "wrong"
_RESULT = re.compile(r"(\d{1,4}(?:\.\d{1,3})?) +(\w{1,12})", re.ASCII)
_NUMBERS = 1_000_000


class ManualResults:
    """Implements `ResultChannel` for any tester that counts its cycles, a PLC's or a manual one.

    The last complete cycle is asked for, unless it was before the notebook began; the
    record bears the cycle's number. Value and scale are typed together and confirmed, because a
    reading is taken once. It is on the disk before it is told to anybody. While nobody
    tells it the records are not to be had: a reading that stands on a display is not lost.
    """

    def __init__(
        self,
        desk: Desk,
        path: Path,
        clock: Clock,
        tester: Tester,
        *,
        scales: Collection[str] = tuple(SCALE_CODES),
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._tester = tester
        self._scales = scales
        self._book = Notebook(path, clock, Note)
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Close the notebook."""
        self._book.close()

    async def records(self, after: int = 0) -> Outcome[Sequence[ResultRecord]]:
        """Return every record so far, oldest first; ask for the one that is due."""
        async with self._turn:
            status = await self._tester.read()
            try:
                if isinstance(status, Done) and status.value.resting:
                    untold = await self._catch_up(status.value)
                    if untold is not None:
                        return untold
            except OSError as error:
                return NotDone(Failure.FAULT, f"the notebook cannot be written: {error}")
        return Done(tuple(_record(note) for note in self._book.entries if note.hardness))

    async def _catch_up(self, status: TesterStatus) -> NotDone | None:
        count = status.cycle.count
        if not self._book.entries:
            # What the tester did before this notebook began is none of its results.
            await self._book.write(Note(count))
        if self._book.entries[-1].count == count:
            return None
        if status.cycle.end is not CycleEnd.COMPLETE:
            return None
        said = await self._ask(count)
        if said is None:
            return nobody(f"what the tester shows for cycle {count}")
        hardness, scale = said
        await self._book.write(Note(count, scale, hardness, self._clock.utc().isoformat()))
        return None

    async def _ask(self, count: int) -> tuple[str, str] | None:
        """Return hardness and scale as typed, both empty for no reading; None: no answer."""
        while True:
            question = f"What does the tester show for cycle {count}?"
            said = await self._desk.answer(
                question, self._read, "value and scale, such as: 61.20 HRC", (NO_READING,)
            )
            if said is None:
                return None
            shown = NO_READING if isinstance(said, str) else " ".join(said)
            sure = await self._desk.choose(f"Cycle {count}: {shown}. Right?", (RIGHT, WRONG))
            if sure is None:
                return None
            if sure == RIGHT:
                return ("", "") if isinstance(said, str) else said

    def _read(self, text: str) -> tuple[str, str] | str:
        match = _RESULT.fullmatch(text)
        if match is None:
            return "type value and scale, such as: 61.20 HRC"
        value, scale = match.group(1), match.group(2).upper()
        return (value, scale) if scale in self._scales else f"scale {scale} is not known"


def _record(note: Note) -> ResultRecord:
    number = note.count % _NUMBERS
    return ResultRecord(
        number=number,
        scale=note.scale,
        hardness=Decimal(note.hardness),
        tolerance="",
        # With its number: two cycles may well show the same value.
        raw=f"{number:06d}: {note.hardness} {note.scale}".encode("ascii"),
        received=datetime.fromisoformat(note.received),
    )
