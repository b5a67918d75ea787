"""Two named clocks: process time may be scaled, link time never is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """The only source of time in the house.

    *Process* time measures what the lab does (moves, cycles, dwells); a wire
    simulation may run it at ``speed`` times real time. *Link* time measures
    what a wire does (reply deadlines, heartbeats) and is never scaled.
    On the virtual loop both coincide.
    """

    origin: datetime
    zero: float = 0.0
    speed: float = 1.0

    @classmethod
    def starting(cls, origin: datetime | None = None, speed: float = 1.0) -> Clock:
        """Return a clock whose zero is now, on the running loop.

        ``origin`` is the UTC time shown at zero; by default the machine's own.
        """
        loop = asyncio.get_running_loop()
        return cls(origin or datetime.now(UTC), loop.time(), speed)

    def link(self) -> float:
        """Return seconds of link time since zero."""
        return asyncio.get_running_loop().time() - self.zero

    def process(self) -> float:
        """Return seconds of process time since zero."""
        return self.link() * self.speed

    def utc(self) -> datetime:
        """Return the date and time that process time has reached, in UTC."""
        return self.origin + timedelta(seconds=self.process())

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds of process time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def sleep_link(self, seconds: float) -> None:
        """Sleep for so many seconds of link time."""
        await asyncio.sleep(max(0.0, seconds))
