"""Plans that spoil the least of a surface, and how many indentations it can still take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vision.free_ground import NOWHERE, Ground, Places, squared_distances, thinned
from vision.worst import worst_places

_MOVES = ((1.0, 4), (0.25, 3))  # step mm, steps to each side
_SWEEPS = 2
_FREE, _GAPS = 3000, 1500  # thinned to so many

REACHED = 0.85
"""Of the closest packing found, what simulated lives of blocks came to (`benchmarks.planning`)."""

_ANGLES = (0, 30, 15, 45)  # degrees; the first two stay the same when the block is turned by 90
_SHIFTS = ((0.0, 0.0), (0.5, 0.0), (1 / 3, 1 / 3), (0.25, 0.5))  # in steps of the lattice
_FEW = 40
"""With fewer places than this, rows laid from one side may do better than a lattice."""
_ROUNDING = 1e-9


def sparing(
    ground: Ground, centres: Places, witnesses: Places, free: Places, limit: float
) -> Places:
    """Return the centres moved to where they spoil the least of the free places.

    The covering radius stays within `limit`, mm, and every clearance is kept. A centre
    spares surface by standing close to the rim, to damage, or to what is there already.
    """
    free = thinned(free, _FREE)
    for step, reach in _MOVES:
        for _ in range(_SWEEPS):
            served = np.concatenate([witnesses, worst_places(ground, centres)])
            for k in range(len(centres)):
                centres = _moved(ground, centres, k, _square(step, reach), served, free, limit)
    return centres


def _square(step: float, reach: int) -> Places:
    """Return the points of a square lattice around the origin, the origin first."""
    axis = step * np.arange(-reach, reach + 1)
    points = np.stack([a.ravel() for a in np.meshgrid(axis, axis)], axis=1)
    return points[np.argsort((points * points).sum(axis=1), kind="stable")]


def _moved(
    ground: Ground,
    centres: Places,
    k: int,
    around: Places,
    witnesses: Places,
    free: Places,
    limit: float,
) -> Places:
    """Return the centres with the one numbered `k` put where it spoils least."""
    others, options = np.delete(centres, k, axis=0), centres[k] + around
    allowed = ground.free(options) & _clear(options, others, ground.demands.between + _ROUNDING)
    options = options[allowed]
    rest = squared_distances(others, witnesses).min(axis=0, initial=np.inf)
    waiting = witnesses[rest > limit * limit]
    reached = squared_distances(options, waiting).max(axis=1, initial=0)
    options = options[reached <= limit * limit]
    if not len(options):
        return centres
    apart = ground.demands.lasting
    left = free[_clear(free, others, apart)]
    spoilt = (squared_distances(options, left) < apart * apart).sum(axis=1)
    centres = centres.copy()
    centres[k] = options[int(spoilt.argmin())]
    return centres


def still_fitting(ground: Ground, centres: Places, free: Places) -> int:
    """Return how many more indentations a block can be expected to take after these.

    A share of the closest packing that is found: on a triangular lattice with its gaps
    filled, or in rows. `free` are the places free of what is there now.
    """
    apart = ground.demands.lasting
    lattices = [lattice[ground.free(lattice)] for lattice in _lattices(ground)]
    standing: list[Places] = [at[_clear(at, centres, apart)] for at in lattices]
    fullest = max(standing, key=len, default=NOWHERE)
    left = thinned(free, _GAPS)
    left = left[_clear(left, centres, apart)]
    filled = len(fullest) + _filled(left[_clear(left, fullest, apart)], apart)
    closest = filled if filled > _FEW else max(filled, _filled(left, apart))
    return int(REACHED * closest)


def _clear(places: Places, centres: Places, apart: float) -> NDArray[np.bool_]:
    square = max(0.0, apart - _ROUNDING) ** 2
    # |a - b|² = |a|² + |b|² - 2 a·b: a matrix product is the quickest way to so many.
    lengths = np.einsum("ij,ij->i", places, places)
    nearest = (np.einsum("ij,ij->i", centres, centres)[:, None] - 2 * centres @ places.T).min(
        axis=0, initial=np.inf
    )
    return np.asarray(nearest + lengths >= square, np.bool_)


def _filled(places: Places, apart: float) -> int:
    """Return how many fit when always the first one left is taken, row by row."""
    count = 0
    while len(places):
        count += 1
        places = places[_clear(places, places[:1], apart)]
    return count


def _lattices(ground: Ground) -> Iterator[Places]:
    """Yield triangular lattices that reach beyond the surface on all sides."""
    step = ground.demands.lasting
    reach = float(np.hypot(*ground.reach))
    count = int(reach / step * 1.2) + 2
    numbers = np.arange(-count, count + 1)
    cells = np.stack([a.ravel() for a in np.meshgrid(numbers, numbers)], axis=1)
    for degrees in _ANGLES:
        angle = np.radians([degrees, degrees + 60])
        base = step * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        for shift in _SHIFTS:
            points: Places = (cells + shift) @ base
            yield points[np.abs(points).max(axis=1) <= reach]
