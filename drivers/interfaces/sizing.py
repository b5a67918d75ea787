"""The sizing stage: digital gauge and code reader."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from drivers.interfaces.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Sized:
    """What the sizing stage tells of a block; ``code`` is None when unreadable."""

    thickness_mm: Decimal
    width_mm: Decimal
    depth_mm: Decimal
    code: str | None


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What a gauge tells of a block, in mm, with the digits that it sent."""

    thickness_mm: Decimal
    width_mm: Decimal
    depth_mm: Decimal


class Gauge(Protocol):
    """The digital gauge of a sizing stage."""

    async def dimensions(self) -> Outcome[Dimensions]:
        """Measure the block that stands there; repeatable. Never `Unknown`."""
        ...


class CodeReader(Protocol):
    """The code reader of a sizing stage."""

    async def read_code(self) -> Outcome[str | None]:
        """Read the code of the block that stands there; `Done` with None when unreadable."""
        ...


class SizingStage(Protocol):
    """Digital gauge and code reader at the sizing stage."""

    async def measure(self) -> Outcome[Sized]:
        """Measure and read the block that stands there; repeatable."""
        ...
