"""The state of a test face beside its indentations: what is dirty, written on or damaged.

The face is cut into cells of about half a millimetre. A cell is told by how its brightness
and its unrest differ from the rest of the face; neighbouring odd cells make a region.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point
from vision.regions import Disc, Region, RegionKind

Floats = NDArray[np.float32]

CELL_MM = 0.5
_ODD_SHADE = 0.12
_STROKE_MM, _LEAST_PX = 0.075, 1.2
"""Half the width of a fine stroke: unrest is looked for in detail of that size, not in noise."""
_OVER_SPREAD, _LEAST_ODD, _SURELY_ODD = 7.5, 1.8, 3.0
"""How many times as uneven as usual is odd: so much more, the more the face itself varies."""
_LEAST_UNREST = 0.1
_FAINTLY, _STRONG_CELLS = 0.7, 3
"""Beside so many odd cells others count that are less uneven by this: the next letter is."""
_LEAST_CELLS = 2
_LINE_CELLS = 3.2
_COARSE = 0.085
"""Unrest of the bare face over its brightness from which it is no polished face."""


class State(StrEnum):
    """Whether a face can be verified once more."""

    USABLE = "usable"
    WORN = "worn"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Limits:
    """From which shares of the face on it is worn or damaged, and how many scratches wear it.

    Not taken from a regulation: a lab sets them by what it has seen.
    """

    damaged_share: float = 0.04
    worn_share: float = 0.15
    scratches: int = 12


USUAL = Limits()
"""The limits where a lab has set none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a picture says about a face besides its marks.

    `face_up` is False where the face is too coarse for a polished one; `coarseness` is the
    figure that this follows from. `reasons` are in words for a person.
    """

    state: State
    regions: tuple[Region, ...]
    reasons: tuple[str, ...]
    face_up: bool
    coarseness: float


@dataclass(frozen=True, slots=True)
class _Cells:
    """Brightness and unrest of each cell over the usual, and which count; one column per cell.

    From `odd_from` on a cell is odd for its unrest.
    """

    shade: Floats
    unrest: Floats
    odd_from: float
    inside: NDArray[np.bool_]
    coarseness: float


def judge_condition(
    image: Image,
    inside: Image,
    frame: Frame,
    outline: Outline,
    marks: Sequence[Mark],
    known: Sequence[Region] = (),
    limits: Limits = USUAL,
) -> Condition:
    """Return the state of the face; `known` are regions told already, such as codes."""
    cells = _cells(image, inside, frame, marks, known)
    regions = [*known, *_regions(cells, frame, outline)]
    area = float(np.count_nonzero(inside)) / frame.px_per_mm**2
    state, reasons = _state(regions, area, limits)
    face_up = cells.coarseness < _COARSE
    if not face_up:
        reasons = (*reasons, f"coarse like a bottom ({cells.coarseness:.3f})")
    return Condition(state, tuple(regions), reasons, face_up, cells.coarseness)


def _cells(
    image: Image, inside: Image, frame: Frame, marks: Sequence[Mark], known: Sequence[Region]
) -> _Cells:
    side = max(2, round(CELL_MM * frame.px_per_mm))
    rows, columns = image.shape[0] // side, image.shape[1] // side
    size, whole = (columns, rows), (slice(0, rows * side), slice(0, columns * side))
    grey = image[whole].astype(np.float32)
    mean = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    unrest = cv2.resize(_detail(grey, frame), size, interpolation=cv2.INTER_AREA)
    part = cv2.resize(inside[whole], size, interpolation=cv2.INTER_AREA)
    counts = (part == 255) & (_free(marks, known, frame, image.shape, whole, size) == 255)
    if not counts.any():
        nothing = np.zeros((rows, columns), np.float32)
        return _Cells(nothing, nothing, _SURELY_ODD, counts, 0.0)
    light = _light(mean, counts)
    uneven = (unrest / max(float(np.median(unrest[counts])), _LEAST_UNREST)).astype(np.float32)
    varies = float(np.quantile(uneven[counts], 0.75)) - 1
    odd_from = min(max(1 + _OVER_SPREAD * varies, _LEAST_ODD), _SURELY_ODD)
    spread = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 0.12 * frame.px_per_mm + 2))
    rough = cv2.resize(spread, size, interpolation=cv2.INTER_AREA)
    coarseness = float(np.median(rough[counts] / np.maximum(light[counts], 8)))
    shade = (mean / np.maximum(light, 4) - 1).astype(np.float32)
    return _Cells(shade, uneven, odd_from, counts, coarseness)


def _detail(grey: Floats, frame: Frame) -> Floats:
    """Return how far each pixel stands out from around it, in detail as fine as a stroke."""
    fine = max(_LEAST_PX, _STROKE_MM * frame.px_per_mm)
    near, far = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (fine, 2 * fine))
    return np.asarray(cv2.absdiff(near, far), np.float32)


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


def _regions(cells: _Cells, frame: Frame, outline: Outline) -> list[Region]:
    """Return the regions of odd cells, the largest first."""
    count, label = _joined(_odd(cells))
    found = []
    for k in range(1, count):
        rows, columns = np.nonzero((label == k) & cells.inside)
        if len(rows) >= _LEAST_CELLS:
            found.append(_region(cells, rows, columns, frame, outline))
    return sorted(found, key=lambda region: (-region.area, region.discs))


def _odd(cells: _Cells) -> NDArray[np.bool_]:
    """Return which cells are odd, and which are faintly so among those."""
    clearly = (cells.unrest > cells.odd_from) | (np.abs(cells.shade) > _ODD_SHADE)
    faintly = cells.unrest > 1 + _FAINTLY * (cells.odd_from - 1)
    odd, any_way = cells.inside & clearly, cells.inside & (clearly | faintly)
    count, label = _joined(any_way)
    strong = np.bincount(label[odd], minlength=count) >= _STRONG_CELLS
    return np.asarray(odd | (any_way & strong[label]), np.bool_)


def _joined(cells: NDArray[np.bool_]) -> tuple[int, cv2.typing.MatLike]:
    """Return how many groups near cells make, background included, and the group of each."""
    closed = cv2.morphologyEx(cells.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.connectedComponents(closed, connectivity=8)


def _region(
    cells: _Cells,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    frame: Frame,
    outline: Outline,
) -> Region:
    side = max(2, round(CELL_MM * frame.px_per_mm))
    size = side / frame.px_per_mm
    places = _places(rows, columns, side, frame)
    discs = tuple(sorted(Disc(p.x, p.y, 0.75 * size) for p in places))
    unrest = float(np.median(cells.unrest[rows, columns]))
    shade = float(np.median(cells.shade[rows, columns]))
    kind = _kind(places, unrest > cells.odd_from, shade, outline)
    if kind is RegionKind.WRITING:  # nothing goes between the letters either
        rows, columns = _filled(rows, columns)
        places = _places(rows, columns, side, frame)
        discs = tuple(sorted(Disc(p.x, p.y, 0.75 * size) for p in places))
    reason = f"{kind}: {len(places) * size * size:.1f} mm², "
    reason += f"{unrest:.1f} times as uneven, {100 * shade:+.0f} % bright"
    return Region(kind, discs, len(places) * size * size, reason)


def _places(
    rows: NDArray[np.intp], columns: NDArray[np.intp], side: int, frame: Frame
) -> list[Point]:
    """Return the middles of cells of so many pixels."""
    cells = zip(rows.tolist(), columns.tolist(), strict=True)
    return [frame.to_mm((c + 0.5) * side - 0.5, (r + 0.5) * side - 0.5) for r, c in cells]


def _filled(
    rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cells of the hull of the cells."""
    canvas = np.zeros((int(rows.max()) + 1, int(columns.max()) + 1), np.uint8)
    hull = cv2.convexHull(np.stack([columns, rows], axis=1).astype(np.int32))
    cv2.fillConvexPoly(canvas, hull, (1,))
    down, across = np.nonzero(canvas)
    return down, across


def _kind(places: list[Point], uneven: bool, shade: float, outline: Outline) -> RegionKind:
    """Return what a region is most likely: by its shape, place, unrest and shade."""
    cloud = np.array([(p.x, p.y) for p in places], np.float32)
    width, height = cv2.minAreaRect(cloud)[1]
    long, short = max(width, height) + CELL_MM, min(width, height) + CELL_MM
    full = len(places) * CELL_MM**2 / (long * short)
    if (long > 4 * short and short < 3.2 * CELL_MM) or (long > 3 and full < 0.25):
        return RegionKind.SCRATCH
    # With a mark on it a scratch is as wide as letters, but only there. If in doubt it is a
    # scratch: marks on that are kept.
    if long > max(4, 2 * short) and _thickness(cloud) <= _LINE_CELLS:
        return RegionKind.SCRATCH
    if min(outline.distance_to_rim(p) for p in places) < 1.2 and long < 5:
        return RegionKind.CHIP
    if long > 3 * short and short < 6:
        return RegionKind.WRITING
    if not uneven:
        return RegionKind.STAIN
    if long > 7 and abs(shade) < _ODD_SHADE:
        return RegionKind.FINGERPRINT
    return RegionKind.RUST if shade < -_ODD_SHADE or long > 2 else RegionKind.DUST


def _thickness(cloud: Floats) -> float:
    """Return across how many cells a region usually goes, along its length."""
    middle = cloud.mean(axis=0)
    along = np.linalg.svd(cloud - middle, full_matrices=False)[2][0]
    steps = np.floor((cloud - middle) @ along / CELL_MM).astype(np.intp)
    return float(np.median(np.unique(steps, return_counts=True)[1]))


_HARMS = (RegionKind.RUST, RegionKind.CHIP, RegionKind.DAMAGE)


def _state(regions: Sequence[Region], area: float, limits: Limits) -> tuple[State, tuple[str, ...]]:
    """Return the state and the reasons for it; room beside old marks is the planner's question."""
    harmed = sum(r.area for r in regions if r.kind in _HARMS) / max(area, 1.0)
    lost = sum(r.area for r in regions if r.kind is not RegionKind.CODE)
    lost /= max(area, 1.0)
    scratches = sum(1 for r in regions if r.kind is RegionKind.SCRATCH)
    reasons = []
    if harmed >= limits.damaged_share:
        reasons.append(f"{100 * harmed:.0f} % of the face is damaged")
    if lost >= limits.worn_share:
        reasons.append(f"{100 * lost:.0f} % of the face is dirty or written on")
    if scratches >= limits.scratches:
        reasons.append(f"{scratches} scratches")
    if harmed >= limits.damaged_share:
        return State.DAMAGED, tuple(reasons)
    return (State.WORN if reasons else State.USABLE), tuple(reasons)
