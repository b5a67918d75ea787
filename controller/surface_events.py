"""What pictures tell of a block, as events; lengths are mm in the block frame.

A picture can be read better in time: what older programs did not look for has a default
that says so, and their journals fold as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.event_parts import Event, Spot


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the face that no indentation may touch: all within `reach` of a shape.

    One corner is a disc, two are a strip, more a polygon with its inside; `kind` says what
    is there, as `vision.regions.RegionKind` names it.
    """

    kind: str
    corners: tuple[Spot, ...]
    reach: float


@dataclass(frozen=True, slots=True)
class SurfaceSeen(Event):
    """A picture was taken and read: ``picture`` is the SHA-256 of the kept image.

    ``calibration`` is the digest of the file that its millimetres come from. A picture
    from before any indentation also tells ``patches`` to be kept clear of, the
    ``condition`` of the face ("" where nobody looked), whether its test face is up, and
    the ``codes`` read on it.
    """

    block: str
    purpose: Literal["before", "after", "doubt"]
    picture: str
    shape: str
    width_mm: float
    depth_mm: float
    marks: tuple[Spot, ...]
    calibration: str = ""
    patches: tuple[Patch, ...] = ()
    condition: str = ""
    face_up: bool = True
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindTold(Event):
    """What made the old indentations, as far as they show it, and that the order agrees.

    ``kind`` is what the classifier decided, "" where it was not sure; ``likeliest`` and
    ``confidence`` are its best guess. ``possible`` could not be excluded. ``looked`` is at
    how many marks, ``diameter_mm`` their median, 0 where too few tell one. ``doubt`` says
    what spoke against the order, "" for nothing; a person is asked about it.
    """

    block: str
    kind: str
    likeliest: str
    confidence: float
    possible: tuple[str, ...]
    looked: int
    diameter_mm: float
    doubt: str


@dataclass(frozen=True, slots=True)
class DoubtWaived(Event):
    """The block goes on in spite of a doubt of that kind, as was decided."""

    block: str
    kind: str
    by: str


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """Where the block will be indented: positions in visiting order, then spares.

    ``damage_mm`` is kept from patches, ``later`` is how many more verifications the face
    can carry after this one (-1: not told).
    """

    block: str
    positions: tuple[Spot, ...]
    spares: tuple[Spot, ...]
    pitch_mm: float
    edge_mm: float
    margin_mm: float
    covering_radius_mm: float
    damage_mm: float = 0.0
    later: int = -1


@dataclass(frozen=True, slots=True)
class IndentsSeen(Event):
    """The second picture confirms where each indentation is: offset from the plan in mm.

    ``changes`` are places that differ from the first picture and are no indentation of
    ours; ``compared``: the two pictures were laid over each other to find them.
    """

    block: str
    offsets_mm: tuple[float, ...]
    missing: tuple[int, ...]
    unexpected: tuple[Spot, ...]
    changes: tuple[Spot, ...] = ()
    compared: bool = False
