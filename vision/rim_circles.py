"""Circles as large as blocks that edges lie on: each edge votes for all centres across it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.edge_pixels import Edges
from vision.rim_shape import Shape

Floats = NDArray[np.float32]

_CELL = 4
_RADIAL = 0.94
_CENTRES, _RADII = 2, 3
_LEAST_SHARE = 0.15
_NEAR_PX = 1.6
_ENOUGH = 4000
"""More edges than that need not vote."""


def circles(edges: Edges, least: float) -> list[tuple[float, Shape]]:
    """Return circles and the share of each that edges show."""
    largest = 0.5 * max(edges.shape) * 1.1
    ways = np.arange(least, largest, _CELL, dtype=np.float32)
    ways = np.concatenate([ways, -ways])
    cells = (-(-edges.shape[0] // _CELL), -(-edges.shape[1] // _CELL))
    few = slice(None, None, 1 + len(edges.row) // _ENOUGH)
    row = ((edges.row[few, None] + ways * edges.down[few, None]) / _CELL).astype(np.int32)
    column = ((edges.column[few, None] + ways * edges.across[few, None]) / _CELL).astype(np.int32)
    good = (row >= 0) & (row < cells[0]) & (column >= 0) & (column < cells[1])
    at = (row * cells[1] + column)[good]
    ballot = np.bincount(at, minlength=cells[0] * cells[1]).reshape(cells).astype(np.float32)
    votes = cv2.GaussianBlur(ballot, (0, 0), 1.0)
    found: list[tuple[float, Shape]] = []
    for _ in range(_CENTRES):
        _, high, _, (i, k) = cv2.minMaxLoc(votes)
        if high <= 0:
            break
        cv2.circle(votes, (i, k), 4, (0.0,), -1)
        found += _radii(edges, ((i + 0.5) * _CELL, (k + 0.5) * _CELL), least, largest)
    return found


def _radii(
    edges: Edges, centre: tuple[float, float], least: float, largest: float
) -> list[tuple[float, Shape]]:
    """Return the circles about a rough centre that the most edges lie on."""
    dx, dy = edges.column - np.float32(centre[0]), edges.row - np.float32(centre[1])
    away = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
    radial = np.abs(dx * edges.across + dy * edges.down) / away >= _RADIAL
    count = np.bincount(np.rint(away[radial]).astype(np.intp), minlength=int(largest) + 8)
    wide = np.convolve(count, np.ones(7), "same")[: int(largest) + 1]
    share = wide / (2 * np.pi * np.maximum(np.arange(len(wide)), 1))
    share[: int(least)] = 0
    found: list[tuple[float, Shape]] = []
    for k in range(_RADII):
        radius = int(share.argmax())
        if share[radius] < _LEAST_SHARE:
            break
        if k == _RADII - 1:  # of many circles about one centre the outermost
            radius = int(np.flatnonzero(share >= 0.6 * share[radius])[-1])
        share[max(0, radius - 6) : radius + 7] = 0
        found.append(_rounded(edges, (*centre, float(radius))))
    return found


def _rounded(edges: Edges, circle: tuple[float, float, float]) -> tuple[float, Shape]:
    """Return the circle drawn to the edges near it, and the share of it that they show."""
    column, row, radius = circle
    share = 0.0
    for near in (4 * _NEAR_PX, 2 * _NEAR_PX, _NEAR_PX):
        dx, dy = edges.column - np.float32(column), edges.row - np.float32(row)
        away = np.sqrt(dx * dx + dy * dy) + np.float32(1e-3)
        radial = np.abs(dx * edges.across + dy * edges.down) / away >= _RADIAL
        good = radial & (np.abs(away - radius) <= near)
        if good.sum() < 12:
            return 0.0, Shape(True, column, row, (radius, radius))
        x, y = dx[good] / away[good], dy[good] / away[good]
        design = np.stack([np.ones_like(x), x, y], axis=1)
        off = away[good] - np.float32(radius)
        grown, right, down = np.linalg.lstsq(design, off, rcond=None)[0].tolist()
        column, row, radius = column + right, row + down, radius + grown
        sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * 90).astype(np.intp) % 90
        share = len(np.unique(sector)) / 90
    return share, Shape(True, column, row, (radius, radius))
