"""How fine a picture must be, and how many make one of a whole surface."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.geometry import Outline, Point

LEAST_MARK_PX = 8.0
"""An indentation must span so many pixels to be found without fail."""


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """The least scale, and the middles of the pictures in the block frame, mm, row by row."""

    px_per_mm: float
    middles: tuple[Point, ...]

    @property
    def tiled(self) -> bool:
        """Whether one picture does not do."""
        return len(self.middles) > 1


def needed_px_per_mm(smallest_mm: float) -> float:
    """Return the scale at which an indentation of this diameter spans 8 px.

    Raises ValueError for a diameter that is not positive.
    """
    if not smallest_mm > 0:
        raise ValueError(f"an indentation cannot be {smallest_mm} mm wide")
    return LEAST_MARK_PX / smallest_mm


def capture_plan(
    outline: Outline,
    smallest_mm: float,
    sensor_px: tuple[int, int],
    *,
    overlap_mm: float = 3.0,
    margin_mm: float = 1.5,
) -> CapturePlan:
    """Return how to see a whole surface at the scale that its smallest indentation needs.

    `sensor_px` are columns and rows of one picture. Neighbouring pictures share
    `overlap_mm`, more than any indentation is wide; `margin_mm` is seen beyond the rim.
    Raises ValueError if a picture is no wider than the overlap.
    """
    scale = needed_px_per_mm(smallest_mm)
    width, height = (pixels / scale for pixels in sensor_px)
    if min(width, height) <= overlap_mm:
        raise ValueError(f"a picture of {width:.1f} x {height:.1f} mm is all overlap")
    across = _middles(2 * (outline.half_width + margin_mm), width, overlap_mm)
    down = _middles(2 * (outline.half_height + margin_mm), height, overlap_mm)
    return CapturePlan(scale, tuple(Point(x, y) for y in reversed(down) for x in across))


def _middles(extent: float, seen: float, overlap: float) -> list[float]:
    """Return the middles of the fewest stretches of `seen` mm that cover `extent` mm."""
    count = max(1, math.ceil((extent - overlap) / (seen - overlap) - 1e-9))
    if count == 1:
        return [0.0]
    step = (extent - seen) / (count - 1)
    return [(seen - extent) / 2 + i * step for i in range(count)]
