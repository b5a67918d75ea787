"""The overview camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Photograph:
    """An 8-bit grey image, row-major, ``height`` x ``width`` bytes, and its scale."""

    width: int
    height: int
    pixels: bytes
    px_per_mm: float


class Camera(Protocol):
    """An overview camera; a frame is complete or not there."""

    async def capture(self) -> Outcome[Photograph]:
        """Take one picture; repeatable."""
        ...
