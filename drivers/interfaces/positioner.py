"""What brings a point of the block under the indenter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class PositionerStatus:
    """Where the block stands under the indenter: block coordinates in mm."""

    x_mm: float
    y_mm: float
    idle: bool
    homed: bool
    detail: str = ""


class Positioner(Protocol):
    """Brings a point of the block under the indenter, by XY frame or by arm push."""

    async def read(self) -> Outcome[PositionerStatus]:
        """Read the position at the anvil."""
        ...

    async def home(self) -> Outcome[PositionerStatus]:
        """Find the reference; needed after power-up."""
        ...

    async def load_position(self) -> Outcome[PositionerStatus]:
        """Go where the arm may place or take a block. Idempotent."""
        ...

    async def move(self, x_mm: float, y_mm: float) -> Outcome[PositionerStatus]:
        """Bring the point under the indenter, take the side force off, settle, confirm."""
        ...
