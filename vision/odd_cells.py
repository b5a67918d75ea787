"""The face cut into small cells: how each differs from the rest, and which are odd.

A cell is told by its brightness, over the light that shades off over the face, and by its unrest
in detail as fine as a stroke of writing. How much is odd follows from how much the face itself
varies: letters stand out from noise before they stand out from grinding marks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark
from vision.regions import Disc, Region

Floats = NDArray[np.float32]

CELL_MM = 0.5
ODD_SHADE = 0.12
_STROKE_MM, _LEAST_PX = 0.075, 1.2
"""Half the width of a fine stroke: unrest is looked for in detail of that size, not in noise."""
_OVER_SPREAD, _LEAST_ODD, _SURELY_ODD = 7.5, 1.8, 3.0
"""How many times as uneven as usual is odd: so much more, the more the face itself varies."""
_LEAST_UNREST = 0.1
_FAINTLY, _STRONG_CELLS = 0.7, 3
"""Beside so many odd cells others count that are less uneven by this: the next letter is."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Brightness and unrest of each cell over the usual, and which count; one column per cell.

    From `odd_from` on a cell is odd for its unrest.
    """

    shade: Floats
    unrest: Floats
    odd_from: float
    inside: NDArray[np.bool_]
    coarseness: float


def cells_of(
    image: Image, inside: Image, frame: Frame, marks: Sequence[Mark], known: Sequence[Region]
) -> Cells:
    """Return the cells of a face that is 255 in `inside`; marks and known regions do not count."""
    side = max(2, round(CELL_MM * frame.px_per_mm))
    rows, columns = image.shape[0] // side, image.shape[1] // side
    size, whole = (columns, rows), (slice(0, rows * side), slice(0, columns * side))
    grey = image[whole].astype(np.float32)
    mean = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    unrest = cv2.resize(_detail(grey, inside[whole], frame), size, interpolation=cv2.INTER_AREA)
    part = cv2.resize(inside[whole], size, interpolation=cv2.INTER_AREA)
    counts = (part == 255) & (_free(marks, known, frame, image.shape, whole, size) == 255)
    if not counts.any():
        nothing = np.zeros((rows, columns), np.float32)
        return Cells(nothing, nothing, _SURELY_ODD, counts, 0.0)
    light = _light(mean, counts)
    uneven = (unrest / max(float(np.median(unrest[counts])), _LEAST_UNREST)).astype(np.float32)
    varies = float(np.quantile(uneven[counts], 0.75)) - 1
    odd_from = min(max(1 + _OVER_SPREAD * varies, _LEAST_ODD), _SURELY_ODD)
    spread = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 0.12 * frame.px_per_mm + 2))
    rough = cv2.resize(spread, size, interpolation=cv2.INTER_AREA)
    coarseness = float(np.median(rough[counts] / np.maximum(light[counts], 8)))
    shade = (mean / np.maximum(light, 4) - 1).astype(np.float32)
    return Cells(shade, uneven, odd_from, counts, coarseness)


def _detail(grey: Floats, inside: Image, frame: Frame) -> Floats:
    """Return how far each pixel stands out from the face around it, in detail as fine as a stroke.

    What lies beyond the face has no part in it: the rim is no letter.
    """
    fine = max(_LEAST_PX, _STROKE_MM * frame.px_per_mm)
    on_face = (inside > 0).astype(np.float32)
    near, far = (_smooth(grey, on_face, sigma) for sigma in (fine, 2 * fine))
    return np.asarray(np.abs(near - far) * on_face, np.float32)


def _smooth(grey: Floats, on_face: Floats, sigma: float) -> Floats:
    """Return the mean of the face around each pixel."""
    weight = cv2.GaussianBlur(on_face, (0, 0), sigma)
    smooth = cv2.GaussianBlur(grey * on_face, (0, 0), sigma) / np.maximum(weight, 1e-3)
    return np.asarray(smooth, np.float32)


def _free(
    marks: Sequence[Mark],
    known: Sequence[Region],
    frame: Frame,
    shape: tuple[int, ...],
    whole: tuple[slice, slice],
    size: tuple[int, int],
) -> Image:
    """Return 255 for the cells that neither a mark with its rim nor a known region touches."""
    free = np.full(shape[:2], 255, np.uint8)
    discs = [Disc(m.x, m.y, 0.75 * m.diameter + 0.1) for m in marks]
    for disc in discs + [d for region in known for d in region.discs]:
        column, row = frame.to_px(disc.x, disc.y)
        radius = math.ceil(disc.radius * frame.px_per_mm)
        cv2.circle(free, (round(column), round(row)), radius, (0,), -1)
    return cv2.resize(free[whole], size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _light(mean: cv2.typing.MatLike, counts: NDArray[np.bool_]) -> Floats:
    """Return the quadratic light through the cells that are not odd."""
    y, x = (np.linspace(-1, 1, n) for n in mean.shape)
    xx, yy = np.meshgrid(x, y)
    terms = np.stack([np.ones_like(xx), xx, yy, xx * xx, xx * yy, yy * yy], axis=-1)
    design, grey = terms[counts], mean[counts]
    keep = np.ones(len(grey), bool)
    for _ in range(4):
        fit = np.linalg.lstsq(design[keep], grey[keep], rcond=None)[0]
        off = np.abs(grey - design @ fit)
        keep = off <= max(2.0, 2.5 * float(np.median(off)))
    light: Floats = (terms @ fit).astype(np.float32)
    return light


def odd_cells(cells: Cells) -> NDArray[np.bool_]:
    """Return which cells are odd, and which are faintly so among those."""
    clearly = (cells.unrest > cells.odd_from) | (np.abs(cells.shade) > ODD_SHADE)
    faintly = cells.unrest > 1 + _FAINTLY * (cells.odd_from - 1)
    odd, any_way = cells.inside & clearly, cells.inside & (clearly | faintly)
    count, label = joined(any_way)
    strong = np.bincount(label[odd], minlength=count) >= _STRONG_CELLS
    return np.asarray(odd | (any_way & strong[label]), np.bool_)


def joined(cells: NDArray[np.bool_]) -> tuple[int, cv2.typing.MatLike]:
    """Return how many groups near cells make, background included, and the group of each."""
    closed = cv2.morphologyEx(cells.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.connectedComponents(closed, connectivity=8)
