"""Parts of the daemon that are watched without knowing of it: a clock and a spool that beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.operating.beats import Beats
from drivers.spool import Spool
from drivers.spool_file import Kind
from runtime import Clock

WRITE_S = 30.0
"""A disk that takes longer for one record is as good as gone."""
ROUND_S = 30.0
"""Between two sleeps of a periodic part nothing takes longer."""


@dataclass(frozen=True, slots=True)
class BeatingClock(Clock):
    """A clock that tells whenever its owner goes to sleep, and for how long."""

    tell: Callable[[float], None] = lambda seconds: None

    async def sleep_link(self, seconds: float) -> None:
        """Tell, then sleep for so many seconds of link time."""
        self.tell(seconds)
        # Not super(): a dataclass with slots is made anew, and super() would miss it.
        await Clock.sleep_link(self, seconds)


def beating(clock: Clock, beats: Beats, name: str) -> BeatingClock:
    """Return the same clock for a periodic part of this name; its beats begin now."""
    beats.beat(name, ROUND_S)
    return BeatingClock(
        clock.origin, clock.zero, clock.speed, lambda s: beats.beat(name, s + ROUND_S)
    )


class BeatingSpool(Spool):
    """A spool whose writer must end each write in time; between two it may wait for ever."""

    def __init__(self, path: Path, beats: Beats, name: str = "recorder") -> None:
        super().__init__(path)
        self._beats = beats
        self._name = name
        beats.rest(name)

    def append(self, received: datetime, raw: bytes = b"", kind: Kind = Kind.LINE) -> None:
        """Write one entry; raises OSError as `Spool` does."""
        self._beats.beat(self._name, WRITE_S)
        super().append(received, raw, kind)
        self._beats.rest(self._name)
