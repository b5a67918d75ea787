"""What became of an attempt to deliver, as values. Only a receiver's word counts as arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Assurance = Literal["keys", "look-up", "none"]
"""How a second sending is kept harmless: the receiver keeps our keys; we can ask for them; not."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The receiver has it; ``receipt`` is what it calls it."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver will not take it as it is: sending it again changes nothing."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not arrive; ``after_s`` is the receiver's own wish when to try again."""

    why: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have arrived: the answer was lost, or says nothing reliable."""

    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """It lies with the receiver, who has not said yet whether it is accepted."""

    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The receiver says reliably that it has nothing under this key."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The receiver cannot be asked now, or its answer cannot be trusted."""

    why: str


Outcome: TypeAlias = Arrived | Refused | NotSent | Uncertain | Waiting
Finding: TypeAlias = Arrived | Absent | Refused | Waiting | CannotTell | Uncertain
