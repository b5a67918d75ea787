"""Where on a block a close-up is taken, and what else comes into view: rim, marks, writing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vision.geometry import Outline, Point
from vision.rendering.chance import (
    Wish,
    likely_ball,
    random_dent,
    random_outline,
    random_writings,
)
from vision.rendering.dents import Dent
from vision.rendering.writing import Writing

_ALONE: Final = 0.35
_MOST: Final = 6
_NEAREST: Final = 2.3
"""Old indentations keep 3 d from each other, measured ones somewhat less."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place `at` of a block's surface, mm in the block frame, and the writing in view."""

    outline: Outline
    at: Point
    writings: tuple[Writing, ...]


def random_site(wide: float, reach: float, rng: np.random.Generator) -> Site:
    """Return a place where an indentation `wide` mm may be, seen up to `reach` mm from it."""
    outline = random_outline(rng)
    writings = random_writings(outline, Wish(), rng)
    inset = max(1.2 * wide, 1.2)
    covered = [disc for writing in writings for disc in writing.region.discs]
    at = Point(0.0, 0.0)
    for _ in range(20):
        x, y = rng.uniform(-1, 1, 2) * (outline.half_width - inset, outline.half_height - inset)
        place = Point(float(x), float(y))
        free = all(place.distance(d.centre) > d.radius + 0.8 * wide for d in covered)
        if free and outline.inset_contains(place, inset):
            at = place
            break
    seen = tuple(
        writing
        for writing in writings
        if any(at.distance(d.centre) < d.radius + 1.5 * reach for d in writing.region.discs)
    )
    return Site(outline, at, seen)


def neighbours(
    site: Site, like: Dent | None, wide: float, reach: float, rng: np.random.Generator
) -> tuple[Dent, ...]:
    """Return the other indentations around a place: `like` the one there, by the same indenter.

    Where there is none, they are `wide` mm or so, of any indenter that leaves that.
    """
    if rng.random() < _ALONE:
        return ()
    ball = like.ball if like else likely_ball(wide, rng)
    pattern = like or random_dent(0.0, 0.0, wide, ball, rng)
    nearest = _NEAREST * wide
    found: list[Dent] = []
    for _ in range(int(rng.integers(1, _MOST + 1))):
        angle = rng.uniform(0, 2 * math.pi)
        away = rng.uniform(nearest, max(nearest, reach) + 2.0)
        x, y = site.at.x + away * math.cos(angle), site.at.y + away * math.sin(angle)
        place = Point(float(x), float(y))
        apart = all(place.distance(other.centre) > nearest for other in found)
        if apart and site.outline.inset_contains(place, 0.8 * wide):
            size = wide * float(rng.uniform(0.94, 1.06))
            found.append(replace(pattern, x=place.x, y=place.y, diameter=size))
    return tuple(found)
