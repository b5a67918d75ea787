"""Two looks at one block: which indentations are new, and whether one is at a place.

The answers decide whether a position is used up, so doubt is never rounded away:
"absent" is said only where nothing at all was seen and would have been seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vision.finder import Surface
from vision.geometry import Mark, Point


@dataclass(frozen=True, slots=True)
class Made:
    """An expected position with the new mark found there; `error` is their distance, mm."""

    expected: Point
    mark: Mark
    error: float


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the picture after says about the indentations that were to be made.

    `made` and `missing` share out the expected positions, in their order.
    `unexpected` marks are new at another place; `vanished` ones were there before
    and are not any more (another block, or a slip of the finder).
    """

    made: tuple[Made, ...]
    missing: tuple[Point, ...]
    unexpected: tuple[Mark, ...]
    vanished: tuple[Mark, ...]

    @property
    def clean(self) -> bool:
        """Whether all was made where expected and no certain mark came or went besides."""
        doubtful = any(not made.mark.certain for made in self.made)
        others = any(mark.certain for mark in self.unexpected + self.vanished)
        return not (self.missing or doubtful or others)


@dataclass(frozen=True, slots=True)
class Present:
    """An indentation is at the place, `error` mm beside it."""

    mark: Mark
    error: float


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing is at the place; the nearest mark of any kind is `nearest` mm away, if any."""

    nearest: float | None


@dataclass(frozen=True, slots=True)
class Unclear:
    """The picture does not decide it; `reason` is in words for a person."""

    reason: str


def confirm_indentations(
    before: Surface, after: Surface, expected: Sequence[Point], tolerance_mm: float
) -> Confirmation:
    """Compare the surface before and after the indentations that were expected.

    A mark within `tolerance_mm` of one before is the same mark; a new one within
    `tolerance_mm` of an expected position is the one made there. Nearest pairs first.
    """
    olds = [mark.centre for mark in before.marks]
    kept = _pairs(olds, after.marks, tolerance_mm)
    known = set(kept.values())
    new = [mark for i, mark in enumerate(after.marks) if i not in known]
    hits = _pairs(expected, new, tolerance_mm)
    used = set(hits.values())
    return Confirmation(
        made=tuple(
            Made(point, new[hits[i]], point.distance(new[hits[i]]))
            for i, point in enumerate(expected)
            if i in hits
        ),
        missing=tuple(point for i, point in enumerate(expected) if i not in hits),
        unexpected=tuple(mark for k, mark in enumerate(new) if k not in used),
        vanished=tuple(mark for i, mark in enumerate(before.marks) if i not in kept),
    )


def mark_at(
    surface: Surface, point: Point, tolerance: float, *, diameter: float | None = None
) -> Present | Absent | Unclear:
    """Tell whether an indentation is within `tolerance` mm of a point.

    A faint mark, one beside the tolerance, or a large one that covers the point leaves
    it unclear; so does a place off the surface, and an expected `diameter` (mm) that is
    too small to be seen in this picture.
    """
    if surface.outline.distance_to_rim(point) < tolerance:
        return Unclear("the place is at the rim or off the surface")
    near = [m for m in surface.marks if point.distance(m) <= max(2 * tolerance, m.diameter)]
    hits = [m for m in near if m.certain and point.distance(m) <= tolerance]
    if len(hits) == 1 and len(near) == 1:
        return Present(hits[0], point.distance(hits[0]))
    if near:
        mark = min(near, key=point.distance)
        return Unclear(
            f"{len(near)} near it, the nearest {point.distance(mark):.2f} mm away,"
            f" {mark.diameter:.2f} mm wide, confidence {mark.confidence:.2f}"
        )
    if diameter is not None and diameter < surface.detectable:
        return Unclear(f"a mark of {diameter:.2f} mm cannot be seen in this picture")
    return Absent(min(map(point.distance, surface.marks), default=None))


def _pairs(points: Sequence[Point], marks: Sequence[Mark], reach: float) -> dict[int, int]:
    """Pair points with marks at most `reach` mm apart, one to one, nearest first.

    Returns the index of the mark by the index of the point.
    """
    near = sorted(
        (distance, i, k)
        for i, point in enumerate(points)
        for k, mark in enumerate(marks)
        if (distance := point.distance(mark)) <= reach
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, k in near:
        if i not in pairs and k not in taken:
            pairs[i] = k
            taken.add(k)
    return pairs
