"""Rectangles as large as blocks whose sides are lines of edges."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.edge_pixels import Edges
from vision.rim_shape import Shape

Floats = NDArray[np.float32]

_TURNS = 180
_ACROSS = 0.97
_DIRECTIONS, _LINES, _RECTANGLES = 3, 8, 2
_LEAST_SHARE = 0.3


def rectangles(edges: Edges, least: float) -> list[tuple[float, Shape]]:
    """Return rectangles and the share of each that edges show."""
    angles = np.arctan2(edges.down, edges.across) % (np.pi / 2)
    count = np.bincount((angles / (np.pi / 2) * _TURNS).astype(np.intp) % _TURNS, minlength=_TURNS)
    smooth = np.convolve(np.tile(count, 3), np.hanning(7), "same")[_TURNS : 2 * _TURNS]
    found: list[tuple[float, Shape]] = []
    for _ in range(_DIRECTIONS):
        turn = int(smooth.argmax())
        for k in range(-12, 13):
            smooth[(turn + k) % _TURNS] = 0
        found += _squared(edges, (turn + 0.5) / _TURNS * np.pi / 2, least)
    return found


def _squared(edges: Edges, angle: float, least: float) -> list[tuple[float, Shape]]:
    """Return the best rectangle whose sides have that direction, and the best one beside it."""
    c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    along = edges.column * c + edges.row * s
    across = -edges.column * s + edges.row * c
    facing = np.abs(edges.across * c + edges.down * s)
    sides = []
    for place, other, good in (
        (along, across, facing >= _ACROSS),
        (across, along, facing <= math.sqrt(1 - _ACROSS**2)),
    ):
        sides.append(_lines(place[good], other[good], least))
    boxes: list[tuple[float, float, float, float, float]] = []
    for (a, b), (d, e) in itertools.product(*(itertools.combinations(s, 2) for s in sides)):
        low, high = min(a.place, b.place), max(a.place, b.place)
        top, bottom = min(d.place, e.place), max(d.place, e.place)
        if high - low < 2 * least or bottom - top < 2 * least:
            continue
        shares = [a.share(top, bottom), b.share(top, bottom)]
        shares += [d.share(low, high), e.share(low, high)]
        if min(shares) >= _LEAST_SHARE:
            boxes.append((float(np.mean(shares)), low, high, top, bottom))
    found: list[tuple[float, Shape]] = []
    while boxes and len(found) < _RECTANGLES:
        share, low, high, top, bottom = max(boxes)
        x, y = (low + high) / 2, (top + bottom) / 2
        half = ((high - low) / 2, (bottom - top) / 2)
        shape = Shape(False, float(x * c - y * s), float(x * s + y * c), half, angle)
        found.append((share, shape))
        boxes = [o for o in boxes if o[1] >= high or o[2] <= low or o[3] >= bottom or o[4] <= top]
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of edges: its place, and how many of the pixels along it bear one, summed up."""

    place: float
    first: float
    total: NDArray[np.intp]

    def share(self, start: float, end: float) -> float:
        """Return the share of a stretch that bears edges."""
        last = len(self.total) - 1
        low, high = (min(max(int(v - self.first), 0), last) for v in (start, end))
        return float(self.total[high] - self.total[low]) / max(end - start, 1.0)


def _lines(place: Floats, other: Floats, least: float) -> list[_Line]:
    """Return the lines with the most edges; `place` is across them, `other` along."""
    if not len(place):
        return []
    low = int(np.floor(place.min())) - 4
    count = np.bincount(np.rint(place).astype(np.intp) - low, minlength=8)
    wide = np.convolve(count, np.ones(5), "same")
    first = float(np.floor(other.min()))
    length = int(other.max() - first) + 2
    found = []
    for _ in range(_LINES):
        k = int(wide.argmax())
        if wide[k] < least:
            break
        wide[max(0, k - 4) : k + 5] = 0
        on = np.abs(place - (k + low)) <= 3
        bears = np.zeros(length, np.intp)
        bears[(other[on] - np.float32(first)).astype(np.intp)] = 1
        found.append(_Line(float(np.median(place[on])), first, np.cumsum(bears)))
    return found
