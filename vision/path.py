"""The shortest way through a few points."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Point

_EXACT_UP_TO = 12


def open_path(points: Sequence[Point], start: Point) -> tuple[Point, ...]:
    """Return the points in the order of the shortest way from `start`, not back again.

    Exact up to 12 points (Held and Karp); above that nearest neighbour, then stretches
    turned round and places moved for as long as that helps. Equal ways are settled by the
    coordinates, so the order of the input does not matter.
    """
    ordered = sorted(points)
    if len(ordered) <= _EXACT_UP_TO:
        return _held_karp(ordered, start)
    return _improved(_nearest_first(ordered, start), start)


def path_length(points: Sequence[Point], start: Point) -> float:
    """Return the length of the way from `start` through the points in this order, mm."""
    return sum(a.distance(b) for a, b in itertools.pairwise([start, *points]))


def _held_karp(points: Sequence[Point], start: Point) -> tuple[Point, ...]:
    """Return the shortest way; `least[s, k]` is that of the set s (bits) ending at point k."""
    count = len(points)
    if not count:
        return ()
    legs = np.array([[a.distance(b) for b in points] for a in points])
    sets = np.arange(1 << count)
    sizes = sum((sets >> k & 1 for k in range(count)), np.zeros_like(sets))
    least = np.full((1 << count, count), np.inf)
    least[1 << np.arange(count), np.arange(count)] = [start.distance(p) for p in points]
    for size in range(2, count + 1):
        of_size = sets[sizes == size]
        for k in range(count):
            ending = of_size[of_size >> k & 1 == 1]
            # Whatever does not lie in the smaller set has an infinite way there.
            least[ending, k] = (least[ending ^ (1 << k)] + legs[:, k]).min(axis=1)
    return tuple(points[k] for k in _traced(least, legs))


def _traced(least: NDArray[np.float64], legs: NDArray[np.float64]) -> list[int]:
    """Return the order of the shortest way, read off from its end."""
    left = len(least) - 1
    order = [_first_least(least[left])]
    while left := left ^ (1 << order[-1]):
        order.append(_first_least(least[left] + legs[:, order[-1]]))
    return order[::-1]


def _first_least(lengths: NDArray[np.float64]) -> int:
    return int(np.argmax(lengths <= lengths.min() + 1e-9))


def _nearest_first(points: Sequence[Point], start: Point) -> list[Point]:
    left, here, order = list(points), start, []
    while left:
        here = min(left, key=here.distance)
        left.remove(here)
        order.append(here)
    return order


def _improved(order: list[Point], start: Point) -> tuple[Point, ...]:
    """Turn stretches of the way round, or move them elsewhere, as long as that shortens it."""
    length, better = path_length(order, start), True
    while better:
        better = False
        for changed in _neighbours(order):
            if (shorter := path_length(changed, start)) < length - 1e-9:
                order, length, better = changed, shorter, True
                break
    return tuple(order)


def _neighbours(order: list[Point]) -> Iterator[list[Point]]:
    for i, k in itertools.combinations(range(len(order) + 1), 2):
        yield order[:i] + order[i:k][::-1] + order[k:]
        if k - i <= 3:
            stretch, rest = order[i:k], order[:i] + order[k:]
            for at in range(len(rest) + 1):
                yield rest[:at] + stretch + rest[at:]
