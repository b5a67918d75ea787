"""The closed path of the strongest dark-to-bright step around a centre, to about a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.profiles import sampled

Doubles = NDArray[np.float64]

RAYS = 360
_LEAST_REACH = 8.0
_STEPS = (-2, -1, 0, 1, 2)
_BEND_COST = 0.35  # grey levels per pixel and pixel of bend


def angles() -> Doubles:
    """Return the directions of the rays, from the x axis towards the upper side, rad."""
    return np.linspace(0, 2 * np.pi, RAYS, endpoint=False)


def rays(image: Image | NDArray[np.float32], column: float, row: float, radii: Doubles) -> Doubles:
    """Return the grey levels along all rays; `radii` (px) has the shape (RAYS, samples)."""
    turn = angles()[:, None]
    columns = column + radii * np.cos(turn)
    rows = row - radii * np.sin(turn)
    return sampled(image, columns.astype(np.float32), rows.astype(np.float32)).astype(float)


def edge_path(
    image: NDArray[np.float32], column: float, row: float, radius: float, share: float
) -> Doubles:
    """Return the radius in px of the edge along each ray, shape (RAYS,).

    It is sought within `share` of the radius, to either side.

    The path is the closed one that gains most brightness outwards on its way round
    (Viterbi, twice around, so that it meets its own beginning).
    """
    reach = max(_LEAST_REACH, share * radius)
    grid = radius + np.arange(-reach, reach + 1)
    grey = rays(image, column, row, np.broadcast_to(grid, (RAYS, len(grid))))
    rise = np.zeros_like(grey)
    rise[:, 2:-2] = (grey[:, 3:-1] + grey[:, 4:] - grey[:, 1:-3] - grey[:, :-4]) / 6
    limit = float(np.percentile(rise.max(axis=1), 75))
    return grid[_best_path(np.minimum(rise, limit))]


def _best_path(gain: Doubles) -> NDArray[np.intp]:
    count, samples = gain.shape
    total = np.zeros(samples)
    came = np.zeros((2 * count, samples), np.intp)
    places = np.arange(samples)
    for step in range(2 * count):
        options = np.full((len(_STEPS), samples), -np.inf)
        for i, shift in enumerate(_STEPS):
            low, high = max(0, shift), samples + min(0, shift)
            options[i, low:high] = total[low - shift : high - shift] - _BEND_COST * abs(shift)
        best = options.argmax(axis=0)
        came[step] = places - np.array(_STEPS)[best]
        total = options[best, places] + gain[step % count]
    path = np.zeros(2 * count, np.intp)
    path[-1] = int(total.argmax())
    for step in range(2 * count - 1, 0, -1):
        path[step - 1] = came[step, path[step]]
    # The middle of the two turns has forgotten both its ends.
    return np.roll(path[count // 2 : count // 2 + count], count // 2)
