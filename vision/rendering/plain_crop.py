"""Close-ups in the plain look of the simulated station, for the classifier of indentations."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vision.frame import Image
from vision.geometry import Mark, Point, Rectangle
from vision.rendering.plain import render_surface

_SIDE_MM: Final = 14.0
_ALONE: Final = 0.35
_WANDER_MM: Final = 0.1


def render_plain_crop(
    diameter: float,
    *,
    ball: bool,
    bears: bool,
    px_per_mm: float,
    size_px: int,
    rng: np.random.Generator,
) -> Image:
    """Return a grey picture (size_px, size_px), up to 9 mm wide, of one place as the cell sees it.

    It lies within 0.1 mm of the middle and is `diameter` mm wide; `bears` tells whether there
    is an indentation at all, `ball` what made it and those around. The plain look does not
    show which ball.
    """
    place = Point(*rng.uniform(-3.5, 3.5, 2).tolist())
    marks = _around(place, diameter, rng)
    if bears:
        off = rng.uniform(-_WANDER_MM, _WANDER_MM, 2).tolist()
        marks.append(Mark(place.x + off[0], place.y + off[1], diameter))
    # Drawn so that the place is in the middle of the picture, and the picture cut out of it.
    whole = render_surface(
        Rectangle(_SIDE_MM, _SIDE_MM),
        marks,
        px_per_mm=px_per_mm,
        offset=Point(-place.x, -place.y),
        seed=int(rng.integers(2**31)),
        bowls=marks if ball else (),
    )
    top, left = ((side - size_px) // 2 for side in whole.shape)
    return np.ascontiguousarray(whole[top : top + size_px, left : left + size_px])


def _around(place: Point, diameter: float, rng: np.random.Generator) -> list[Mark]:
    """Return other indentations of the same size."""
    found: list[Mark] = []
    if rng.random() < _ALONE:
        return found
    for _ in range(int(rng.integers(1, 7))):
        angle, away = rng.uniform(0, 2 * math.pi), rng.uniform(2.5 * diameter, 2.5 * diameter + 5)
        mark = Mark(
            place.x + float(away * math.cos(angle)),
            place.y + float(away * math.sin(angle)),
            diameter * float(rng.uniform(0.96, 1.04)),
        )
        inside = max(abs(mark.x), abs(mark.y)) < _SIDE_MM / 2 - diameter
        if inside and all(mark.centre.distance(m) > 2.5 * diameter for m in found):
            found.append(mark)
    return found
