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

from vision.octaves import STEEP, Octave

Floats = NDArray[np.float32]

_OCTAVE = (3.6, 4.5, 5.6)
_SMALLEST = (2.0, 2.8)
"""Radii searched in each octave, and besides in the picture itself, px."""

_STEEPER = 4.0
_CELL = 2
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


def round_things(octaves: Sequence[Octave], largest_px: float) -> Floats:
    """Return where edges close to circles: column, row, radius (px), votes; shape (n, 4).

    Votes are the share of the circle that has an edge. Best first, at most 400; the same thing
    may be there more than once.
    """
    places = []
    for octave in octaves:
        if octave.step > 1 and octave.step / 2 * _OCTAVE[-1] * 1.1 >= largest_px:
            break
        places.append(_voted(octave, (() if octave.step > 1 else _SMALLEST) + _OCTAVE))
    everything = np.concatenate(places)
    best = np.argsort(-everything[:, 3], kind="stable")[:_MOST]
    return everything[best].astype(np.float32)


def _voted(octave: Octave, radii: tuple[float, ...]) -> Floats:
    edges, whole, step = _edge_pixels(octave), octave.steep.shape, octave.step
    shape = (-(-whole[0] // _CELL), -(-whole[1] // _CELL))
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
    at = [np.minimum(p, n - 1).astype(np.intp) for p, n in zip((y, x), whole, strict=True)]
    here = octave.inside[at[0], at[1]]
    # pyrDown keeps pixel 0 on pixel 0.
    found = np.stack([x * step, y * step, size[row, column] * step, best[row, column]], axis=1)
    kept: Floats = found[here > 0].astype(np.float32)
    return kept


def _edge_pixels(octave: Octave) -> _Edges:
    column, row = cv2.findNonZero(octave.edges)[:, 0].T
    x = octave.gx[row, column].astype(np.float32)
    y = octave.gy[row, column].astype(np.float32)
    size = np.sqrt(x * x + y * y) + np.float32(1e-3)
    over = octave.steep[row, column] / np.maximum(octave.floor[row, column], 1) * np.float32(STEEP)
    weight = np.minimum((over - np.float32(STEEP)) / np.float32(_STEEPER - STEEP), 1)
    return _Edges(column.astype(np.float32), row.astype(np.float32), x / size, y / size, weight)


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
