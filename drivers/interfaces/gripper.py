"""A gripper with its own line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.interfaces.outcome import Outcome


class Grip(StrEnum):
    """What the fingers of a gripper say of themselves."""

    INACTIVE = "inactive"
    MOVING = "moving"
    HOLDING = "holding"
    HELD_OPEN = "held-open"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class GripperStatus:
    """State of a gripper. Positions count from 0 (open) to 255 (closed), current in mA.

    ``grip`` is `HELD_OPEN` when something stopped the fingers while opening, and
    `EMPTY` at the requested position, where nothing is held or it was lost.
    ``fault`` is the device's own code, 0 for none.
    """

    grip: Grip
    position: int
    requested: int
    current_ma: int
    fault: int = 0


class Gripper(Protocol):
    """A gripper with its own line. Motions are idempotent by target and sent once."""

    async def read(self) -> Outcome[GripperStatus]:
        """Read the state; repeatable."""
        ...

    async def activate(self) -> Outcome[GripperStatus]:
        """Make it ready after power-up; done at once if it is.

        Otherwise the fingers open, and whatever is held falls.
        """
        ...

    async def close(self) -> Outcome[GripperStatus]:
        """Close and wait until the fingers rest; `grip` tells whether something is held."""
        ...

    async def open(self) -> Outcome[GripperStatus]:
        """Open and wait until the fingers rest."""
        ...
