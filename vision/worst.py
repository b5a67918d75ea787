"""The places that a set of centres serves worst, found without searching.

The distance to the nearest of a few centres is largest where three of them are equally
far (a corner between their territories), where the border between two territories meets
the rim, or in a corner of the surface. Damage has no such points of its own here: along
it the lattice of the ground stands in.
"""

from __future__ import annotations

import itertools

import numpy as np

from vision.free_ground import NOWHERE, Ground, Places, squared_distances
from vision.geometry import Round


def covering_radius(witnesses: Places, centres: Places) -> float:
    """Return the largest distance of a witness to the nearest centre, mm."""
    return float(np.sqrt(squared_distances(centres, witnesses).min(axis=0).max()))


def served_within(ground: Ground, centres: Places, witnesses: Places) -> float:
    """Return the covering radius, mm: the worst of the witnesses and of the worst places."""
    worst = worst_places(ground, centres)
    return covering_radius(np.concatenate([witnesses, worst]), centres)


def worst_places(ground: Ground, centres: Places) -> Places:
    """Return the usable places that may be served worst, shape (n, 2); a few dozen."""
    places = np.concatenate([_corners(centres), _at_rim(ground, centres), _outermost(ground)])
    places = places[np.isfinite(places).all(axis=1)]
    worst: Places = places[ground.usable(places)]
    return worst


def _corners(centres: Places) -> Places:
    """Return the points equally far from each three centres; not finite if those are in line."""
    if len(centres) < 3:
        return NOWHERE
    first, second, third = (centres[list(i)] for i in zip(*_groups(len(centres), 3), strict=True))
    b, c = second - first, third - first
    with np.errstate(divide="ignore", invalid="ignore"):
        twice = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
        bb, cc = (b * b).sum(axis=1), (c * c).sum(axis=1)
        x = (c[:, 1] * bb - b[:, 1] * cc) / twice
        y = (b[:, 0] * cc - c[:, 0] * bb) / twice
        corners: Places = first + np.stack([x, y], axis=1)
    return corners


def _at_rim(ground: Ground, centres: Places) -> Places:
    """Return where the lines halfway between each two centres leave the surface."""
    if len(centres) < 2:
        return NOWHERE
    first, second = (centres[list(i)] for i in zip(*_groups(len(centres), 2), strict=True))
    middle, across = (first + second) / 2, second - first
    along = np.stack([-across[:, 1], across[:, 0]], axis=1)
    reach_x, reach_y = ground.reach
    with np.errstate(divide="ignore", invalid="ignore"):
        along /= np.hypot(along[:, 0], along[:, 1])[:, None]
        if isinstance(ground.outline, Round):
            foot = (middle * along).sum(axis=1)
            root = np.sqrt(foot * foot - (middle * middle).sum(axis=1) + reach_x * reach_x)
            steps = [-foot + root, -foot - root]
        else:
            limits = ((0, reach_x), (0, -reach_x), (1, reach_y), (1, -reach_y))
            steps = [(limit - middle[:, axis]) / along[:, axis] for axis, limit in limits]
        met = np.concatenate([middle + step[:, None] * along for step in steps])
    return _pulled_in(ground, met)


def _pulled_in(ground: Ground, places: Places) -> Places:
    """Return places of the rim just inside of it: what rounding put outside would be lost."""
    inner: Places = places * (1 - 1e-9)
    return inner


def _outermost(ground: Ground) -> Places:
    x, y = ground.reach
    if isinstance(ground.outline, Round):
        return NOWHERE
    corners = np.array(list(itertools.product((-x, x), (-y, y))))
    return _pulled_in(ground, corners)


def _groups(count: int, size: int) -> list[tuple[int, ...]]:
    return list(itertools.combinations(range(count), size))
