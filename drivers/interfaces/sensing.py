"""What the cell senses, and the beat that keeps it enabled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.outcome import Outcome
from drivers.interfaces.places import Place


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the cell senses: interlocks and which places are occupied."""

    door_closed: bool
    safety_closed: bool
    slipped: bool
    occupied: frozenset[Place]

    @property
    def motion_allowed(self) -> bool:
        """Whether door and safety chain permit motion."""
        return self.door_closed and self.safety_closed


class Sensors(Protocol):
    """Presence sensors and interlocks."""

    async def inputs(self) -> Outcome[Inputs]:
        """Read all inputs at once."""
        ...


class Heartbeat(Protocol):
    """The second line of defence: who does not beat loses the enable, whatever he still sends."""

    async def beat(self) -> Outcome[None]:
        """Tell that the daemon lives; to be called every second of link time."""
        ...
