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
from drivers.record_count import Place, RecordCount
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
    "Unproved",
    "match_record",
]

PIECE = 1 << 16
"""Bytes that are taken up in one turn of the loop, some 10 ms."""
SPARE = 256
"""Records that are kept beside those that may be asked for."""
SHOWN = 1000
COPIES = 32
"""So many records back a copy is looked for."""


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that the tester sent and that is no record; kept for a person to see."""

    received: datetime
    raw: bytes
    reason: str


class LastRecords(Sequence[ResultRecord]):
    """All records of a spool, of which the first ``base`` are not at hand.

    Numbers and length are those of the whole; who reaches for what is not there gets IndexError.
    ``base`` is the first that is.
    """

    def __init__(self, base: int, records: Sequence[ResultRecord]) -> None:
        self.base = base
        self._records = tuple(records)

    def __len__(self) -> int:
        return self.base + len(self._records)

    @overload
    def __getitem__(self, index: int) -> ResultRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ResultRecord]: ...
    def __getitem__(self, index: int | slice) -> ResultRecord | Sequence[ResultRecord]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if start < min(self.base, stop) or step != 1:
                raise IndexError(f"records before {self.base} are not at hand")
            return self._records[start - self.base : max(0, stop - self.base)]
        at = index if index >= 0 else index + len(self)
        if at < self.base:
            raise IndexError(f"records before {self.base} are not at hand")
        return self._records[at - self.base]


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
    """The one record of the cycle; ``repeats`` counts copies beside it."""

    record: ResultRecord
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """No new record in the window; ``repeats`` counts late copies of earlier ones."""

    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Unproved:
    """One new record, which may be the cycle's or that of an earlier one."""

    record: ResultRecord
    detail: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """New records, none of which can be proved to be the cycle's."""

    records: tuple[ResultRecord, ...]
    detail: str


Match: TypeAlias = Matched | Missing | Unproved | Ambiguous


def match_record(records: Sequence[ResultRecord], *, known: int, count: RecordCount) -> Match:
    """Find the record of the last cycle among those kept after the first ``known``.

    ``count`` is what is known of the tester's numbers with that cycle, but without these
    records. It is exactly one, and no later number is possible; a copy of it (same bytes)
    counts once, and so does one of an earlier record. Pure.
    """
    new, before = records[known:], {record.raw for record in _at_hand(records, known)}
    distinct = tuple({r.raw: r for r in reversed(new) if r.raw not in before}.values())[::-1]
    repeats = len(new) - len(distinct)
    if not distinct:
        return Missing(repeats)
    if len(distinct) > 1:
        numbers = ", ".join(str(record.number) for record in distinct)
        return Ambiguous(distinct, f"{len(distinct)} new records instead of one: {numbers}")
    (record,) = distinct
    match count.place(record.number):
        case Place.LAST:
            return Matched(record, repeats)
        case Place.OPEN:
            return Unproved(record, "it may be that of an earlier cycle, whose record never came")
        case Place.STRANGE if count.at_most:
            return Unproved(record, f"it follows {count.heard:06}, as if somebody used the tester")
        case Place.STRANGE:
            return Ambiguous(distinct, f"record {record.number:06} came, and none was counted")
        case Place.EARLIER:
            return Ambiguous(distinct, f"record {record.number:06} is that of an earlier cycle")


def _at_hand(records: Sequence[ResultRecord], known: int) -> Sequence[ResultRecord]:
    """Return the last of the ``known`` records, those of them that are still kept."""
    base = records.base if isinstance(records, LastRecords) else 0
    known = min(known, len(records))
    return records[max(base, known - COPIES) : known] if base < known else ()
