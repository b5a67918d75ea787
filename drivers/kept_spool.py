"""A spool as its reader sees it: whether a recorder keeps it, with a tester behind that."""

from __future__ import annotations

import os
from pathlib import Path

from drivers.interfaces import Done, Failure, NotDone, Outcome
from drivers.spool import SpoolReader
from runtime import offload


class KeptSpool:
    """Watches the recorder of a spool by the beat that it gives the file's time.

    ``beats`` is False for a recorder in this very process, whose task is watched itself.
    """

    def __init__(self, reader: SpoolReader, *, beats: bool) -> None:
        self._reader = reader
        self._beats = beats
        self._last_ns = 0

    async def look(self) -> Outcome[None]:
        """Tell whether recorder and line live; what was kept is read on the way."""
        kept = await self._reader.look()
        if not isinstance(kept, Done):
            return kept
        if self._beats and not await self._beating():
            detail = f"{self._reader.path.name}: its recorder gives no sign of life"
            return NotDone(Failure.NO_REPLY, f"{detail}; start hardlab recorder")
        if self._reader.connected is False:
            detail = f"{self._reader.path.name}: the recorder has no line to the tester"
            return NotDone(Failure.NO_LINK, f"{detail}; is it switched on, the cable in?")
        return Done(None)

    async def _beating(self) -> bool:
        """Return whether a beat came since the last look, a second or so ago."""
        before, self._last_ns = self._last_ns, await offload(_beat_of, self._reader.path)
        return self._last_ns != before


def _beat_of(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
