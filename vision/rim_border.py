"""Where a block ends: the outermost of the edges that run along a clear one.

Its broken edge, the chamfer, has two, and may be almost as dark as the ground. Then the outer
one is too faint for a sector of the rim, and shows only where many are taken together, along
the clear inner one. It is looked for at two finenesses: next to a clear edge finely, farther
off more surely.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.rim_edges import Band

Floats = NDArray[np.float64]

FINENESS_PX = (1.0, 1.5, 3.0)
"""Over how much the bands are to be taken in which the edges are looked for, px."""

_TOGETHER = 4
_CLEAR = 2.0
_LEAST_STEP = 0.7
_OVER_GROUND = 4.0
_NEAR_PX = 1.0
_BASE_PX = 2.5
_SAME_PX = 2.0
_ALIKE = 3.0
"""A chamfer that differs less from the ground, in grey levels, can hardly be seen."""


def parallel_edges(
    bands: Sequence[Band], part: slice, widest: float, *, closed: bool
) -> list[float]:
    """Return the depths of the edges that run along a part of the rim, px, outermost first.

    `bands` were taken along a clear edge at depth 0; what lies further in than that is left
    out, and what is more than `widest` px outside is no chamfer. `closed` tells that the part
    goes all around.
    """
    found: list[float] = []
    for met in bands:
        for depth in _peaks(met, part, widest, closed):
            if all(abs(depth - other) > _SAME_PX for other in found):
                found.append(depth)
    return sorted(found) or [0.0]


def _peaks(met: Band, part: slice, widest: float, closed: bool) -> list[float]:
    outside = met.depth < met.depth[0] / 3
    change = met.change[part] - np.median(met.change[part][:, outside], axis=1)[:, None]
    change = np.abs(_together(change, closed))
    sure = change * np.sqrt(_TOGETHER) / np.median(met.unrest[part])
    # Half of the sectors shall show it: a jaw or a speck on the ground does not.
    clear = np.median(sure, axis=0)
    least = max(_CLEAR, _OVER_GROUND * float(np.median(clear[outside])))
    clear = np.where(np.median(change, axis=0) >= _LEAST_STEP, clear, 0.0)
    step = float(met.depth[1] - met.depth[0])
    near = round(_NEAR_PX / step)
    found: list[float] = []
    first, last = np.searchsorted(met.depth, (-widest, _BASE_PX)).tolist()
    for k in range(max(near, first), last):
        if clear[k] >= least and clear[k] >= clear[k - near : k + near + 1].max():
            left, mid, right = clear[k - 1 : k + 2]
            bend = left - 2 * mid + right
            shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
            found.append(float(met.depth[k] + step * shift))
    return found


def _together(change: Floats, closed: bool) -> Floats:
    """Return the mean over neighbouring sectors."""
    if closed:
        change = np.concatenate([change, change[: _TOGETHER - 1]])
    total = np.cumsum(np.pad(change, ((1, 0), (0, 0))), axis=0)
    return np.asarray((total[_TOGETHER:] - total[:-_TOGETHER]) / _TOGETHER)


def ends(edges: Sequence[Sequence[float]], met: Band, parts: Sequence[slice]) -> list[float]:
    """Return how deep each side of a block ends, from the edges along each, px.

    The chamfer is as wide on all sides: an edge at another distance is a shadow's or a
    fixture's, and where a side shows none because the chamfer is there as bright as the
    ground, the other sides tell where it ends.
    """
    inner = [min(side, key=abs) for side in edges]
    widths = [[inner[k] - d for d in side if d < inner[k]] for k, side in enumerate(edges)]
    width, count = _shared(widths)
    if len(edges) > 1 and count == 1 and len([w for w in widths if w]) > 1:
        return inner
    ended = list(inner)
    chamfer = []
    for k, some in enumerate(widths):
        own = [w for w in some if abs(w - width) <= _SAME_PX]
        if own:
            ended[k] = inner[k] - own[0]
            chamfer.append(_grey(met, parts[k], ended[k], inner[k]))
    for k, some in enumerate(widths):
        if width > _BASE_PX and ended[k] == inner[k] and not some:
            ground = _grey(met, parts[k], inner[k] - width, inner[k])
            if abs(float(np.median(chamfer)) - ground) <= _ALIKE:
                ended[k] = inner[k] - width
    return ended


def _shared(widths: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Return the width that most sides show, the wider of two, and how many do."""
    best, most = 0.0, 0
    for one in sorted((w for side in widths for w in side), reverse=True):
        near = [min(side, key=lambda w: abs(w - one)) for side in widths if side]
        near = [w for w in near if abs(w - one) <= _SAME_PX]
        if len(near) > most:
            best, most = float(np.median(near)), len(near)
    return best, most


def _grey(met: Band, part: slice, start: float, end: float) -> float:
    """Return the grey level of a part between two depths, its edges left out."""
    low, high = np.searchsorted(met.depth, (start, end))
    trim = (high - low) // 3
    return float(np.median(met.grey[part, low + trim : max(high - trim, low + trim + 1)]))
