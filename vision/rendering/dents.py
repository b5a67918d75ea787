"""Indentations as their slopes: cone with its rounded tip, or ball; rim and pile-up.

Geometry: a cone of 120° with a tip of 0.2 mm radius touches it at 0.1 mm from the axis
(ISO 6508-1); a ball is a ball. Elastic recovery makes both a little flatter. How much
the rim piles up is an assumption (2 to 6 % of the depth, more for soft metal), drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.geometry import Mark, Point
from vision.rendering.slopes import Floats, Slopes

CONE = "cone"
BALL = "ball"

_TIP_MM = 0.2
_TANGENT_MM = 0.1
_FLANK = math.tan(math.radians(30))
_STEEPEST = 1.3


@dataclass(frozen=True, slots=True)
class Dent:
    """An indentation in the block frame, mm.

    `ball` is the diameter of the ball, 0 for the diamond cone. `recovery` is the factor on
    the slopes after unloading, `pile_up` the height of the raised rim over the depth (it is
    negative where the rim sinks in), `edge` the roundness of the rim over the radius,
    `oval` how much longer one axis is than the other, along `oval_turn` (rad).
    """

    x: float
    y: float
    diameter: float
    ball: float = 0.0
    recovery: float = 0.92
    pile_up: float = 0.03
    edge: float = 0.04
    oval: float = 0.0
    oval_turn: float = 0.0

    @property
    def centre(self) -> Point:
        """Where it is, mm."""
        return Point(self.x, self.y)

    @property
    def mark(self) -> Mark:
        """What a finder should report of it."""
        return Mark(self.x, self.y, self.diameter)

    @property
    def depth(self) -> float:
        """How deep it is without its recovery, mm."""
        radius = self.diameter / 2
        if self.ball:
            half = self.ball / 2
            return half - math.sqrt(max(half * half - radius * radius, 0.0))
        if radius <= _TANGENT_MM:
            return _TIP_MM - math.sqrt(_TIP_MM**2 - radius**2)
        return (radius - _TANGENT_MM) * _FLANK + _TIP_MM * (1 - math.cos(math.radians(30)))

    @property
    def flank(self) -> Floats:
        """The slopes met on the way from the centre to the rim."""
        share = np.linspace(0.05, 1.0, 20, dtype=np.float32)
        return _profile(self, np.float32(self.diameter / 2) * share)[0]

    @property
    def reach(self) -> float:
        """Distance from the centre beyond which nothing of it is to be seen, mm."""
        return 0.5 * self.diameter * (1.75 + 3 * self.edge)


def press(slopes: Slopes, dents: Sequence[Dent], place: Places) -> None:
    """Add the slopes of the dents to a surface whose pixels lie at `place`."""
    for dent in dents:
        _press(slopes, dent, place)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the pixels of a window lie relative to the block, mm: x right, y up, turned back."""

    x: Floats
    y: Floats
    turn: float


def places(
    columns: Floats, rows: Floats, centre: tuple[float, float], scale: float, turn: float
) -> Places:
    """Return the places of pixels; `centre` is the column and row of the block's centre."""
    right = ((columns - np.float32(centre[0])) / np.float32(scale))[None, :]
    up = ((np.float32(centre[1]) - rows) / np.float32(scale))[:, None]
    cosine, sine = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    return Places(right * cosine + up * sine, up * cosine - right * sine, turn)


def _press(slopes: Slopes, dent: Dent, place: Places) -> None:
    dx, dy = place.x - np.float32(dent.x), place.y - np.float32(dent.y)
    distance = np.sqrt(dx * dx + dy * dy)
    away = np.maximum(distance, np.float32(1e-6))
    if dent.oval:
        angle = np.arctan2(dy, dx) - np.float32(dent.oval_turn)
        distance = distance * (1 - np.float32(dent.oval / 2) * np.cos(2 * angle))
    steep, inside = _profile(dent, distance)
    # Burnished by the indenter: less texture within.
    slopes.p *= 1 - 0.6 * inside
    slopes.q *= 1 - 0.6 * inside
    across, along = steep * dx / away, steep * dy / away
    cosine, sine = np.float32(math.cos(place.turn)), np.float32(math.sin(place.turn))
    slopes.p += across * cosine - along * sine
    slopes.q += across * sine + along * cosine


def _profile(dent: Dent, distance: Floats) -> tuple[Floats, Floats]:
    """Return the outward slope by the distance from the centre, and 1 inside … 0 outside."""
    radius = np.float32(dent.diameter / 2)
    soft = np.float32(max(dent.edge, 0.01)) * radius
    inside = (1 / (1 + np.exp(np.clip((distance - radius) / (0.5 * soft), -30, 30)))).astype(
        np.float32
    )
    curve = np.float32(dent.ball / 2 if dent.ball else _TIP_MM)
    share = np.minimum(distance / curve, np.float32(0.93))
    slope = share / np.sqrt(1 - share * share)
    if not dent.ball:
        slope = np.where(distance <= _TANGENT_MM, slope, np.float32(_FLANK))
    slope = np.minimum(slope, np.float32(_STEEPEST)) * np.float32(dent.recovery) * inside
    # The raised rim: steep on its inner side, fading outwards.
    height = np.float32(dent.pile_up * dent.depth)
    wide = np.float32(0.22) * radius + soft
    crest = radius + np.float32(0.4) * wide
    away = (distance - crest) / wide
    slope -= height * 2 * away / wide * np.exp(-away * away)
    return slope.astype(np.float32, copy=False), inside
