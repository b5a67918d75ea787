"""The signs that a picture of a plan is made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vision.geometry import Mark, Outline, Point
from vision.keep_out import KeepOut
from vision.pen import Colour, Pen, between

_GREY: Colour = (150, 150, 150)
_DOUBT: Colour = (60, 170, 235)
_BLUE: Colour = (200, 105, 20)
_GREEN: Colour = (80, 145, 25)
_WHITE: Colour = (255, 255, 255)
_PALE: Colour = (230, 225, 220)
_LIMIT: Colour = (150, 130, 95)
_DISC_PX = 13.0
_AVOIDED: Colour = (70, 70, 225)
_ENOUGH_MM = 2.5


def draw_limit(pen: Pen, outline: Outline, edge_mm: float) -> None:
    """Draw the dashed line inside of which the positions lie."""
    pen.limit(outline, edge_mm, _LIMIT)


def draw_avoided(pen: Pen, shape: KeepOut) -> None:
    """Tint a part of the surface that no indentation may touch."""
    pen.shade(shape.corners, shape.reach, _AVOIDED, 0.35)


def draw_old(pen: Pen, mark: Mark) -> None:
    """Draw the ring around an old indentation: grey, orange where it is doubtful."""
    radius = mark.diameter / 2 + _px(pen, 6)
    pen.ring(mark.centre, radius, _WHITE, 3)
    pen.ring(mark.centre, radius, _GREY if mark.certain else _DOUBT, 2)


def draw_way(pen: Pen, positions: Sequence[Point]) -> None:
    """Draw the way from disc to disc; the discs themselves stay clear."""
    clear = _px(pen, _DISC_PX + 2)
    for start, end in pairwise(positions):
        length = start.distance(end)
        if length > 2 * clear:
            ends = [between(start, end, part / length) for part in (clear, length - clear)]
            pen.line(ends[0], ends[1], _BLUE)


def draw_planned(pen: Pen, place: Point, name: str) -> None:
    """Draw the blue disc of a position that is still to be indented."""
    pen.ring(place, _px(pen, _DISC_PX + 2), _WHITE, -1)
    pen.ring(place, _px(pen, _DISC_PX), _BLUE, -1)
    pen.text(name, place, _WHITE)


def draw_spare(pen: Pen, place: Point, name: str) -> None:
    """Draw the thin circle of a spare position."""
    pen.ring(place, _px(pen, _DISC_PX), _PALE, -1)
    pen.ring(place, _px(pen, _DISC_PX), _BLUE, 1)
    pen.text(name, place, _BLUE, size=0.4)


def draw_made(
    pen: Pen, place: Point, name: str, reading: str, diameter: float, crowd: Sequence[Point]
) -> None:
    """Draw a ring, so that the indentation stays in sight, a badge and the reading.

    `diameter` is that of the indentation found there, mm, 0 if none; `crowd` are the
    places that the reading had better not cover.
    """
    radius = max(_px(pen, _DISC_PX), diameter / 2 + _px(pen, 6))
    pen.ring(place, radius, _WHITE, 4)
    pen.ring(place, radius, _GREEN, 2)
    aside = 0.7 * radius + _px(pen, 5)
    badge = Point(place.x - aside, place.y + aside)
    pen.ring(badge, _px(pen, 11), _WHITE, -1)
    pen.ring(badge, _px(pen, 10), _GREEN, -1)
    pen.text(name, badge, _WHITE, size=0.4)
    shift = _label_shift(pen, place, radius, crowd)
    pen.text(reading, place, _GREEN, size=0.55, shift_px=shift, halo=_WHITE)


def _label_shift(
    pen: Pen, place: Point, radius: float, crowd: Sequence[Point]
) -> tuple[float, float]:
    """Return where the reading goes, px: below the ring, or beside it if that is clearer."""
    clear = radius * pen.frame.px_per_mm

    def room(shift: tuple[float, float]) -> float:
        label = Point(place.x + _px(pen, shift[0]), place.y - _px(pen, shift[1]))
        nearest = min((label.distance(other) for other in crowd), default=_ENOUGH_MM)
        return min(nearest, _ENOUGH_MM)

    return max((0.0, clear + 15), (clear + 30, 0.0), (clear + 20, clear + 8), key=room)


def _px(pen: Pen, pixels: float) -> float:
    """Return the length in mm of so many pixels of the drawing."""
    return pixels / pen.frame.px_per_mm
