"""Round things of any size in a picture, bright, dark or both: where the edges point to.

The rim of an indentation is an edge all around it, under whatever light: brightness changes
along the radius, if not everywhere in the same sense. So every edge pixel votes, at each
radius, for the two centres that it may belong to (Loy and Zelinsky's radial symmetry without
the sign). Each octave of size is searched in a picture of half the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]

_OCTAVE = (3.6, 4.5, 5.6)
_SMALLEST = (2.0, 2.8)
"""Radii searched in each octave, and besides in the picture itself, px."""

_STEEP, _STEEPER = 2.0, 4.0
_CAP = 4.0
_MOST = 400


@dataclass(frozen=True, slots=True)
class Level:
    """A picture at `1 / step` of the scale, grey levels as float, and where it counts."""

    grey: Floats
    inside: Image
    step: int


def levels(image: Image, inside: Image, largest_px: float) -> list[Level]:
    """Return the picture and its halves, as far as needed for that largest radius."""
    grey = cv2.GaussianBlur(image, (0, 0), 0.8).astype(np.float32)
    found = [Level(grey, inside, 1)]
    while found[-1].step * _OCTAVE[-1] * 1.1 < largest_px and min(grey.shape) > 64:
        grey = cv2.pyrDown(grey).astype(np.float32, copy=False)
        size = (grey.shape[1], grey.shape[0])
        inside = cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        found.append(Level(grey, inside, 2 * found[-1].step))
    return found


def round_things(found: list[Level], least_votes: float = 0.35) -> Floats:
    """Return where edges close to circles: column, row, radius (px), votes; shape (n, 4).

    Votes are the share of the circle that has an edge. Best first, at most 400; the same
    thing may be there more than once.
    """
    places = [
        _voted(level, (_SMALLEST if level.step == 1 else ()) + _OCTAVE, least_votes)
        for level in found
    ]
    everything = np.concatenate(places)
    best = np.argsort(-everything[:, 3], kind="stable")[:_MOST]
    return everything[best].astype(np.float32)


def _voted(level: Level, radii: tuple[float, ...], least: float) -> Floats:
    rows, columns, across, down, weight = _voters(level)
    shape = level.grey.shape
    best = np.zeros(shape, np.float32)
    size = np.zeros(shape, np.float32)
    for radius in radii:
        votes = _ballot(shape, rows, columns, across * radius, down * radius, weight)
        # A rim two pixels thick gives 4 pi r votes, spread over the blur.
        blur = 0.6 + 0.14 * radius
        scale = np.float32(0.8 * blur**2 / radius)
        votes = np.asarray(cv2.GaussianBlur(votes * scale, (0, 0), blur), np.float32)
        better = cv2.compare(votes, best, cv2.CMP_GT)
        cv2.max(votes, best, best)
        size[better > 0] = np.float32(radius)
    peaks = (best >= least) & (best >= cv2.dilate(best, np.ones((3, 3), np.uint8)))
    row, column = np.nonzero(peaks & (level.inside > 0))
    step = np.float32(level.step)  # pyrDown keeps pixel 0 on pixel 0
    return np.stack(
        [column * step, row * step, size[row, column] * step, best[row, column]], axis=1
    ).astype(np.float32)


def _voters(level: Level) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats, Floats]:
    """Return rows and columns of edge pixels, the unit vectors across the edge, the weights."""
    gx = cv2.Scharr(level.grey, cv2.CV_32F, 1, 0, scale=1 / 32)
    gy = cv2.Scharr(level.grey, cv2.CV_32F, 0, 1, scale=1 / 32)
    steep = cv2.magnitude(gx, gy)
    steep[cv2.erode(level.inside, np.ones((5, 5), np.uint8)) == 0] = 0
    few = steep[::3, ::3]
    usual = float(np.median(few[few > 0])) if few.any() else 1.0
    near = cv2.blur(np.minimum(steep, np.float32(_CAP * usual)), (33, 33))
    floor = np.maximum(near, np.float32(0.7 * usual + 1e-3))
    weight = (steep / floor - np.float32(_STEEP)) / np.float32(_STEEPER - _STEEP)
    rows, columns = np.nonzero(weight > 0)
    size = steep[rows, columns]
    across = np.asarray(gx[rows, columns] / size, np.float32)
    down = np.asarray(gy[rows, columns] / size, np.float32)
    return rows, columns, across, down, np.asarray(np.minimum(weight[rows, columns], 1), np.float32)


def _ballot(
    shape: tuple[int, ...],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    across: Floats,
    down: Floats,
    weight: Floats,
) -> Floats:
    """Return the sum of the votes thrown `across` and `down` from the edge, both ways."""
    row = np.rint(np.concatenate([rows + down, rows - down])).astype(np.int32)
    column = np.rint(np.concatenate([columns + across, columns - across])).astype(np.int32)
    good = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    at = row[good] * shape[1] + column[good]
    total = np.bincount(at, np.tile(weight, 2)[good], minlength=shape[0] * shape[1])
    return total.reshape(shape[0], shape[1]).astype(np.float32)
