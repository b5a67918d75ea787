"""What lies in a picture of a block: its outline and the indentations it bears."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.circle_votes import round_things
from vision.closed_edges import CLOSED, closed
from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point, Round
from vision.lit_flanks import shown_by_a_flank
from vision.octaves import octaves
from vision.odd_spots import find_odd
from vision.regions import Region
from vision.rim import find_rim
from vision.rim_rays import sharpened
from vision.sorting import (
    called,
    of_account,
    of_their_size,
    overlooked,
    unexplained,
    with_ground_of_their_own,
    without_echoes,
)
from vision.views import pyramid
from vision.weighing import DETECTABLE_PX, weighed

Floats = NDArray[np.float32]

_RIM_MM = 0.6
"""The strip along the rim that is not searched: chamfer and its shadow."""

LARGEST_MM = 6.6
"""No indentation is wider."""


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
    detectable = DETECTABLE_PX / px_per_mm
    return Surface(rim.outline, rim.centre, marks, detectable, rim.turn)


def find_marks(image: Image, inside: Image, frame: Frame) -> tuple[Mark, ...]:
    """Return the indentations of a grey picture where `inside` is 255, sorted.

    Doubtful ones come with a confidence below `geometry.CERTAIN`, down to 0.04.
    """
    largest = LARGEST_MM / 2 * frame.px_per_mm
    halves = pyramid(image, largest)
    odd, odd_pixels = find_odd(image, inside, largest)
    searched_in = octaves(halves, inside)
    voted = round_things(searched_in, largest)
    proposals = np.concatenate([voted[:, :3], odd]).astype(np.float32)
    things, trust = weighed(halves, proposals, inside, odd_pixels, largest)
    rims = sharpened(halves, inside, things)
    marks = [_mark(*each, frame) for each in zip(rims, trust, strict=True)]
    marks = with_ground_of_their_own(without_echoes(marks), odd_pixels, frame)
    marks += unexplained(odd, marks, odd_pixels, frame)
    marks = of_account([called(mark) for mark in marks])
    edges = closed(searched_in, voted)
    marks += overlooked(edges[edges[:, 3] >= CLOSED], marks, frame)
    marks += of_their_size(edges, marks, frame)
    marks += shown_by_a_flank(image, marks, inside, frame)
    return tuple(sorted(marks))


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


def _mark(rim: Floats, sure: float, frame: Frame) -> Mark:
    place = frame.to_mm(float(rim[0]), float(rim[1]))
    return Mark(place.x, place.y, 2 * float(rim[2]) / frame.px_per_mm, float(sure))
