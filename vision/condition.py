"""The state of a test face beside its indentations: what is dirty, written on or damaged.

Neighbouring odd cells make a region; its shape, place, unrest and shade tell what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point
from vision.odd_cells import CELL_MM, ODD_SHADE, Cells, cells_of, joined, odd_cells
from vision.regions import Disc, Region, RegionKind

Floats = NDArray[np.float32]

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
    cells = cells_of(image, inside, frame, marks, known)
    regions = [*known, *_regions(cells, frame, outline)]
    area = float(np.count_nonzero(inside)) / frame.px_per_mm**2
    state, reasons = _state(regions, area, limits)
    face_up = cells.coarseness < _COARSE
    if not face_up:
        reasons = (*reasons, f"coarse like a bottom ({cells.coarseness:.3f})")
    return Condition(state, tuple(regions), reasons, face_up, cells.coarseness)


def _regions(cells: Cells, frame: Frame, outline: Outline) -> list[Region]:
    """Return the regions of odd cells, the largest first."""
    count, label = joined(odd_cells(cells))
    found = []
    for k in range(1, count):
        rows, columns = np.nonzero((label == k) & cells.inside)
        if len(rows) >= _LEAST_CELLS:
            found.append(_region(cells, rows, columns, frame, outline))
    return sorted(found, key=lambda region: (-region.area, region.discs))


def _region(
    cells: Cells,
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
    if long > 7 and abs(shade) < ODD_SHADE:
        return RegionKind.FINGERPRINT
    return RegionKind.RUST if shade < -ODD_SHADE or long > 2 else RegionKind.DUST


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
