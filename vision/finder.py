"""What lies in a picture of a block: its outline and the indentations it bears."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.circle_votes import round_things
from vision.frame import Frame, Image
from vision.geometry import CERTAIN, SURE, Mark, Outline, Point, Round
from vision.judge import the_judge
from vision.odd_spots import find_odd
from vision.regions import Region
from vision.rim import find_rim
from vision.rim_rays import sharpened
from vision.views import pyramid

Floats = NDArray[np.float32]

_RIM_MM = 0.6
"""The strip along the rim that is not searched: chamfer and its shadow."""

_DETECTABLE_PX = 4.5
LARGEST_MM = 6.6
_STARTS = (1.0, 0.65, 1.5)
_SCOUT_LEAST, _SCOUT_MOST = -6.0, 450
_JUDGE_LEAST, _JUDGE_MOST = -4.0, 180
_AT_LEAST, _CERTAIN_FROM = 0.3, 0.87
_TOO_WIDE = 1.03
_EQUAL, _ALIKE = 0.3, 1.4
_ALL_BUTSURE, _RESTLESS = 0.0025, 4.0
"""Odds are cut off at 6 (logarithmic), and one radius of unrest takes away 4."""

_LEAST_CONFIDENCE, _FAINT = 0.04, 0.2
_SAME = 0.6
_UNEXPLAINED, _UNEXPLAINED_PX = 0.1, 8.0
_ECHO = 0.8
_LEAST_PART, _PART, _SPECK = 0.4, 0.9, 0.15
_AGREE, _AS_LIKELY = 0.3, 3.0
_CENTRED, _WIDER, _AS_SURE = 0.12, 2.2, 0.97
_PARTS = 3.0
_LARGER, _DOUBTED = 1.3, CERTAIN - 0.01
_BEYOND, _TOUCHING = 1.7, 0.1
_UNLIKELY, _UNLIKELY_SIZE = 0.31, 1.6
_RIM_PX = 2.0
_RAISED, _OWN = 1.5, 0.05
"""How far a raised rim reaches, in radii, and the share of odd pixels that makes a mark."""

_COMPASS = tuple((math.cos(a), math.sin(a)) for a in (k * math.pi / 8 for k in range(16)))


@dataclass(frozen=True, slots=True)
class Surface:
    """A test surface as found in a picture.

    `centre` is the block centre relative to the image centre, mm, and `turn` how far the
    block is turned to the left, rad (0 for a round one). `marks` are in the block frame,
    sorted. Marks smaller than `detectable` (diameter, mm) may be there unseen. `regions`
    are the parts that bear no indentation, where these were looked for.
    """

    outline: Outline
    centre: Point
    marks: tuple[Mark, ...]
    detectable: float = 0.0
    turn: float = 0.0
    regions: tuple[Region, ...] = ()

    def frame(self, shape: tuple[int, ...], px_per_mm: float) -> Frame:
        """Return the block frame laid over a picture of that shape and scale."""
        return Frame.centred(shape, px_per_mm).moved(self.centre).turned(self.turn)


@dataclass(frozen=True, slots=True)
class NoBlock:
    """No test surface can be made out; `reason` says why, in words for a person."""

    reason: str


def find_surface(image: Image, *, px_per_mm: float) -> Surface | NoBlock:
    """Return the block in a grey picture, or why there is none.

    The block may lie at any angle and under any light that shows its marks. Clean
    indentations of at least 4.5 px diameter are found, surely those from 8 px on; what
    might be dirt is a mark of low confidence. A strip of 0.6 mm along the rim is left out.
    """
    if image.ndim != 2 or image.dtype != np.uint8 or min(image.shape) < 64:
        return NoBlock("not a grey picture of 8 bits")
    rim = find_rim(image, px_per_mm)
    if isinstance(rim, str):
        return NoBlock(rim)
    frame = Frame.centred(image.shape, px_per_mm).moved(rim.centre).turned(rim.turn)
    marks = find_marks(image, searched(image.shape, rim.outline, frame), frame)
    detectable = _DETECTABLE_PX / px_per_mm
    return Surface(rim.outline, rim.centre, marks, detectable, rim.turn)


def find_marks(image: Image, inside: Image, frame: Frame) -> tuple[Mark, ...]:
    """Return the indentations of a grey picture where `inside` is 255, sorted.

    Doubtful ones come with a confidence below `geometry.CERTAIN`, down to 0.04.
    """
    largest = LARGEST_MM / 2 * frame.px_per_mm
    halves = pyramid(image, largest)
    odd, odd_pixels = find_odd(image, inside, largest)
    proposed = [round_things(halves, inside, largest)[:, :3], odd]
    things, odds, unsettled = _judged(halves, np.concatenate(proposed).astype(np.float32))
    trust = _shown(_trust(odds, things, largest), things, odd_pixels)
    kept = _reported(things, trust, unsettled, inside)
    rims = sharpened(halves, inside, things[kept])
    marks = [_mark(*each, frame) for each in zip(rims, trust[kept], strict=True)]
    marks = _with_ground_of_their_own(_without_echoes(marks), odd_pixels, frame)
    marks += _unexplained(odd, marks, odd_pixels, frame)
    return tuple(sorted(_of_account([_called(mark) for mark in marks])))


def _judged(halves: Sequence[Image], proposed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what may be marks, moved onto their rims, the odds, and how far the last look moved.

    That is in radii, as the sum of shift and growth: what lies on a rim stays where it is.
    """
    judge = the_judge()
    starts = [proposed * np.array([1, 1, share], np.float32) for share in _STARTS]
    things, odds = judge.scouted(halves, np.concatenate(starts))
    worth = differing(things, odds, _SCOUT_LEAST, _SCOUT_MOST)
    before, _ = judge.judged(halves, things[worth])
    things, odds = judge.judged(halves, before)
    worth = differing(things, odds, _JUDGE_LEAST, _JUDGE_MOST)
    before, _ = judge.read(halves, _agreed(things, odds, worth))
    things, second = judge.read(halves, before)
    shift = np.hypot(*(things - before)[:, :2].T) / before[:, 2]
    unsettled = shift + np.abs(np.log(things[:, 2] / before[:, 2]))
    # What the judge has let pass the reader does not drop: it stays, if only in doubt.
    first = odds[worth]
    both = np.maximum((first + second) / 2, np.minimum(first, _log_odds(_AT_LEAST)))
    return things, both.astype(np.float32), unsettled.astype(np.float32)


def _log_odds(trust: float) -> float:
    return math.log(trust / (1 - trust))


def _trust(odds: Floats, things: Floats, largest: float) -> Floats:
    """Return the confidences of things (px).

    Below the detectable size the likely are doubtful, the rest none. What is wider than any
    indentation is doubtful: it must not stand for a mark that lies in it.
    """
    trust = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    trust = np.where(things[:, 2] > _TOO_WIDE * largest, np.minimum(trust, _FAINT), trust)
    capped = np.where(trust >= CERTAIN, _DOUBTED, 0)
    return np.where(2 * things[:, 2] < _DETECTABLE_PX, capped, trust).astype(np.float32)


def distinct(things: Floats, worth: Floats) -> NDArray[np.intp]:
    """Return which things to keep: of those about one place the worthiest, best first."""
    order, apart, _, large = _pairs(things, worth, -np.inf)
    return order[_first_of_each(apart < _SAME * large, len(things))]


def _shown(trust: Floats, things: Floats, odd: Image) -> Floats:
    """Return the confidences, none for the unlikely where no pixel differs from the face."""
    shown = trust.copy()
    for i in np.flatnonzero((trust >= _LEAST_CONFIDENCE) & (trust < _FAINT)).tolist():
        column, row, radius = things[i].tolist()
        left, top = (max(0, int(v - radius)) for v in (column, row))
        if not odd[top : int(row + radius) + 2, left : int(column + radius) + 2].any():
            shown[i] = 0
    return shown


def differing(things: Floats, odds: Floats, least: float, most: int) -> NDArray[np.intp]:
    """Return which things to look at again: nearly equal ones once, likeliest first.

    What lies one within the other stays: the likelier may yet turn out to be but a part.
    """
    order, apart, small, large = _pairs(things, odds, least)
    return order[_first_of_each((apart < _EQUAL * small) & (large < _ALIKE * small), most)]


def _pairs(
    things: Floats, odds: Floats, least: float
) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """Return the order by odds, distances, and the smaller and larger radius of each pair."""
    order = np.argsort(-odds, kind="stable")
    order = order[odds[order] >= least]
    x, y, radii = things[order].T
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    return order, apart, np.minimum(radii[:, None], radii), np.maximum(radii[:, None], radii)


def _first_of_each(same: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Return which of a sequence are not the same as one kept before."""
    kept: list[int] = []
    for i in range(len(same)):
        if not same[i, kept].any():
            kept.append(i)
            if len(kept) == most:
                break
    return np.array(kept, np.intp)


def _reported(things: Floats, trust: Floats, unsettled: Floats, inside: Image) -> NDArray[np.intp]:
    """Return which things are reported: one for each place, and none that is the block's rim."""
    likely = np.flatnonzero(trust >= _LEAST_CONFIDENCE)
    odds = np.log(trust[likely] / (1 - trust[likely] + _ALL_BUTSURE))
    kept = likely[distinct(things[likely], odds - _RESTLESS * unsettled[likely])]
    kept = _outermost(things, trust, kept)
    around = np.where(trust[kept] >= CERTAIN, 0, things[kept, 2] + _RIM_PX)
    places = zip(things[kept, :2].tolist(), around.tolist(), strict=True)
    good = [_within(inside, column, row, reach) for (column, row), reach in places]
    reported: NDArray[np.intp] = kept[np.array(good, bool)]
    return reported


def _outermost(things: Floats, trust: Floats, kept: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the things kept, or what is as surely a mark about the same centre but wider.

    The light within an indentation makes circles, that outside of it does not.
    """
    x, y, radii = things.T
    wider = kept.copy()
    for k, i in enumerate(kept.tolist()):
        same = np.hypot(x - x[i], y - y[i]) < _CENTRED * radii
        same &= (radii > radii[i]) & (radii < _WIDER * radii[i]) & (trust >= _AS_SURE)
        if trust[i] >= _AS_SURE and same.any():
            wider[k] = np.flatnonzero(same)[np.argmax(radii[same])]
    return wider


def _agreed(things: Floats, odds: Floats, kept: NDArray[np.intp]) -> Floats:
    """Return for each thing kept the mean of all that are about as likely the same rim."""
    x, y, radii = things.T
    means = np.zeros((len(kept), 3), np.float32)
    for k, i in enumerate(kept.tolist()):
        near = np.hypot(x - x[i], y - y[i]) < _AGREE * radii[i]
        same = near & (np.abs(np.log(radii / radii[i])) < _AGREE) & (odds > odds[i] - _AS_LIKELY)
        means[k] = things[same].mean(axis=0)
    return means


def _without_echoes(marks: Sequence[Mark]) -> list[Mark]:
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


def _called(mark: Mark) -> Mark:
    """Return the mark, in doubt unless both nets together are far surer of it than not."""
    return (
        mark
        if mark.confidence >= _CERTAIN_FROM
        else replace(mark, confidence=min(mark.confidence, _DOUBTED))
    )


def _of_account(marks: Sequence[Mark]) -> list[Mark]:
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


def _with_ground_of_their_own(marks: Sequence[Mark], odd: Image, frame: Frame) -> list[Mark]:
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


def _unexplained(spots: Floats, marks: Sequence[Mark], odd: Image, frame: Frame) -> list[Mark]:
    """Return the odd spots in which no mark was found, as doubtful marks.

    A mark that is not sure does not explain a spot that is larger: it may be two that touch.
    A sure one does, unless the spot goes on beyond its raised rim.
    """
    left: list[Mark] = []
    for column, row, radius in spots.tolist():
        if 2 * radius < _UNEXPLAINED_PX:
            continue
        place = frame.to_mm(column, row)
        spot = Mark(place.x, place.y, 2 * radius / frame.px_per_mm, _UNEXPLAINED)
        near = [mark for mark in [*marks, *left] if _meets(mark, spot)]
        sure = [mark for mark in near if mark.confidence >= SURE]
        if any(spot.diameter < _LARGER * mark.diameter for mark in near):
            continue
        if any(spot.diameter < _BEYOND * mark.diameter for mark in sure):
            continue
        if not sure or _own_share(spot, sure, odd, frame) > _TOUCHING:
            left.append(spot)
    return left


def _meets(mark: Mark, spot: Mark) -> bool:
    return mark.centre.distance(spot) < max(mark.diameter, spot.diameter) / 2


def searched(shape: tuple[int, ...], outline: Outline, frame: Frame) -> Image:
    """Return a mask, 255 where marks are looked for."""
    mask = np.zeros(shape, np.uint8)
    middle = (round(frame.column * 16), round(frame.row * 16))
    reach = [half - _RIM_MM for half in (outline.half_width, outline.half_height)]
    if isinstance(outline, Round):
        radius = max(1, round(reach[0] * frame.px_per_mm * 16))
        cv2.circle(mask, middle, radius, (255,), -1, cv2.LINE_8, 4)
        return mask
    x, y = (max(half, 0.1) for half in reach)
    corners = [frame.to_px(*corner) for corner in ((-x, -y), (x, -y), (x, y), (-x, y))]
    polygon = (np.array(corners) * 16).round().astype(np.int32)
    cv2.fillConvexPoly(mask, polygon, (255,), cv2.LINE_8, 4)
    return mask


def _within(inside: Image, column: float, row: float, around: float) -> bool:
    """Whether a circle lies in the mask; the rim of the block looks like many things."""
    rows, columns = inside.shape
    for x, y in _COMPASS:
        at = round(row + around * y), round(column + around * x)
        if not (0 <= at[0] < rows and 0 <= at[1] < columns and inside[at]):
            return False
    return True


def _mark(rim: Floats, sure: float, frame: Frame) -> Mark:
    place = frame.to_mm(float(rim[0]), float(rim[1]))
    return Mark(place.x, place.y, 2 * float(rim[2]) / frame.px_per_mm, float(sure))
