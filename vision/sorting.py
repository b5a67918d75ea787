"""Which marks stay: no echoes of others, none without ground of its own, and odd spots besides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import SURE, Mark
from vision.weighing import DOUBTED, SUPPOSED

Floats = NDArray[np.float32]

_CERTAIN_FROM = 0.87
_UNEXPLAINED_PX = 8.0
_ECHO = 0.8
_LEAST_PART, _PART, _SPECK = 0.4, 0.9, 0.15
_PARTS = 3.0
_LARGER = 1.3
_BEYOND, _TOUCHING = 2.0, 0.1
_UNLIKELY, _UNLIKELY_SIZE = 0.31, 1.6
_SAME_THING = 0.3
_OF_A_SIZE, _LIGHT_WITHIN = 1.25, 1.6
_RAISED, _OWN = 1.5, 0.05
"""How far a raised rim reaches, in radii, and the share of odd pixels that makes a mark."""


def without_echoes(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks without those that are but a part of a certain one, or glare at its rim.

    Nobody would indent there anyway: it is within the other one's clearance.
    """
    sure = [mark for mark in marks if mark.certain]
    return [mark for mark in marks if not any(_echoes(mark, other) for other in sure)]


def _echoes(mark: Mark, other: Mark) -> bool:
    size, away = mark.diameter / other.diameter, mark.centre.distance(other) / other.diameter
    if mark.certain:
        # The surer one stays: a large circle through several marks may be certain by mistake.
        return mark.confidence < other.confidence and (
            (_LEAST_PART < size < _PART and away < 0.5) or (size < _SPECK and away < _ECHO)
        )
    return size < (_UNLIKELY_SIZE if mark.confidence < _UNLIKELY else 1.0) and 0 < away < _ECHO


def called(mark: Mark) -> Mark:
    """Return the mark, in doubt unless both nets together are far surer of it than not."""
    return (
        mark
        if mark.confidence >= _CERTAIN_FROM
        else replace(mark, confidence=min(mark.confidence, DOUBTED))
    )


def of_account(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks without the unlikely ones that are but a part of another doubtful one.

    Nothing is lost by it: the larger keeps all the room that the smaller would keep.
    """
    doubtful = [mark for mark in marks if not mark.certain]
    unlikely = [mark for mark in doubtful if mark.confidence < _UNLIKELY]
    parts = {mark for mark in unlikely if any(_holds(other, mark) for other in doubtful)}
    return [mark for mark in marks if mark not in parts]


def _holds(large: Mark, small: Mark) -> bool:
    near = large.centre.distance(small) < min(large.diameter / 2, large.diameter - small.diameter)
    return near and small.diameter < large.diameter < _PARTS * small.diameter


def with_ground_of_their_own(marks: Sequence[Mark], odd: Image, frame: Frame) -> list[Mark]:
    """Return the marks without circles that show nothing but the surer, smaller mark in them."""
    left = []
    for mark in marks:
        within = [other for other in marks if _bears(mark, other)]
        if mark.confidence >= SURE or not within or _own_share(mark, within, odd, frame) > _OWN:
            left.append(mark)
    return left


def _bears(mark: Mark, other: Mark) -> bool:
    surer, smaller = other.confidence >= SURE, other.diameter < mark.diameter
    return surer and smaller and mark.centre.distance(other) < mark.diameter / 2


def _own_share(mark: Mark, others: Sequence[Mark], odd: Image, frame: Frame) -> float:
    """Return how much of a mark's face is odd without these others and their raised rims."""
    alone = np.zeros_like(odd)
    _fill(alone, mark, 1.0, frame, 255)
    for other in others:
        _fill(alone, other, _RAISED, frame, 0)
    return cv2.countNonZero(cv2.bitwise_and(alone, odd)) / max(1, cv2.countNonZero(alone))


def _fill(picture: Image, mark: Mark, share: float, frame: Frame, grey: int) -> None:
    column, row = frame.to_px(mark.x, mark.y)
    radius = mark.diameter / 2 * share * frame.px_per_mm
    cv2.circle(picture, (round(column), round(row)), math.ceil(radius), (grey,), -1)


def unexplained(spots: Floats, marks: Sequence[Mark], odd: Image, frame: Frame) -> list[Mark]:
    """Return the odd spots in which no mark was found, as doubtful marks.

    A mark that is not sure does not explain a spot that is larger: it may be two that touch.
    A sure one does, unless the spot goes on beyond its raised rim.
    """
    left: list[Mark] = []
    for column, row, radius in spots.tolist():
        if 2 * radius < _UNEXPLAINED_PX:
            continue
        place = frame.to_mm(column, row)
        spot = Mark(place.x, place.y, 2 * radius / frame.px_per_mm, SUPPOSED)
        near = [mark for mark in [*marks, *left] if _meets(mark, spot)]
        sure = [mark for mark in near if mark.confidence >= SURE]
        if any(spot.diameter < _LARGER * mark.diameter for mark in near):
            continue
        if any(spot.diameter < _BEYOND * mark.diameter for mark in sure):
            continue
        if not sure or _own_share(spot, sure, odd, frame) > _TOUCHING:
            left.append(spot)
    return left


def overlooked(
    rims: Floats, marks: Sequence[Mark], frame: Frame, *, widest: float = math.inf
) -> list[Mark]:
    """Return the rims (column, row, radius, …; px) at which no mark is, as doubtful marks.

    A doubtful mark does not stand for a rim more than `widest` times as wide: it may be the
    light within.
    """
    left: list[Mark] = []
    for column, row, radius in rims[:, :3].tolist():
        place = frame.to_mm(column, row)
        rim = Mark(place.x, place.y, 2 * radius / frame.px_per_mm, SUPPOSED)
        if not any(_takes(mark, rim, widest) for mark in [*marks, *left]):
            left.append(rim)
    return left


def of_their_size(rims: Floats, marks: Sequence[Mark], frame: Frame) -> list[Mark]:
    """Return the overlooked of these rims that are about as wide as a sure mark.

    Marks of one scale are alike: an edge of their size need not close wholly to be one. What is
    but a part of a doubtful mark keeps no room that this does not.
    """
    sure = np.array([mark.diameter for mark in marks if mark.confidence >= SURE])
    wide = 2 * rims[:, 2, None] / frame.px_per_mm
    like = rims[(np.abs(np.log(wide / sure)) < math.log(_OF_A_SIZE)).any(axis=1)]
    doubtful = [mark for mark in marks if not mark.certain]
    found = overlooked(like, marks, frame, widest=_LIGHT_WITHIN)
    return [rim for rim in found if not any(_holds(mark, rim) for mark in doubtful)]


def _takes(mark: Mark, rim: Mark, widest: float) -> bool:
    """Whether a mark is that of the rim, or a sure one of which the rim is a part or the glare."""
    away = mark.centre.distance(rim)
    if mark.certain:
        return away < _ECHO * mark.diameter or away < _SAME_THING * rim.diameter
    # A doubtful one about another centre may be this very mark with the scratch that it lies on.
    same = away < _SAME_THING * min(mark.diameter, rim.diameter)
    return same and rim.diameter < widest * mark.diameter


def _meets(mark: Mark, spot: Mark) -> bool:
    return mark.centre.distance(spot) < max(mark.diameter, spot.diameter) / 2
