"""The daemon's side of the spool: records out of lines, and the one record of a cycle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from drivers.codecs import versitron
from drivers.interfaces import Done, Failure, NotDone, Outcome, ResultRecord
from drivers.spool_file import Damaged, Entry, Kind, Spool, decode
from runtime import offload

__all__ = [
    "Ambiguous",
    "Match",
    "Matched",
    "Missing",
    "RejectedLine",
    "Spool",
    "SpoolReader",
    "match_record",
]


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that the tester sent and that is no record; kept for a person to see."""

    received: datetime
    raw: bytes
    reason: str


class SpoolReader:
    """Implements `ResultChannel`; each call reads only what the recorder added since.

    ``rejected`` are the lines that are no records, ``damaged`` the torn entries,
    ``connected`` whether the recorder last had its tester on the line (None: not yet told).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejected: list[RejectedLine] = []
        self.damaged: list[Damaged] = []
        self.connected: bool | None = None
        self._records: list[ResultRecord] = []
        self._offset = 0
        # The pulse asks beside the tester's worker: what was added is taken up by one of them.
        self._turn = asyncio.Lock()

    async def records(self) -> Outcome[Sequence[ResultRecord]]:
        """Return every record kept so far, oldest first."""
        async with self._turn:
            return await self._read()

    async def _read(self) -> Outcome[Sequence[ResultRecord]]:
        try:
            added = await offload(_read_from, self.path, self._offset)
        except FileNotFoundError:
            detail = f"{self.path}: its recorder has not started yet"
            return NotDone(Failure.NO_LINK, f"{detail}; start hardlab recorder on the same folder")
        except OSError as error:
            detail = f"{self.path}: the spool cannot be read: {error.strerror}"
            return NotDone(Failure.FAULT, f"{detail}; is it this user's, and a file?")
        if added is None:
            return NotDone(Failure.FAULT, f"{self.path} is shorter than it was: not our spool")
        # Up to the last line end: what stands behind it is being written, or torn.
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.split(b"\n")[:-1]:
            self._keep(decode(line))
        return Done(tuple(self._records))

    def _keep(self, entry: Entry | Damaged) -> None:
        if isinstance(entry, Damaged):
            self.damaged.append(entry)
        elif entry.kind is not Kind.LINE:
            self.connected = entry.kind is Kind.UP
        else:
            self._classify(entry)

    def _classify(self, entry: Entry) -> None:
        read = versitron.parse(entry.raw)
        if isinstance(read, versitron.Rejected):
            self.rejected.append(RejectedLine(entry.received, entry.raw, read.reason))
            return
        self._records.append(
            ResultRecord(
                number=read.number,
                scale=read.scale,
                hardness=read.hardness,
                tolerance=read.tolerance,
                raw=entry.raw,
                received=entry.received,
            )
        )


def _read_from(path: Path, offset: int) -> bytes | None:
    with path.open("rb") as file:
        if file.seek(0, 2) < offset:
            return None
        file.seek(offset)
        return file.read()


@dataclass(frozen=True, slots=True)
class Matched:
    """The one record of the cycle; ``repeats`` counts identical copies beside it."""

    record: ResultRecord
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """No new record in the window; ``repeats`` counts late copies of the one before."""

    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """New records that do not prove which one belongs to the cycle.

    ``own``: one of them may be the cycle's; if none is, its own record is still missing.
    """

    records: tuple[ResultRecord, ...]
    detail: str
    own: bool = True


Match: TypeAlias = Matched | Missing | Ambiguous


def match_record(
    records: Sequence[ResultRecord], *, known: int, unheard: int = 0, owed: int = 0
) -> Match:
    """Find the record of a cycle among those kept after the first ``known``.

    It is exactly one, with the number after the last known one; the tester may have
    counted ``unheard`` earlier cycles whose records never came, and has counted ``owed`` of
    them for certain: what bears one of their numbers is late, and not this cycle's. Copies
    (same number, same bytes) count once, also late copies of the last known record. Pure.
    """
    before, new = records[:known], records[known:]
    last = before[-1] if before else None
    fresh = [r for r in new if last is None or (r.number, r.raw) != (last.number, last.raw)]
    distinct = tuple({record.raw: record for record in reversed(fresh)}.values())[::-1]
    repeats = len(new) - len(distinct)
    if not distinct:
        return Missing(repeats)
    if len(distinct) > 1:
        numbers = ", ".join(str(record.number) for record in distinct)
        detail = f"{len(distinct)} new records instead of one: {numbers}"
        own = last is None or any(_follows(r.number, last.number, owed, unheard) for r in distinct)
        return Ambiguous(distinct, detail, own)
    if last is None or _follows(distinct[0].number, last.number, owed, unheard):
        return Matched(distinct[0], repeats)
    return Ambiguous(distinct, f"record {distinct[0].number} follows {last.number}", own=False)


def _follows(number: int, last: int, owed: int, unheard: int) -> bool:
    reached = {last}
    for missed in range(1 + unheard):
        reached = {after for one in reached for after in versitron.successors(one)}
        if missed >= owed and number in reached:
            return True
    return False
