"""A spool as its reader sees it: whether a recorder keeps it, with a tester behind that."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from drivers.interfaces import Done, Failure, NotDone, Outcome
from drivers.nod import Heard, Passing
from drivers.spool import SpoolReader
from runtime import offload, offload_and_tell

NOD_S = 5.0
"""Longer than a disk takes to tell how long a file is, unless it is broken."""
_KEPT: Outcome[object] = Done(None)


class KeptSpool:
    """Watches the recorder of a spool by the beat that it gives the file's time.

    ``beats`` is False for a recorder in this very process, whose task is watched itself.
    """

    def __init__(self, reader: SpoolReader, *, beats: bool) -> None:
        self._reader = reader
        self._beats = beats
        self._last_ns = 0
        # How long the file was before all of it was read.
        self._read = -1
        self._passing = Passing()

    async def look(self) -> Outcome[None]:
        """Tell whether recorder and line live; what was kept is read on the way."""
        if self._passing.under_way:
            await self._passing.over()
        size, _ = await offload(_seen, self._reader.path)
        kept = await self._reader.look()
        self._read = size if isinstance(kept, Done) else -1
        if not isinstance(kept, Done):
            return kept
        if self._beats and not await self._beating():
            detail = f"{self._reader.path.name}: its recorder gives no sign of life"
            return NotDone(Failure.NO_REPLY, f"{detail}; start hardlab recorder")
        if self._reader.connected is False:
            detail = f"{self._reader.path.name}: the recorder has no line to the tester"
            return NotDone(Failure.NO_LINK, f"{detail}; is it switched on, the cable in?")
        return Done(None)

    def nod(self, heard: Heard) -> bool:
        """Tell it of a file that is as it was; what was added is to be read in full: a `Nod`."""
        if self._read < 0 or self._passing.under_way:
            return False
        self._passing.begin(heard, NOD_S)
        offload_and_tell(self._found, _seen, self._reader.path)
        return True

    def _found(self, found: asyncio.Future[tuple[int, int]]) -> None:
        size, beat_ns = found.result()
        beating = not self._beats or beat_ns != self._last_ns
        if size == self._read and beating and self._reader.connected is not False:
            self._last_ns = beat_ns
            self._passing.end(_KEPT)
        else:
            self._passing.end(None)

    async def _beating(self) -> bool:
        """Return whether a beat came since the last look, a second or so ago."""
        before, self._last_ns = self._last_ns, await offload(_beat_of, self._reader.path)
        return self._last_ns != before


def _beat_of(path: Path) -> int:
    return _seen(path)[1]


def _seen(path: Path) -> tuple[int, int]:
    """Return how long the file is, bytes, and when it was touched last, ns; -1 and 0 if not."""
    try:
        status = os.stat(path)
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns
