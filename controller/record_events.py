"""What is learnt of the tester's records beside its readings, as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from controller.event_parts import Event

Shown: TypeAlias = Literal["same", "other", "unread"]
"""What somebody found on the tester's display: the number asked for, another, or nothing."""


@dataclass(frozen=True, slots=True)
class DisplayRead(Event):
    """Somebody was asked whether the tester's display shows the number of a doubtful record.

    ``shown``: the same number, another one, or nobody has read it.
    """

    op: str
    shown: Shown
    by: str


@dataclass(frozen=True, slots=True)
class NumberRead(Event):
    """Somebody read on the tester's display which number it has counted last."""

    number: int
    by: str


@dataclass(frozen=True, slots=True)
class StrayRecord(Event):
    """A record reached the recorder and belongs to no indentation of ours; it is kept."""

    number: int
    raw: str
    received: str
    records: int
