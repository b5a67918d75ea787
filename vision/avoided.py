"""Regions of a surface as the few simple shapes that a planner keeps clear of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import Point
from vision.keep_out import KeepOut
from vision.regions import Disc, Region

_FULL = 1.8
"""A hull so many times as large as the discs in it is cut in two: a bent scratch is no blot."""
_FEW = 3

Centres = NDArray[np.float32]


def keep_outs(regions: Sequence[Region]) -> tuple[KeepOut, ...]:
    """Return shapes that together cover every disc of the regions; lengths to 0.0001 mm."""
    return tuple(shape for region in regions for shape in _shapes(region.discs, str(region.kind)))


def _shapes(discs: Sequence[Disc], reason: str) -> list[KeepOut]:
    reach = max(disc.radius for disc in discs)
    centres = np.array([(disc.x, disc.y) for disc in discs], np.float32)
    corners = _hull(centres)
    if len(discs) <= _FEW or _area(corners, reach) <= _FULL * _covered(discs):
        # Rounded outwards: what is read from the journal must cover as much.
        points = tuple(Point(round(float(x), 4), round(float(y), 4)) for x, y in corners)
        return [KeepOut(points, math.ceil(reach * 1e4 + 2) / 1e4, reason)]
    order = np.argsort(_along(centres), kind="stable")
    half = len(discs) // 2
    parts = ([discs[i] for i in order[:half]], [discs[i] for i in order[half:]])
    return [shape for part in parts for shape in _shapes(part, reason)]


def _hull(centres: Centres) -> Centres:
    """Return the corners of the hull; one of a single place, two of places on a line."""
    distinct = np.unique(centres, axis=0)
    if len(distinct) < 3:
        return distinct
    return np.asarray(cv2.convexHull(distinct), np.float32).reshape(-1, 2)


def _area(corners: Centres, reach: float) -> float:
    """Return the area within `reach` of a hull, mm²."""
    around = float(cv2.arcLength(corners.reshape(-1, 1, 2), len(corners) > 2))
    sides = around if len(corners) > 2 else 2 * around
    inside = float(cv2.contourArea(corners.reshape(-1, 1, 2))) if len(corners) > 2 else 0.0
    return inside + sides * reach + math.pi * reach**2


def _covered(discs: Sequence[Disc]) -> float:
    """Return about what the discs cover, mm²: cells of a grid overlap by half."""
    alone = [math.pi * disc.radius**2 for disc in discs]
    return max(max(alone), 0.57 * sum(alone))


def _along(centres: Centres) -> NDArray[np.float64]:
    """Return how far along the longest extent each centre lies."""
    away = (centres - centres.mean(axis=0)).astype(np.float64)
    _, axes = np.linalg.eigh(away.T @ away)
    along: NDArray[np.float64] = away @ axes[:, -1]
    return along
