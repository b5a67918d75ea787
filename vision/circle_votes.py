"""Round things of any size in a picture, bright, dark or both: where the edges point to.

The rim of an indentation is an edge all around it, under whatever light: brightness changes
along the radius, if not everywhere in the same sense. So every edge pixel votes, at each
radius, for the two centres that it may belong to (Loy and Zelinsky's radial symmetry without
the sign). Each octave of size is searched in a picture of half the scale, and the votes are
counted in cells of two pixels: the places are refined by others.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_CELL = 2
_SHRINK = 4
_MOST = 400
_LEAST_VOTES = 0.35


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edge pixels: columns and rows, the unit vectors across the edge, and their weights."""

    column: Floats
    row: Floats
    across: Floats
    down: Floats
    weight: Floats


def round_things(halves: Sequence[Image], inside: Image, largest_px: float) -> Floats:
    """Return where edges close to circles: column, row, radius (px), votes; shape (n, 4).

    `halves` are a picture and its halves, `inside` is 255 where it is searched. Votes are
    the share of the circle that has an edge. Best first, at most 400; the same thing may be
    there more than once.
    """
    places = []
    for k, picture in enumerate(halves):
        if k and 2 ** (k - 1) * _OCTAVE[-1] * 1.1 >= largest_px:
            break
        size = (picture.shape[1], picture.shape[0])
        mask = inside if not k else cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST)
        radii = (() if k else _SMALLEST) + _OCTAVE
        places.append(_voted(picture, mask, radii, 2**k))
    everything = np.concatenate(places)
    best = np.argsort(-everything[:, 3], kind="stable")[:_MOST]
    return everything[best].astype(np.float32)


def _voted(
    picture: Image, inside: cv2.typing.MatLike, radii: tuple[float, ...], step: int
) -> Floats:
    edges = _edges(picture, inside)
    shape = (-(-picture.shape[0] // _CELL), -(-picture.shape[1] // _CELL))
    best, size = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for radius in radii:
        # A rim two pixels thick gives 4 pi r votes, spread over the blur.
        blur = 0.6 + 0.14 * radius
        scale = 0.8 * blur**2 / radius / _CELL**2
        ballot = _ballot(shape, edges, radius, scale)
        votes = cv2.GaussianBlur(ballot, (0, 0), max(blur / _CELL, 0.45))
        better = cv2.compare(votes, best, cv2.CMP_GT)
        cv2.max(votes, best, best)
        size[better > 0] = np.float32(radius)
    peak = cv2.compare(best, cv2.dilate(best, np.ones((3, 3), np.uint8)), cv2.CMP_GE)
    row, column = np.nonzero((best >= _LEAST_VOTES) & (peak > 0))
    middle = np.float32((_CELL - 1) / 2)
    x, y = column * np.float32(_CELL) + middle, row * np.float32(_CELL) + middle
    last = np.array(picture.shape) - 1
    here = inside[np.minimum(y, last[0]).astype(np.intp), np.minimum(x, last[1]).astype(np.intp)]
    # pyrDown keeps pixel 0 on pixel 0.
    found = np.stack([x * step, y * step, size[row, column] * step, best[row, column]], axis=1)
    kept: Floats = found[here > 0].astype(np.float32)
    return kept


def strong_edges(
    picture: Image, inside: cv2.typing.MatLike
) -> tuple[cv2.typing.MatLike, cv2.typing.MatLike, Image]:
    """Return how brightness changes across and down, and where so steeply that it is an edge."""
    gx, gy, steep, floor = _slopes(picture, inside)
    return gx, gy, np.asarray(cv2.compare(steep, floor, cv2.CMP_GT), np.uint8)


def _edges(picture: Image, inside: cv2.typing.MatLike) -> _Edges:
    gx, gy, steep, floor = _slopes(picture, inside)
    column, row = cv2.findNonZero(cv2.compare(steep, floor, cv2.CMP_GT))[:, 0].T
    x, y = gx[row, column].astype(np.float32), gy[row, column].astype(np.float32)
    size = np.sqrt(x * x + y * y) + np.float32(1e-3)
    over = steep[row, column] / np.maximum(floor[row, column], 1) * np.float32(_STEEP)
    weight = np.minimum((over - np.float32(_STEEP)) / np.float32(_STEEPER - _STEEP), 1)
    return _Edges(column.astype(np.float32), row.astype(np.float32), x / size, y / size, weight)


def _slopes(
    picture: Image, inside: cv2.typing.MatLike
) -> tuple[cv2.typing.MatLike, cv2.typing.MatLike, cv2.typing.MatLike, Image]:
    calm = cv2.GaussianBlur(picture, (0, 0), 0.8)
    gx, gy = cv2.spatialGradient(calm)
    steep = cv2.add(cv2.convertScaleAbs(gx, alpha=0.5), cv2.convertScaleAbs(gy, alpha=0.5))
    steep = cv2.bitwise_and(steep, cv2.erode(inside, np.ones((5, 5), np.uint8)))
    few = steep[::3, ::3]
    usual = float(np.median(few[few > 0])) if few.any() else 1.0
    return gx, gy, steep, _floor(steep, usual)


def _floor(steep: cv2.typing.MatLike, usual: float) -> Image:
    """Return for each pixel from how steep on it is an edge: well above what is usual there."""
    size = (-(-steep.shape[1] // _SHRINK), -(-steep.shape[0] // _SHRINK))
    capped = cv2.min(steep, np.full_like(steep, min(255, round(_CAP * usual))))
    few = cv2.resize(capped, size, interpolation=cv2.INTER_AREA)
    near = cv2.blur(few, (9, 9)).astype(np.float32)
    floor = np.float32(_STEEP) * np.maximum(near, np.float32(0.7 * usual + 1e-3))
    small = np.clip(floor + 0.5, 0, 255).astype(np.uint8)
    whole = cv2.resize(small, (steep.shape[1], steep.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.uint8)


def _ballot(shape: tuple[int, int], edges: _Edges, radius: float, scale: float) -> Floats:
    """Return the votes thrown across the edges, both ways, by cell."""
    total = np.zeros(shape[0] * shape[1], np.float64)
    half = np.float32(0.5)
    for way in (np.float32(radius), np.float32(-radius)):
        row = ((edges.row + way * edges.down + half) / _CELL).astype(np.int32)
        column = ((edges.column + way * edges.across + half) / _CELL).astype(np.int32)
        good = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
        at = row[good] * shape[1] + column[good]
        total += np.bincount(at, edges.weight[good], minlength=len(total))
    return (total * scale).reshape(shape).astype(np.float32)
