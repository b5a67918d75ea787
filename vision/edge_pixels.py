"""The edges of a picture: the crests of its steepness, whatever their contrast and its sense."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image

Floats = NDArray[np.float32]

_STEEP = 2.0
_LEAST_STEEP = 1.6
_AROUND = 25


@dataclass(frozen=True, slots=True)
class Edges:
    """Edge pixels of the small picture: places, unit vectors across the edges, its shape."""

    column: Floats
    row: Floats
    across: Floats
    down: Floats
    shape: tuple[int, int]


def edge_pixels(picture: Image) -> Edges:
    """Return the pixels that are steeper than across the edge and than what is around them."""
    calm = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    gx, gy = (cv2.Scharr(calm, cv2.CV_32F, i, 1 - i, scale=1 / 16) for i in (1, 0))
    steep = cv2.magnitude(gx, gy)
    near = cv2.blur(np.minimum(steep, 4 * np.median(steep) + 4), (_AROUND, _AROUND))
    floor = np.maximum(_STEEP * near, _LEAST_STEEP)
    # The crest of each edge: no neighbour across it is steeper.
    x, y = gx / (steep + 1e-6), gy / (steep + 1e-6)
    rows, columns = (np.arange(n, dtype=np.float32) for n in picture.shape)
    u, v = np.meshgrid(columns, rows)
    ahead = cv2.remap(steep, u + x, v + y, cv2.INTER_LINEAR)
    behind = cv2.remap(steep, u - x, v - y, cv2.INTER_LINEAR)
    crest = (steep >= ahead) & (steep > behind) & (steep > floor)
    row, column = np.nonzero(crest)
    return Edges(
        column.astype(np.float32),
        row.astype(np.float32),
        x[row, column],
        y[row, column],
        (picture.shape[0], picture.shape[1]),
    )
