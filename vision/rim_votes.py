"""Ideas of where the block is, from edges alone: circles and rectangles as large as blocks.

Edges count alike whatever their contrast and its sense, so a rim is found that is brighter
than the ground on one side and darker on the other, and one that only its chamfer shows.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.edge_pixels import edge_pixels
from vision.frame import Image
from vision.rim_circles import circles
from vision.rim_rectangles import rectangles
from vision.rim_shape import Shape

_SHRINK = 4
_LEAST_HALF_MM = 7.5
_LEAST_SHARE, _ENOUGH = 0.3, 0.7


def voted(image: Image, px_per_mm: float) -> list[tuple[float, Shape]]:
    """Return outlines, px, round and rectangular, each after the share that edges show of it.

    The largest of those come first that hardly lack an edge: a turned face has circles too.
    """
    small = cv2.resize(image, None, fx=1 / _SHRINK, fy=1 / _SHRINK, interpolation=cv2.INTER_AREA)
    edges = edge_pixels(np.asarray(small, np.uint8))
    least = _LEAST_HALF_MM * px_per_mm / _SHRINK
    if len(edges.column) < 4 * least:
        return []
    found = [*circles(edges, least), *rectangles(edges, least)]
    found.sort(key=lambda one: (min(one[0], _ENOUGH), one[1].half[0] * one[1].half[1]))
    return [(share, _enlarged(shape)) for share, shape in reversed(found) if share >= _LEAST_SHARE]


def _enlarged(shape: Shape) -> Shape:
    column, row = ((v + 0.5) * _SHRINK - 0.5 for v in (shape.column, shape.row))
    half = (shape.half[0] * _SHRINK, shape.half[1] * _SHRINK)
    return Shape(shape.round, column, row, half, shape.angle)
