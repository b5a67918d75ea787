"""Grey levels along many short lines at once, and where they cross a level."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]


def sampled(image: Image | Floats, columns: Floats, rows: Floats) -> Floats:
    """Return the grey levels at fractional pixel places, in the shape (lines, samples) given.

    Bilinear; beyond the border the border pixel goes on. At most 32,767 lines.
    """
    values = cv2.remap(
        image,
        columns.astype(np.float32, copy=False),
        rows.astype(np.float32, copy=False),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return values.astype(np.float32)


def rays(centre: tuple[float, float], reach: Floats, count: int) -> tuple[Floats, Floats]:
    """Return columns and rows of the places at these distances (px) on rays all around a centre.

    Each has the shape (count, len(reach)); the first ray goes right, the next ones downwards.
    """
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False, dtype=np.float32)[:, None]
    columns = np.float32(centre[0]) + np.cos(angles) * reach
    rows = np.float32(centre[1]) + np.sin(angles) * reach
    return columns.astype(np.float32), rows.astype(np.float32)


def first_rise(profiles: Floats, level: Floats | float) -> Floats:
    """Return for each line the fractional index at which it first reaches the level.

    `profiles` has the shape (lines, samples); `level` is one number or shape (lines, 1).
    A line that starts at the level or never reaches it gives NaN.
    """
    above = profiles >= level
    index = above.argmax(axis=1)
    found = above.any(axis=1) & (index > 0)
    line = np.arange(len(profiles))
    before = profiles[line, np.maximum(index - 1, 0)]
    after = profiles[line, index]
    step = np.maximum(after - before, np.float32(1e-6))
    wanted = np.broadcast_to(np.asarray(level, np.float32).reshape(-1), index.shape)
    crossing = index - 1 + (wanted - before) / step
    return np.where(found, crossing, np.nan).astype(np.float32)
