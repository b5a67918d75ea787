"""The start channel of a tester and the evidence of its force cycles."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from drivers.interfaces.fence import Activity, Fence
from drivers.interfaces.outcome import Outcome


class CycleEnd(IntEnum):
    """How far the last force cycle came; the number goes over the wire.

    ``HELD``: the total force was held to its end, and the tester has not read yet;
    ``COMPLETE``: it may have.
    """

    NONE = 0
    COMPLETE = 1
    BEFORE_CONTACT = 2
    AFTER_CONTACT = 3
    HELD = 4


@dataclass(frozen=True, slots=True)
class Cycle:
    """The retentive evidence of force cycles: ``count`` rises when the indenter touches.

    ``results`` rises when the tester shows a result, that is, when its record number rises,
    whoever made the test; None where nothing tells the station so.
    """

    count: int
    end: CycleEnd
    tag: int
    preliminary_dwell_ms: int
    loading_ms: int
    total_dwell_ms: int
    total_force_n: Decimal
    results: int | None = None


@dataclass(frozen=True, slots=True)
class TesterStatus:
    """State of the start channel of a tester."""

    fence: Fence
    activity: Activity
    fault: int
    cycle: Cycle

    @property
    def resting(self) -> bool:
        """Whether no force cycle is running."""
        return self.activity is not Activity.RUNNING


@dataclass(frozen=True, slots=True)
class IndentOrder:
    """One indentation: symbol of the scale, dwells in ms, tag echoed in the evidence."""

    scale: str
    tag: int
    preliminary_dwell_ms: int
    total_dwell_ms: int
    recovery_dwell_ms: int


class Tester(Protocol):
    """The start channel of a tester: irreversible, fenced, counted."""

    async def read(self) -> Outcome[TesterStatus]:
        """Read activity and cycle evidence."""
        ...

    async def claim(self, epoch: int) -> Outcome[TesterStatus]:
        """Fence older sessions out; done when the PLC has taken the epoch."""
        ...

    async def indent(self, order: IndentOrder, after: TesterStatus) -> Outcome[TesterStatus]:
        """Start one cycle, once, and wait for its end."""
        ...

    async def reset(self, after: TesterStatus) -> Outcome[TesterStatus]:
        """Clear a latched fault."""
        ...
