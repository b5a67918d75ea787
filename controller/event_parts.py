"""What events are made of: places, evidence, orders, and the base of every event."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of the test face, or an old mark there when it has a diameter; mm."""

    x: float
    y: float
    diameter: float = 0.0
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a device said just before or just after: E0 or E1.

    ``count`` is the tester's cycle count, ``record`` the last record number the
    recorder kept (-1: none yet) and ``records`` how many it had kept; all 0 for the arm.
    ``results`` is how many results the station saw the tester show; None: it cannot see them.
    """

    boot: int
    epoch: int
    accepted: int
    count: int = 0
    record: int = 0
    records: int = 0
    activity: int = 0
    results: int | None = None


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """One line of a tray's manifest; the reference values are those of its last certificate."""

    block: str
    scale: str
    slot: int
    shape: Literal["round", "rectangle"]
    width_mm: float
    depth_mm: float
    nominal: Decimal | None = None
    nominal_uniformity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A fact."""

    VERSION: ClassVar[int] = 1
    OLDEST: ClassVar[int] = 1
