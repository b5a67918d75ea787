"""Why a block has no room, drawn over its photograph for the person who decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.finder import Surface
from vision.frame import Frame, Image
from vision.free_ground import Ground
from vision.geometry import Outline, Round
from vision.pen import Pen
from vision.picture import ground
from vision.plans import Demands, NoRoom
from vision.symbols import draw_limit, draw_old, draw_planned

_TAKEN = np.array((90, 90, 235), np.float64)  # blue, green, red
_SHARE = 0.3

Doubles = NDArray[np.float64]


def refusal_picture(
    image: Image,
    surface: Surface,
    demands: Demands,
    refused: NoRoom,
    *,
    px_per_mm: float,
    width_px: int = 900,
) -> Image:
    """Return the photograph, `width_px` wide (BGR): red is what no new centre may enter.

    Rings are old indentations, the dashed line is the limit towards the rim, blue numbers
    are the indentations that would still fit at once.
    """
    canvas, scale = ground(image, width_px)
    frame = surface.frame(canvas.shape, px_per_mm * scale)
    _redden(canvas, frame, Ground(surface.outline, surface.marks, demands))
    pen = Pen(canvas, frame)
    draw_limit(pen, surface.outline, demands.to_rim)
    for mark in surface.marks:
        draw_old(pen, mark)
    for number, place in enumerate(refused.places, 1):
        draw_planned(pen, place, str(number))
    return canvas


def _redden(canvas: Image, frame: Frame, ground: Ground) -> None:
    """Colour, in place, all of the surface where no centre may come to lie."""
    rows, columns = np.indices(canvas.shape[:2])
    x: Doubles = np.asarray(columns.ravel() - frame.column, np.float64) / frame.px_per_mm
    y: Doubles = np.asarray(frame.row - rows.ravel(), np.float64) / frame.px_per_mm
    places = np.stack([x, y], axis=1)
    on_block = _on_block(ground.outline, x, y)
    taken = (on_block & ~ground.free(places)).reshape(canvas.shape[:2])
    canvas[taken] = (canvas[taken] * (1 - _SHARE) + _TAKEN * _SHARE).astype(np.uint8)


def _on_block(outline: Outline, x: Doubles, y: Doubles) -> NDArray[np.bool_]:
    if isinstance(outline, Round):
        return np.asarray(np.hypot(x, y) <= outline.half_width, np.bool_)
    return (np.abs(x) <= outline.half_width) & (np.abs(y) <= outline.half_height)
