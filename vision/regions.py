"""Parts of a test surface that bear no indentation: writing, damage, dirt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from vision.geometry import Mark, Point


class RegionKind(StrEnum):
    """What makes a part of a surface unusable, as far as a picture tells."""

    WRITING = "writing"
    CODE = "code"
    SCRATCH = "scratch"
    RUST = "rust"
    STAIN = "stain"
    CHIP = "chip"
    FINGERPRINT = "fingerprint"
    DUST = "dust"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True, order=True)
class Disc:
    """A round patch in the block frame, mm."""

    x: float
    y: float
    radius: float

    @property
    def centre(self) -> Point:
        """The centre of the patch, mm."""
        return Point(self.x, self.y)

    def covers(self, point: Point | Mark) -> bool:
        """Tell whether the point lies in the patch."""
        return math.hypot(self.x - point.x, self.y - point.y) <= self.radius


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a surface, covered by discs; `reason` is in words for a person.

    `area` is that of the part itself in mm², less than that of the discs.
    """

    kind: RegionKind
    discs: tuple[Disc, ...]
    area: float
    reason: str = ""

    def covers(self, point: Point | Mark) -> bool:
        """Tell whether the point lies in one of the discs."""
        return any(disc.covers(point) for disc in self.discs)

    @property
    def middle(self) -> Point:
        """The mean of the discs' centres, mm."""
        count = len(self.discs)
        return Point(sum(d.x for d in self.discs) / count, sum(d.y for d in self.discs) / count)
