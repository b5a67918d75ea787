"""What lies in a picture of a block: its outline and the indentations it bears."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.circle_votes import levels, round_things
from vision.frame import Frame, Image
from vision.geometry import CERTAIN, Mark, Outline, Point, Round
from vision.judge import confidences
from vision.odd_spots import Odd, find_odd
from vision.regions import Region
from vision.rim import find_rim
from vision.rim_rays import Circles, fitted_circles, sharpened

_RIM_MM = 0.6
"""The strip along the rim that is not searched: chamfer and its shadow."""

_DETECTABLE_PX = 4.5
_LARGEST_MM = 6.6
_LEAST_CONFIDENCE = 0.06
_SAME = 0.6
_NO_VOTES = 0.35
_UNEXPLAINED = 0.1
_ON_SCRATCH = 0.3
_ECHO = 0.8
_MUCH_SMALLER = 0.25
_RIM_PX = 2.0
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

    Doubtful ones come with a confidence below `geometry.CERTAIN`, down to 0.06.
    """
    largest = _LARGEST_MM / 2 * frame.px_per_mm
    found = levels(image, inside, largest)
    odd = find_odd(image, inside, largest)
    things = np.concatenate([round_things(found), _as_things(odd.spots)])
    if not len(things):
        return ()
    circles = fitted_circles(found, things)
    trust = _too_small_doubted(confidences(circles), circles)
    trust = _on_scratches_doubted(trust, circles, odd)
    distinct = _distinct(circles, trust, inside)
    sharp = sharpened(found, circles.some(distinct))
    sure = trust[distinct]
    marks = _without_echoes([_mark(sharp, sure, i, frame) for i in range(len(distinct))])
    return tuple(sorted(marks + _unexplained(odd.spots, marks, frame)))


def _too_small_doubted(trust: NDArray[np.float32], circles: Circles) -> NDArray[np.float32]:
    """Return the confidences; below the detectable size the likely are doubtful, the rest none."""
    small = 2 * circles.radii < _DETECTABLE_PX
    capped = np.where(trust >= CERTAIN, np.float32(CERTAIN - 0.01), np.float32(0))
    return np.where(small, capped, trust).astype(np.float32)


def _on_scratches_doubted(
    trust: NDArray[np.float32], circles: Circles, odd: Odd
) -> NDArray[np.float32]:
    """Return the confidences, lowered where a circle is but the end or a bend of a scratch."""
    doubted = trust.copy()
    for i in np.flatnonzero(trust > _ON_SCRATCH).tolist():
        column, row = (float(v) for v in circles.centres[i])
        if odd.along_thin(column, row, float(circles.radii[i])):
            doubted[i] = _ON_SCRATCH
    return doubted


def _without_echoes(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks without those that are but pile-up or glare at the rim of a larger one.

    They are doubtful or much smaller. Nobody would indent there anyway: it is within the
    larger one's clearance.
    """
    large = [mark for mark in marks if mark.certain]

    def echo(mark: Mark) -> bool:
        return any(
            mark.diameter < (_MUCH_SMALLER if mark.certain else 1.0) * m.diameter
            and mark.centre.distance(m) < _ECHO * m.diameter
            for m in large
        )

    return [mark for mark in marks if not echo(mark)]


def _as_things(spots: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spots as round things that nothing has voted for."""
    votes = np.full((len(spots), 1), _NO_VOTES, np.float32)
    return np.concatenate([spots, votes], axis=1)


def _unexplained(spots: NDArray[np.float32], marks: Sequence[Mark], frame: Frame) -> list[Mark]:
    """Return the odd spots in which no mark was found, as doubtful marks."""
    left: list[Mark] = []
    for column, row, radius in spots.tolist():
        place = frame.to_mm(column, row)
        reach = radius / frame.px_per_mm
        if not any(place.distance(m) < max(reach, m.diameter / 2) for m in [*marks, *left]):
            left.append(Mark(place.x, place.y, 2 * reach, _UNEXPLAINED))
    return left


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


def _distinct(circles: Circles, trust: NDArray[np.float32], inside: Image) -> list[int]:
    """Return which circles to report: of those about one place the most trusted.

    An indentation shows several edges, one within the other: its rim is the steepest.
    """
    kept: list[int] = []
    worth = trust * (0.5 + 0.5 * circles.strength / (circles.strength + 2.0))
    for i in np.argsort(-worth, kind="stable").tolist():
        if trust[i] < _LEAST_CONFIDENCE:
            continue
        column, row = (float(v) for v in circles.centres[i])
        surely = trust[i] >= CERTAIN
        around = 0.0 if surely else float(circles.radii[i]) + _RIM_PX
        if not _within(inside, column, row, around):
            continue
        if not any(_about_one_place(circles, i, k) for k in kept):
            kept.append(i)
    return kept


def _within(inside: Image, column: float, row: float, around: float) -> bool:
    """Whether a circle lies in the mask; the rim of the block looks like many things."""
    rows, columns = inside.shape
    for x, y in _COMPASS:
        at = round(row + around * y), round(column + around * x)
        if not (0 <= at[0] < rows and 0 <= at[1] < columns and inside[at]):
            return False
    return True


def _about_one_place(circles: Circles, one: int, other: int) -> bool:
    apart = float(np.hypot(*(circles.centres[one] - circles.centres[other])))
    return apart < _SAME * float(max(circles.radii[one], circles.radii[other]))


def _mark(circles: Circles, trust: NDArray[np.float32], i: int, frame: Frame) -> Mark:
    place = frame.to_mm(float(circles.centres[i, 0]), float(circles.centres[i, 1]))
    diameter = 2 * float(circles.radii[i]) / frame.px_per_mm
    return Mark(place.x, place.y, diameter, float(trust[i]))
