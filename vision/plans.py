"""What a plan is, and what it has to keep clear of."""

from __future__ import annotations

from dataclasses import dataclass

from vision.geometry import Mark, Point
from vision.keep_out import KeepOut

PITCH_DIAMETERS = 4.0
"""Distance to a larger old indentation, in diameters of that one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a block will be indented, in the order of the path; block frame, mm.

    `spares` keep every clearance to the positions and to each other.
    `covering_radius` is the largest distance from a place of the usable surface (inside
    the rim clearance and outside of the damage; what old indentations occupy belongs to
    it) to the nearest position. `min_clearance` is how much the tightest of all clearances
    has left over what was demanded, margin included; never negative. `later` is how many
    more verifications of this kind the surface can carry after this one.
    """

    positions: tuple[Point, ...]
    spares: tuple[Point, ...]
    covering_radius: float
    min_clearance: float
    later: int = 0


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The block cannot take the indentations: the most positions found at once, and why.

    `places` are those positions, mm.
    """

    found: int
    needed: int
    reason: str
    places: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Demands:
    """The clearances of one plan, mm: centre to centre, centre to rim, undetectable error.

    `margin` is added to every one of the others. No centre comes nearer than `damage`
    to one of the regions in `avoid`.
    """

    pitch: float
    edge: float
    margin: float
    avoid: tuple[KeepOut, ...] = ()
    damage: float = 0.0

    @property
    def between(self) -> float:
        """The least distance between two new indentations, mm."""
        return self.pitch + self.margin

    @property
    def lasting(self) -> float:
        """The distance at which two planned places stay usable after each other, mm.

        An indentation lies up to the margin off its place; its neighbour must keep the
        whole clearance from where it really is.
        """
        return self.pitch + 2 * self.margin

    @property
    def to_rim(self) -> float:
        """The least distance from a new indentation to the rim, mm."""
        return self.edge + self.margin

    @property
    def to_damage(self) -> float:
        """The least distance from a new indentation to a region to be avoided, mm."""
        return self.damage + self.margin

    def to_mark(self, mark: Mark) -> float:
        """Return the least distance from a new indentation to an old one, mm."""
        return max(self.pitch, PITCH_DIAMETERS * mark.diameter) + self.margin
