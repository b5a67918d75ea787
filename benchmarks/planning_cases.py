"""Blocks to plan on, drawn from a seed: shapes, old indentations, damage, scales."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.keep_out import KeepOut

MARGIN_MM = 0.15
DIAMETERS = (0.14, 0.25, 0.42, 0.63, 0.87, 1.2, 1.6)
"""From the smallest superficial mark to the largest of a 3.175 mm ball, mm."""
OUTLINES = (Round(50), Round(60), Round(64), Rectangle(60, 40), Rectangle(60, 60))


@dataclass(frozen=True, slots=True)
class Case:
    """One block, what lies on it, and the diameter of the indentations to come, mm."""

    outline: Outline
    occupied: tuple[Mark, ...]
    avoid: tuple[KeepOut, ...]
    diameter: float

    @property
    def pitch(self) -> float:
        """Centre to centre, mm."""
        return max(4.4 * self.diameter, 2.0)

    @property
    def edge(self) -> float:
        """Centre to rim, mm."""
        return max(2.75 * self.diameter, 4.0)

    @property
    def damage(self) -> float:
        """Centre to damage, mm."""
        return 2.75 * self.diameter


def case(seed: int) -> Case:
    """Return the block of a seed; the first five are bare, the second five nearly so."""
    luck = random.Random(seed)
    outline = OUTLINES[seed % len(OUTLINES)]
    diameter = luck.choice(DIAMETERS)
    if seed < len(OUTLINES):
        return Case(outline, (), (), diameter)
    marks: list[Mark] = []
    for _ in range(luck.choice((5, 5, 10, 15, 20, 30, 40))):
        place = _place(luck, outline)
        mark = Mark(place.x, place.y, diameter * luck.uniform(0.95, 1.05))
        if all(place.distance(other) > 2.5 * diameter for other in marks):
            marks.append(mark)
    damaged = luck.random() < 0.4
    return Case(outline, tuple(marks), _damage(luck, outline) if damaged else (), diameter)


def _place(luck: random.Random, outline: Outline) -> Point:
    while True:
        x = luck.uniform(-outline.half_width, outline.half_width)
        y = luck.uniform(-outline.half_height, outline.half_height)
        if outline.inset_contains(Point(x, y), 3.0):
            return Point(x, y)


def _damage(luck: random.Random, outline: Outline) -> tuple[KeepOut, ...]:
    """Return a scratch, an engraving or a stain, or two of them."""
    regions = []
    for _ in range(luck.choice((1, 2))):
        at = _place(luck, outline)
        kind, turn = luck.choice(("scratched", "engraved", "stained")), luck.uniform(0, math.pi)
        way = Point(math.cos(turn), math.sin(turn))
        if kind == "stained":
            regions.append(KeepOut.disc(at, luck.uniform(1, 5), kind))
        elif kind == "scratched":
            end = Point(at.x + 12 * way.x, at.y + 12 * way.y)
            regions.append(KeepOut((at, end), 0.2, kind))
        else:
            box = ((0, 0), (10, 0), (10, 3), (0, 3))
            corners = [
                Point(at.x + a * way.x - b * way.y, at.y + a * way.y + b * way.x) for a, b in box
            ]
            regions.append(KeepOut(tuple(corners), 0.0, kind))
    return tuple(regions)
