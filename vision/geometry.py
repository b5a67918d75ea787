"""Shapes on a block's test surface, in millimetres.

The block frame has its origin in the centre of the surface, x to the right and
y up as seen from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A place in the block frame, mm."""

    x: float
    y: float

    def distance(self, other: Point | Mark) -> float:
        """Return the distance between the two centres, mm."""
        return math.hypot(self.x - other.x, self.y - other.y)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """An indentation: centre and diameter in mm, confidence from 0 to 1.

    Below `CERTAIN` a mark may be dirt or a scratch. It still occupies its place.
    """

    x: float
    y: float
    diameter: float
    confidence: float = 1.0

    @property
    def centre(self) -> Point:
        """The centre of the mark, mm."""
        return Point(self.x, self.y)

    @property
    def certain(self) -> bool:
        """Whether this is an indentation beyond reasonable doubt."""
        return self.confidence >= CERTAIN


CERTAIN = 0.6
"""From this confidence on a mark is taken for an indentation."""

SURE = 0.75
"""From this confidence on, a mark explains whatever else is seen at its place."""


@dataclass(frozen=True, slots=True)
class Round:
    """A circular test surface of the given diameter, mm."""

    diameter: float

    @property
    def half_width(self) -> float:
        """Half of the extent along x, mm."""
        return self.diameter / 2

    @property
    def half_height(self) -> float:
        """Half of the extent along y, mm."""
        return self.diameter / 2

    def distance_to_rim(self, point: Point | Mark) -> float:
        """Return the distance to the rim, mm; negative outside of the surface."""
        return self.diameter / 2 - math.hypot(point.x, point.y)

    def inset_contains(self, point: Point | Mark, inset_mm: float) -> bool:
        """Tell whether the point lies on the surface, at least `inset_mm` from the rim."""
        return self.distance_to_rim(point) >= inset_mm


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangular test surface with its sides along x (width) and y (height), mm."""

    width: float
    height: float

    @property
    def half_width(self) -> float:
        """Half of the extent along x, mm."""
        return self.width / 2

    @property
    def half_height(self) -> float:
        """Half of the extent along y, mm."""
        return self.height / 2

    def distance_to_rim(self, point: Point | Mark) -> float:
        """Return the distance to the nearest side, mm; negative outside of the surface.

        Outside it is the distance beyond the side that is overstepped most.
        """
        return min(self.half_width - abs(point.x), self.half_height - abs(point.y))

    def inset_contains(self, point: Point | Mark, inset_mm: float) -> bool:
        """Tell whether the point lies on the surface, at least `inset_mm` from every side."""
        return self.distance_to_rim(point) >= inset_mm


Outline = Round | Rectangle
"""The rim of a test surface."""
