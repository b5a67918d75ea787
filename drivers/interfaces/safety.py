"""The safety controller, as far as software may touch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class SafetyState:
    """What the hard-wired safety function shows; the software obeys it and decides nothing.

    ``stop_requested`` is the software's own stop: asked for, or its watchdog fired.
    """

    e_stop_ok: bool
    door_ok: bool
    reset_required: bool
    closed: bool
    stop_requested: bool

    @property
    def motion_allowed(self) -> bool:
        """Whether every link of the chain permits motion."""
        held = self.reset_required or self.stop_requested
        return self.closed and self.e_stop_ok and self.door_ok and not held


class SafetyChain(Protocol):
    """The safety controller, as far as software may touch it; a reset is a person's."""

    async def read(self) -> Outcome[SafetyState]:
        """Read what the safety program shows; repeatable."""
        ...

    async def arm(self) -> Outcome[SafetyState]:
        """Start the watchdog and permit running; the owner must `feed` from now on."""
        ...

    async def feed(self) -> Outcome[None]:
        """Show that the owner lives; not done when the watchdog has fired meanwhile."""
        ...

    async def request_stop(self) -> Outcome[None]:
        """Withdraw the permission to run, 停止(软件); every later `feed` repeats it."""
        ...
