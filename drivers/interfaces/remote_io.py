"""Digital inputs and outputs behind a watchdog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class IoState:
    """Digital channels of a remote I/O station, as read; ``outputs`` are read back."""

    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]


class RemoteIo(Protocol):
    """Digital inputs and outputs behind a watchdog that drops the outputs."""

    async def read(self) -> Outcome[IoState]:
        """Read inputs and outputs; repeatable."""
        ...

    async def arm(self) -> Outcome[None]:
        """Clear a fired watchdog and start it; the owner must `feed` from now on."""
        ...

    async def feed(self) -> Outcome[None]:
        """Show that the owner lives; not done when the watchdog is not running."""
        ...

    async def write(self, outputs: Sequence[bool]) -> Outcome[IoState]:
        """Set all outputs, once; done when they read back so."""
        ...
