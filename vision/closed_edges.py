"""Round things whose edge closes all around, whatever they look like otherwise.

The nets judge a thing by how it looks, and what lies on a deep scratch looks like the scratch.
But a scratch has an edge along itself alone: where most of a small circle is edge, across which
the brightness changes along the radius, something round lies, and its place is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.octaves import Octave

Floats = NDArray[np.float32]

_OCTAVE_PX = (3.4, 6.8)
"""Each thing is looked at in the picture of the pyramid in which its radius lies between these."""
_LEAST_VOTES = 0.6
_SHARES = (0.8, 0.9, 1.0, 1.12, 1.25, 1.4)
_SECTORS, _NEARLY = 16, 11
CLOSED = 13
"""From so many of 16 directions on an edge is closed, whatever lies across it."""
_ALONG, _THICK, _THICK_PX = 0.87, 0.15, 1.2
"""How nearly radial the brightness changes (cosine), and how far off the circle, radii and px."""


def closed(octaves: Sequence[Octave], things: Floats) -> Floats:
    """Return those of the things (column, row, radius, votes; px) with an edge nearly all around.

    The radius returned is that of the edge, and last comes in how many of 16 directions it is
    seen: in 11 at least, and from `CLOSED` on it is closed. What is smaller than 3.4 px is left
    out. Shape (n, 4).
    """
    found = [np.zeros((0, 4), np.float32)]
    for octave in octaves:
        radii = things[:, 2] / octave.step
        here = (radii >= _OCTAVE_PX[0]) & (radii < _OCTAVE_PX[1]) & (things[:, 3] >= _LEAST_VOTES)
        some = things[here]
        scaled = some[:, :3] / np.float32(octave.step)
        rims = [_rim(octave, *thing) for thing in scaled.tolist()]
        kept = [i for i, (_, sectors) in enumerate(rims) if sectors]
        edges = np.array([rims[i] for i in kept], np.float32).reshape(-1, 2)
        edges[:, 0] *= octave.step
        found.append(np.column_stack([some[kept, :2], edges]).astype(np.float32))
    return np.concatenate(found)


def _rim(octave: Octave, column: float, row: float, radius: float) -> tuple[float, int]:
    """Return the radius (px) of the circle with most edge, and in how many sectors; else 0, 0."""
    reach = math.ceil(_SHARES[-1] * radius * (1 + _THICK) + _THICK_PX)
    left, top = max(0, round(column) - reach), max(0, round(row) - reach)
    window = np.s_[top : round(row) + reach + 1, left : round(column) + reach + 1]
    y, x = np.nonzero(octave.edges[window])
    gx, gy = (np.asarray(part[window][y, x], np.float32) for part in (octave.gx, octave.gy))
    dx, dy = x + np.float32(left - column), y + np.float32(top - row)
    away = np.hypot(dx, dy) + np.float32(1e-6)
    radial = np.abs(dx * gx + dy * gy) > _ALONG * away * (np.hypot(gx, gy) + np.float32(1e-6))
    turn = (np.arctan2(dy, dx) + np.pi) * (_SECTORS / (2 * np.pi))
    sector = np.minimum(turn.astype(np.intp), _SECTORS - 1)
    best, most = (0.0, 0), _NEARLY - 1
    for share in _SHARES:
        on = radial & (np.abs(away - share * radius) < max(_THICK_PX, _THICK * share * radius))
        full = len(np.unique(sector[on]))
        if full > most:
            best, most = (share * radius, full), full
    return best
