"""Drawing in millimetres on a photograph, with lines between the pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.frame import Frame, Image
from vision.geometry import Outline, Point, Round

Colour = tuple[int, int, int]
"""Blue, green, red."""

_FINE_BITS = 4
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws on `canvas` (BGR, changed in place) in the millimetre frame given."""

    canvas: Image
    frame: Frame

    def ring(self, centre: Point, radius_mm: float, colour: Colour, width: int = 1) -> None:
        """Draw a circle around a point; a width of -1 fills it."""
        radius = round(max(radius_mm * self.frame.px_per_mm, 1.0) * (1 << _FINE_BITS))
        cv2.circle(self.canvas, self._fine(centre), radius, colour, width, cv2.LINE_AA, _FINE_BITS)

    def line(self, start: Point, end: Point, colour: Colour, width: int = 1) -> None:
        """Draw a straight line."""
        ends = self._fine(start), self._fine(end)
        cv2.line(self.canvas, *ends, colour, width, cv2.LINE_AA, _FINE_BITS)

    def dashed(self, points: Sequence[Point], colour: Colour, dash_mm: float = 0.9) -> None:
        """Draw a dashed way through the points; the dashes run on round the corners."""
        run = 0.0
        for start, end in itertools.pairwise(points):
            run = self._dashes(start, end, colour, dash_mm, run)

    def _dashes(self, start: Point, end: Point, colour: Colour, dash: float, run: float) -> float:
        length = start.distance(end)
        at = -(run % (2 * dash))
        while at < length:
            here, there = max(at, 0.0), min(at + dash, length)
            if there > here:
                ends = [between(start, end, part / length) for part in (here, there)]
                self.line(ends[0], ends[1], colour)
            at += 2 * dash
        return run + length

    def shade(
        self, corners: Sequence[Point], reach_mm: float, colour: Colour, share: float
    ) -> None:
        """Tint all within `reach_mm` of a point, a line or a polygon and its inside."""
        part = np.zeros(self.canvas.shape[:2], np.uint8)
        around = max(1, round(2 * reach_mm * self.frame.px_per_mm))
        places = np.array([self._fine(corner) for corner in corners], np.int32)
        cv2.fillPoly(part, [places], (255,), cv2.LINE_8, _FINE_BITS)
        cv2.polylines(part, [places], True, (255,), around, cv2.LINE_8, _FINE_BITS)
        here = part > 0
        tinted = (1 - share) * self.canvas[here] + share * np.array(colour, np.float64)
        self.canvas[here] = tinted.astype(np.uint8)

    def limit(self, outline: Outline, inset_mm: float, colour: Colour) -> None:
        """Draw the dashed line that runs `inset_mm` inside of the outline."""
        x, y = outline.half_width - inset_mm, outline.half_height - inset_mm
        if min(x, y) <= 0:
            return
        corners = [Point(-x, -y), Point(x, -y), Point(x, y), Point(-x, y), Point(-x, -y)]
        if isinstance(outline, Round):
            angles = (math.radians(a) for a in range(0, 361, 2))
            corners = [Point(x * math.cos(a), y * math.sin(a)) for a in angles]
        self.dashed(corners, colour)

    def text(
        self,
        words: str,
        at: Point,
        colour: Colour,
        *,
        size: float = 0.5,
        shift_px: tuple[float, float] = (0.0, 0.0),
        halo: Colour | None = None,
    ) -> None:
        """Write ASCII words centred on a point, or `shift_px` (right, down) off it."""
        (width, height), _ = cv2.getTextSize(words, _FONT, size, 1)
        column, row = self.frame.to_px(at.x, at.y)
        left = round(column + shift_px[0] - width / 2)
        base = round(row + shift_px[1] + height / 2)
        if halo is not None:
            cv2.putText(self.canvas, words, (left, base), _FONT, size, halo, 4, cv2.LINE_AA)
        cv2.putText(self.canvas, words, (left, base), _FONT, size, colour, 1, cv2.LINE_AA)

    def _fine(self, point: Point) -> tuple[int, int]:
        column, row = self.frame.to_px(point.x, point.y)
        return round(column * (1 << _FINE_BITS)), round(row * (1 << _FINE_BITS))


def between(start: Point, end: Point, share: float) -> Point:
    """Return the point at that share (0 … 1) of the way from start to end."""
    return Point(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
