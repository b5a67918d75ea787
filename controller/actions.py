"""What a cell can do next, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class MoveBlock:
    """Bring a block from one place to another, or finish doing so."""

    block: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class StandBy:
    """Wait over a place, so that the next transfer starts from there."""

    place: str


@dataclass(frozen=True, slots=True)
class Indent:
    """Indent a block at one of its positions; ``duty`` names a seating or check."""

    block: str
    position: int
    duty: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """Read identity and dimensions at the sizing stage."""

    block: str


@dataclass(frozen=True, slots=True)
class Photograph:
    """Take a picture at the vision station and draw the conclusions."""

    block: str
    purpose: Literal["before", "after", "doubt"]


@dataclass(frozen=True, slots=True)
class Judge:
    """Reach the verdict on a block."""

    block: str


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """Compare the check block with its certified value."""

    duty: str


@dataclass(frozen=True, slots=True)
class OpenTray:
    """Read the slot map and set the duties that come before the first block."""


@dataclass(frozen=True, slots=True)
class CloseDay:
    """Set the closing check: every block of the tray has its place."""


@dataclass(frozen=True, slots=True)
class FinishTray:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person about a block, by the policy for this kind of trouble."""

    kind: str
    block: str


Action: TypeAlias = (
    MoveBlock
    | StandBy
    | Indent
    | Measure
    | Photograph
    | Judge
    | JudgeCheck
    | OpenTray
    | CloseDay
    | FinishTray
    | Ask
)
