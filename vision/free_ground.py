"""The usable part of a surface, and the part of it where an indentation may go, as points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Mark, Outline, Point, Round
from vision.keep_out import KeepOut
from vision.plans import Demands

Places = NDArray[np.float64]
"""Points in the block frame, mm, shape (n, 2)."""

NOWHERE: Places = np.empty((0, 2))

_USUAL_MM, _FINEST_MM = 0.5, 0.125
_FEW_POINTS, _MOST_POINTS = 1_000, 16_000
_ALONG_RIM_MM = 1.0
_AT_ONCE = 50_000
"""Up to so many distances one table is quicker than going from disc to disc."""
_BEYOND_MM = 0.1  # more than the slack of a descent's springs
# Points that pass here must also pass where the sums are done in another order.
_ROUNDING = 1e-9


def squared_distances(one: Places, other: Places) -> NDArray[np.float64]:
    """Return the squared distances, mm², shape (len(one), len(other))."""
    squares: NDArray[np.float64] = one[:, 0, None] - other[None, :, 0]
    across = one[:, 1, None] - other[None, :, 1]
    squares *= squares
    across *= across
    squares += across
    return squares


@dataclass(frozen=True, slots=True)
class Discs:
    """Centres (n, 2) and the distance to keep from each, (n,); mm."""

    centres: Places
    reach: NDArray[np.float64]

    @classmethod
    def of(cls, centres: Sequence[Point], reach: Sequence[float]) -> Discs:
        """Return the discs with these centres."""
        places = np.array([(point.x, point.y) for point in centres]).reshape(-1, 2)
        return cls(places, np.array(reach, np.float64))

    def clear_of(self, places: Places) -> NDArray[np.bool_]:
        """Tell for each place whether it lies outside of all of them, shape (n,)."""
        if not len(self.reach):
            return np.ones(len(places), np.bool_)
        if len(places) * len(self.reach) <= _AT_ONCE:
            limits = (self.reach + _ROUNDING) ** 2
            outside = squared_distances(places, self.centres) >= limits
            return np.asarray(outside.all(axis=1), np.bool_)
        clear = np.ones(len(places), np.bool_)
        for (x, y), reach in zip(self.centres, self.reach, strict=True):
            away = (places[:, 0] - x) ** 2 + (places[:, 1] - y) ** 2
            clear &= away >= (reach + _ROUNDING) ** 2
        return clear


@dataclass(frozen=True, slots=True)
class Ground:
    """A surface, what lies on it, and the distances to keep; mm."""

    outline: Outline
    occupied: tuple[Mark, ...]
    demands: Demands
    marks: Discs = field(init=False)
    """The old indentations with the distance to keep from their centres."""
    spots: Discs = field(init=False)
    """The round ones of what is to be avoided; there may be hundreds."""
    shapes: tuple[KeepOut, ...] = field(init=False)
    """What is to be avoided and not round."""
    around: Discs = field(init=False)
    """A disc about each of these: beyond it, the shape need not be looked at."""

    def __post_init__(self) -> None:
        demands, spots = self.demands, [spot for spot in self.demands.avoid if spot.is_disc]
        reach = [spot.reach + demands.to_damage for spot in spots]
        discs = Discs.of([spot.corners[0] for spot in spots], reach)
        object.__setattr__(self, "spots", discs)
        shapes = tuple(shape for shape in demands.avoid if not shape.is_disc)
        object.__setattr__(self, "shapes", shapes)
        object.__setattr__(self, "around", _around(shapes, demands.to_damage))
        reach = [demands.to_mark(mark) for mark in self.occupied]
        object.__setattr__(self, "marks", Discs.of([mark.centre for mark in self.occupied], reach))

    def usable(self, places: Places) -> NDArray[np.bool_]:
        """Tell for each place whether it belongs to the surface to be judged, shape (n,).

        That is all of it but for rim and damage, old indentations or not.
        """
        usable = self._inside(places) & self.spots.clear_of(places)
        for shape, near in self.near_shapes(places):
            usable[near] &= shape.clear_of(places[near], self.demands.to_damage + _ROUNDING)
        return usable

    def near_shapes(self, places: Places) -> Iterator[tuple[KeepOut, NDArray[np.intp]]]:
        """Yield the shapes that some of the places may be too near to, and which these are."""
        if not self.shapes:
            return
        near = squared_distances(self.around.centres, places) < self.around.reach[:, None] ** 2
        for k in np.flatnonzero(near.any(axis=1)).tolist():
            yield self.shapes[k], np.flatnonzero(near[k])

    def free(self, places: Places) -> NDArray[np.bool_]:
        """Tell for each place whether a single indentation may go there, shape (n,)."""
        return self.usable(places) & self.marks.clear_of(places)

    def holds(self, centres: Places) -> bool:
        """Tell whether indentations at all these places keep every clearance."""
        apart = squared_distances(centres, centres)
        np.fill_diagonal(apart, np.inf)
        least = self.demands.between + _ROUNDING
        return bool(self.free(centres).all() and (apart >= least * least).all())

    @property
    def reach(self) -> tuple[float, float]:
        """How far the places inside the rim clearance lie from the centre along x and y, mm."""
        inset = self.demands.to_rim + _ROUNDING
        return self.outline.half_width - inset, self.outline.half_height - inset

    def lattice(self) -> Places:
        """Return the free points of a square lattice.

        Its step is 0.5 mm, coarser on large surfaces, finer where little is free.
        """
        half_x, half_y = self.reach
        if not min(half_x, half_y) >= 0:
            return NOWHERE
        step = self._step()
        free = self._lattice_of(step, self.free)
        while len(free) < _FEW_POINTS and step > _FINEST_MM:
            step /= 2
            free = self._lattice_of(step, self.free)
        return free

    def witnesses(self) -> Places:
        """Return the usable points of a lattice and along the rim: all that a plan must serve.

        The lattice is fine where there is damage, whose border no formula follows.
        """
        rim = self._along_rim()
        step = self._step() if self.demands.avoid else 2 * self._step()
        return np.concatenate([self._lattice_of(step, self.usable), rim[self.usable(rim)]])

    def _step(self) -> float:
        half_x, half_y = self.reach
        step = _USUAL_MM
        while 4 * half_x * half_y > _MOST_POINTS * step * step:
            step *= 2
        return step

    def _lattice_of(self, step: float, wanted: Callable[[Places], NDArray[np.bool_]]) -> Places:
        x, y = (step * np.arange(-int(h / step), int(h / step) + 1) for h in self.reach)
        places = np.stack([axis.ravel() for axis in np.meshgrid(x, y)], axis=1)
        chosen: Places = places[wanted(places)]
        return chosen

    def _along_rim(self) -> Places:
        x, y = (max(0.0, reach - _ROUNDING) for reach in self.reach)
        count = 4 * max(1, int((x + y) / _ALONG_RIM_MM))
        if isinstance(self.outline, Round):
            angle = np.arange(count) * (2 * np.pi / count)
            return np.stack([x * np.cos(angle), x * np.sin(angle)], axis=1)
        share = np.linspace(-1.0, 1.0, count // 4 + 1)
        sides = [(share * x, side * y + 0 * share) for side in (-1, 1)]
        sides += [(side * x + 0 * share, share * y) for side in (-1, 1)]
        return np.concatenate([np.stack(side, axis=1) for side in sides])

    def _inside(self, places: Places) -> NDArray[np.bool_]:
        x, y = places[:, 0], places[:, 1]
        reach_x, reach_y = self.reach
        inside: NDArray[np.bool_] = (np.abs(x) <= reach_x) & (np.abs(y) <= reach_y)
        if isinstance(self.outline, Round):
            inside &= x * x + y * y <= reach_x * reach_x
        return inside


def _around(shapes: Sequence[KeepOut], distance: float) -> Discs:
    """Return a disc about each shape, beyond which a place is farther than `distance`, mm."""
    centres, reach = [], []
    for shape in shapes:
        corners = np.array([(corner.x, corner.y) for corner in shape.corners])
        middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
        half = float(np.hypot(*(corners - middle).T).max())
        centres.append(Point(float(middle[0]), float(middle[1])))
        reach.append(half + shape.reach + distance + _BEYOND_MM)
    return Discs.of(centres, reach)


def thinned(places: Places, most: int) -> Places:
    """Return at most about `most` of the places, one for each cell of a coarser lattice.

    No free pocket is lost as long as the cells stay smaller than it: every cell with
    a place in it keeps the one nearest to its middle.
    """
    count, step = len(places), _FINEST_MM
    if count <= most:
        return places
    while count > most:
        step *= max(1.05, float(np.sqrt(count / most)))
        cells = np.floor(places / step + 0.5)
        names = _names(cells)
        count = int(np.count_nonzero(np.bincount(names)))
    off = np.abs(places - cells * step).max(axis=1)
    order = np.lexsort((off, names))  # stable: what is equal stays in lattice order
    first = np.diff(names[order], prepend=-1) != 0
    chosen: Places = places[order[first]]
    return chosen


def _names(cells: Places) -> NDArray[np.int64]:
    """Return one small number for each cell, row by row, shape (n,)."""
    columns, rows = (axis.astype(np.int64) for axis in cells.T)
    columns, rows = columns - columns.min(), rows - rows.min()
    names: NDArray[np.int64] = columns * (int(rows.max()) + 1) + rows
    return names
