"""Parts of a test surface that no indentation may touch: damage, engraving, a label."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Point


@dataclass(frozen=True, slots=True)
class KeepOut:
    """All places within `reach` mm of a shape whose corners are given; block frame, mm.

    One corner is a disc, two are a strip (a scratch), three or more a simple polygon
    with its inside (an engraving, a rusty patch). `reason` says to a person what is there.
    Raises ValueError without a corner or with anything that is not a finite number.
    """

    corners: tuple[Point, ...]
    reach: float = 0.0
    reason: str = "damaged"

    def __post_init__(self) -> None:
        values = [self.reach, *(value for point in self.corners for value in (point.x, point.y))]
        if not self.corners or not all(map(math.isfinite, values)) or self.reach < 0:
            raise ValueError(f"not a part of a surface: {self}")

    @classmethod
    def disc(cls, centre: Point, radius: float, reason: str = "damaged") -> KeepOut:
        """Return the round part of this radius, mm."""
        return cls((centre,), radius, reason)

    @property
    def is_disc(self) -> bool:
        """Whether this is the surroundings of a single point."""
        return len(self.corners) == 1

    def sides(self) -> Iterator[tuple[Point, Point]]:
        """Yield the ends of every side; a disc has one of no length."""
        count = len(self.corners)
        if count < 3:
            yield self.corners[0], self.corners[-1]
            return
        yield from itertools.pairwise((*self.corners, self.corners[0]))

    def distance(self, point: Point) -> float:
        """Return the distance from a point to the part, mm; 0 inside."""
        if self._surrounds(point):
            return 0.0
        nearest = min(_to_side(point, start, end) for start, end in self.sides())
        return max(0.0, nearest - self.reach)

    def _surrounds(self, point: Point) -> bool:
        inside = False
        for a, b in self.sides() if len(self.corners) > 2 else ():
            if (a.y > point.y) != (b.y > point.y):
                crossing = a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
                inside ^= point.x < crossing
        return inside

    def clear_of(self, places: NDArray[np.float64], distance: float) -> NDArray[np.bool_]:
        """Tell for each place (n, 2) whether it is at least `distance` mm away, shape (n,)."""
        off, inside = self.nearest(places)
        clear: NDArray[np.bool_] = (off * off).sum(axis=1) >= (distance + self.reach) ** 2
        return clear & ~inside

    def nearest(self, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return for each place the way to it from the nearest side, (n, 2), and if it is inside.

        The sides are those of the shape itself, `reach` left out.
        """
        least = np.full(len(places), np.inf)
        ways = np.zeros_like(places)
        inside = np.zeros(len(places), np.bool_)
        for a, b in self.sides():
            along = np.array([b.x - a.x, b.y - a.y])
            off = places - (a.x, a.y)
            share = np.clip(off @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
            way = off - share[:, None] * along
            square = (way * way).sum(axis=1)
            ways[square < least] = way[square < least]
            least = np.minimum(least, square)
            if len(self.corners) > 2 and a.y != b.y:
                crosses = (a.y > places[:, 1]) != (b.y > places[:, 1])
                at = a.x + (places[:, 1] - a.y) / (b.y - a.y) * (b.x - a.x)
                inside ^= crosses & (places[:, 0] < at)
        return ways, inside


def _to_side(point: Point, start: Point, end: Point) -> float:
    square = start.distance(end) ** 2
    if square == 0.0:  # of a side too short to have a square as well
        return point.distance(start)
    along = (point.x - start.x) * (end.x - start.x) + (point.y - start.y) * (end.y - start.y)
    share = min(1.0, max(0.0, along / square))
    foot = Point(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
    return point.distance(foot)
