"""The daemon's side of the spool: records out of lines, and the one record of a cycle."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, overload

from drivers.codecs import versitron
from drivers.interfaces import Done, Failure, NotDone, Outcome, ResultRecord
from drivers.spool_file import Damaged, Entry, Kind, Spool, decode
from drivers.spool_memo import Memo, checksum, keep, recall
from runtime import offload

__all__ = [
    "Ambiguous",
    "LastRecords",
    "Match",
    "Matched",
    "Missing",
    "RejectedLine",
    "Spool",
    "SpoolReader",
    "match_record",
]

PIECE = 1 << 16
"""Bytes that are taken up in one turn of the loop, some 10 ms."""
SPARE = 256
"""Records that are kept beside those that may be asked for."""
SHOWN = 1000


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that the tester sent and that is no record; kept for a person to see."""

    received: datetime
    raw: bytes
    reason: str


class LastRecords(Sequence[ResultRecord]):
    """All records of a spool, of which the first ``base`` are not at hand.

    Numbers and length are those of the whole; who reaches for what is not there gets IndexError.
    """

    def __init__(self, base: int, records: Sequence[ResultRecord]) -> None:
        self._base = base
        self._records = tuple(records)

    def __len__(self) -> int:
        return self._base + len(self._records)

    @overload
    def __getitem__(self, index: int) -> ResultRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ResultRecord]: ...
    def __getitem__(self, index: int | slice) -> ResultRecord | Sequence[ResultRecord]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if start < min(self._base, stop) or step != 1:
                raise IndexError(f"records before {self._base} are not at hand")
            return self._records[start - self._base : max(0, stop - self._base)]
        at = index if index >= 0 else index + len(self)
        if at < self._base:
            raise IndexError(f"records before {self._base} are not at hand")
        return self._records[at - self._base]


class SpoolReader:
    """Implements `ResultChannel`; each call reads only what the recorder added since.

    Only the records that may still be asked for are kept, and a start begins where a memo
    proves that the file was read before. ``rejected`` are the last lines that are no
    records, ``damaged`` the last torn entries, ``connected`` whether the recorder last had
    its tester on the line (None: not yet told).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejected: deque[RejectedLine] = deque(maxlen=SHOWN)
        self.damaged: deque[Damaged] = deque(maxlen=SHOWN)
        self.connected: bool | None = None
        self._records: deque[_Kept] = deque()
        self._base = 0
        self._offset = 0
        self._memo: Memo | None = None
        # The pulse asks beside the tester's worker: what was added is taken up by one of them.
        self._turn = asyncio.Lock()

    async def records(self, after: int = 0) -> Outcome[Sequence[ResultRecord]]:
        """Return the records kept so far, oldest first; the first ``after`` may be left out.

        ``after`` are those that the journal accounts for. If it is less than was told
        before, as after the journal was brought back from a copy, all is read again.
        """
        async with self._turn:
            told = await self._read(begin=after)
            if not isinstance(told, Done):
                return told
            await self._forget(after)
            records = tuple(kept.record for kept in self._records)
            return Done(LastRecords(self._base, records) if self._base else records)

    async def look(self) -> Outcome[None]:
        """Take up what was added, and let nothing go."""
        async with self._turn:
            return await self._read(begin=None)

    async def _read(self, begin: int | None) -> Outcome[None]:
        try:
            if self._memo is None:
                self._resume(await offload(recall, self.path))
            # The last of those left out is wanted too: what follows is compared with it.
            if begin is not None and self._base and begin <= self._base:
                self._resume(Memo())
            return await self._read_on()
        except FileNotFoundError:
            detail = f"{self.path.name}: its recorder has not started yet"
            return NotDone(Failure.NO_LINK, f"{detail}; start hardlab recorder on the same folder")
        except OSError as error:
            detail = f"{self.path.name}: the spool cannot be read: {error.strerror}"
            return NotDone(Failure.FAULT, f"{detail}; is it this user's, and a file?")

    async def _read_on(self) -> Outcome[None]:
        while True:
            added = await offload(_read_from, self.path, self._offset)
            if added is None:
                return NotDone(
                    Failure.FAULT, f"{self.path.name} is shorter than it was: not our spool"
                )
            # Up to the last line end: what stands behind it is being written, or torn.
            complete = added[: added.rfind(b"\n") + 1]
            for line in complete.split(b"\n")[:-1]:
                start, self._offset = self._offset, self._offset + len(line) + 1
                self._keep(decode(line), start)
            if len(added) < PIECE or not complete:
                return Done(None)

    def _resume(self, memo: Memo) -> None:
        self._memo = memo
        self._records.clear()
        self._base, self._offset, self.connected = memo.records, memo.size, memo.connected

    async def _forget(self, after: int) -> None:
        """Let go of old records, a good many at a time; remember where the rest begins."""
        begin = min(after, self._base + len(self._records)) - SPARE
        memo = self._memo
        if begin - self._base < SPARE or memo is None:
            return
        while self._base < begin:
            self._records.popleft()
            self._base += 1
        size = self._records[0].start
        crc = await offload(checksum, self.path, memo.size, size, memo.crc)
        if crc is not None:
            # Whether the tester was on the line is told again by what comes later, if it changed.
            self._memo = Memo(size, crc, self._base, self.connected)
            await offload(keep, self.path, self._memo)

    def _keep(self, entry: Entry | Damaged, start: int) -> None:
        if isinstance(entry, Damaged):
            self.damaged.append(entry)
        elif entry.kind is not Kind.LINE:
            self.connected = entry.kind is Kind.UP
        else:
            self._classify(entry, start)

    def _classify(self, entry: Entry, start: int) -> None:
        read = versitron.parse(entry.raw)
        if isinstance(read, versitron.Rejected):
            self.rejected.append(RejectedLine(entry.received, entry.raw, read.reason))
            return
        record = ResultRecord(
            number=read.number,
            scale=read.scale,
            hardness=read.hardness,
            tolerance=read.tolerance,
            raw=entry.raw,
            received=entry.received,
        )
        self._records.append(_Kept(record, start))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A record, and where its entry begins."""

    record: ResultRecord
    start: int


def _read_from(path: Path, offset: int) -> bytes | None:
    size = os.stat(path).st_size
    if size <= offset:  # what the pulse finds almost every second
        return b"" if size == offset else None
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PIECE)


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
    new, heard = records[known:], min(known, len(records))
    last = records[heard - 1] if heard else None
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
