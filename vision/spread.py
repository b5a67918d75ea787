"""Spread a few points evenly: the k-centre problem with a least distance.

Wanted are `count` places such that the farthest place of the surface is as near to one
of them as can be. A coarse board gives several good selections; each runs downhill to
where it comes to rest, and the best of these is taken.
"""

from __future__ import annotations

import numpy as np

from vision.board import Board
from vision.descent import FINE, ROUGH, Stage, settle
from vision.free_ground import NOWHERE, Ground, Places, squared_distances, thinned
from vision.worst import served_within

_COARSE = 320
_TIGHT = 1200  # for a second look before a block is refused
_WITNESSES = 400
_FINISHED = 3  # so many of the selections are worth the last hundredths
_HOPE = 1.04  # if no farther behind than this


def spread(ground: Ground, free: Places, witnesses: Places, count: int) -> Places:
    """Return `count` evenly spread places that keep every clearance, shape (count, 2).

    Fewer come back if no more could be placed. `free` holds the places where one
    indentation may go, `witnesses` those that are to be served.
    """
    few = thinned(witnesses, _WITNESSES)
    coarse = _selections(ground, free, few, count)
    if any(len(places) < count for places in coarse):
        return max(coarse, key=len)

    def tried(starts: list[Places], stages: tuple[Stage, ...]) -> list[tuple[float, Places]]:
        moved = [settle(ground, places, few, stages) for places in starts]
        told = [(round(served_within(ground, places, witnesses), 6), places) for places in moved]
        return sorted(told, key=lambda pair: pair[0])

    rough = tried(coarse, ROUGH)
    hopeful = [places for radius, places in rough[:_FINISHED] if radius <= _HOPE * rough[0][0]]
    return tried(hopeful, FINE)[0][1]


def _selections(ground: Ground, free: Places, few: Places, count: int) -> list[Places]:
    """Return different selections on a coarse board, or the one largest if none is complete."""
    unit, least = _typical_radius(few, count), ground.demands.between
    board = Board.of(thinned(free, _COARSE), few, unit, least)
    improved = (board.improved(start) for start in board.starts(count))
    complete = sorted({tuple(indices) for indices in improved if len(indices) == count})
    if not complete:
        return [_crammed(free, few, count, unit, least)]
    return [board.places[list(indices)] for indices in complete]


def _crammed(free: Places, few: Places, count: int, unit: float, least: float) -> Places:
    """Return as many places as fit up to `count`, evenness coming second."""
    best = NOWHERE
    for most in (_COARSE, _TIGHT):
        board = Board.of(thinned(free, most), few, unit, least)
        packed = board.packed(count)
        if len(packed) == count:
            return board.places[board.improved(packed)]
        best = max(best, board.places[packed], key=len)
    return best


def with_spares(ground: Ground, free: Places, centres: Places, spares: int) -> Places:
    """Return up to `spares` more places, clear of the centres and of one another.

    Each goes where the centres serve worst; if fewer fit that way, they are packed.
    """
    least = ground.demands.between
    left = free[(squared_distances(centres, free) >= (least + 1e-9) ** 2).all(axis=0)]
    if not len(left) or spares <= 0:
        return NOWHERE
    few = thinned(left, _COARSE)
    unit = _typical_radius(free, len(centres))
    board = Board.of(few, few, unit, least)
    served = ((squared_distances(centres, few).min(axis=0) / unit**2) ** 8).astype(np.float32)
    chosen = board.extended([], spares, served)
    if len(chosen) < spares:
        chosen = max(chosen, board.packed(spares), key=len)
    return few[chosen]


def _typical_radius(places: Places, count: int) -> float:
    """Return about what the covering radius will be, mm: the unit of the power mean."""
    extent = places.max(axis=0) - places.min(axis=0)
    return max(0.5, 0.7 * float(np.sqrt((extent[0] + 1) * (extent[1] + 1) / count)))
