"""The two perpendicular diameters of a Brinell indentation in a microscope's picture.

Roughly by a vote, then the strongest closed edge, then a model of the blurred edge on each of 360
rays, then a short Fourier series through them. What the picture cannot give is refused in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from metrology.brinell_reading import BrinellReading, DiameterBudget
from vision.contour import Contour, fit_contour
from vision.disc_search import Disc, find_discs
from vision.edge_fit import Edges, fit_edges
from vision.edge_path import RAYS, angles, edge_path, rays
from vision.frame import Image
from vision.microscope import Microscope

Doubles = NDArray[np.float64]

STEP_MM = Decimal("0.0001")
"""Last digit of a diameter."""

LEAST_DIAMETER_PX = 250
"""Fewer pixels across would cost more than 0.1 % of the diameter (measured)."""


class Refused(StrEnum):
    """Why there is no reading."""

    NO_PICTURE = "no-picture"
    NO_INDENTATION = "no-indentation"
    OFF_FIELD = "off-field"
    OFF_PLATE = "off-plate"
    TOO_SMALL = "too-small"
    SEVERAL = "several"
    FAINT = "faint"
    BLURRED = "blurred"
    RAGGED = "ragged"
    OUT_OF_ROUND = "out-of-round"


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """No reading, and why, in words for a person."""

    reason: Refused
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture must keep to; house rules, none is a regulation's (confidence "house").

    `out_of_roundness` is the largest difference of two perpendicular diameters over their mean;
    `blur_px` and `blur_share` bound the deviation of the edge's blur, in pixels and relative to
    the diameter, the larger of both; `used` is the least share of rays with a clean edge; `step`
    the least contrast across the edge, grey levels.
    """

    out_of_roundness: float = 0.01
    blur_px: float = 3.0
    blur_share: float = 0.004
    used: float = 0.7
    step: float = 20.0


@dataclass(frozen=True, slots=True)
class Indentation:
    """A measured indentation: the reading, and what the picture was like.

    `column` and `row` are its centre in pixels, `blur_px` the deviation of the edge's blur,
    `used` the share of rays with a clean edge.
    """

    reading: BrinellReading
    column: float
    row: float
    out_of_roundness: float
    blur_px: float
    used: float


HOUSE_LIMITS = Limits()

_NOT_WHOLE = "the metal around it is not whole: the plate ends, or another indentation is near"

_WHOLE = 0.75
"""Share of a circumference from which a second disc is an indentation of its own."""

_REACHES = (0.12, 0.05, 0.03)
"""How far from the circle of the round before the edge is sought, in radii."""


def measure_indentation(
    image: Image, microscope: Microscope, limits: Limits = HOUSE_LIMITS
) -> Indentation | NotMeasured:
    """Return both diameters (along columns and rows) with their uncertainty, or why not.

    `image` is grey, 8 bits, the indentation darker at its edge than the metal around it.
    """
    fault = _unusable(image)
    if fault is not None:
        return fault
    discs = find_discs(image)
    if not discs:
        return NotMeasured(Refused.NO_INDENTATION, "no dark disc on a bright surface is to be seen")
    disc = discs[0]
    fault = _misplaced(image, disc) or _ambiguous(discs)
    if fault is not None:
        return fault
    fine = image.astype(np.float32)
    traced = _traced(fine, disc.column, disc.row, disc.radius)
    column, row, contour, edges = traced
    return _judged(fine, column, row, contour, edges, microscope, limits)


def _unusable(image: Image) -> NotMeasured | None:
    if image.ndim != 2 or image.dtype != np.uint8 or min(image.shape) < 64:
        return NotMeasured(Refused.NO_PICTURE, "not a grey picture of 8 bits")
    if int(image.max()) - int(image.min()) < 20:
        return NotMeasured(Refused.NO_PICTURE, "the picture has no contrast")
    if float((image == 255).mean()) > 0.25:
        return NotMeasured(Refused.NO_PICTURE, "the picture is overexposed")
    return None


def _misplaced(image: Image, disc: Disc) -> NotMeasured | None:
    column, row, radius = disc.column, disc.row, disc.radius
    if 2 * radius < LEAST_DIAMETER_PX:
        text = f"it spans {2 * radius:.0f} px of at least {LEAST_DIAMETER_PX}: take more power"
        return NotMeasured(Refused.TOO_SMALL, text)
    reach = 1.03 * radius + 4
    rows, columns = image.shape
    if not (reach <= column < columns - reach and reach <= row < rows - reach):
        return NotMeasured(Refused.OFF_FIELD, "the indentation is not wholly in the picture")
    return None


def _ambiguous(discs: list[Disc]) -> NotMeasured | None:
    """Refuse to choose between two whole indentations of like size."""
    if len(discs) < 2 or discs[1].share < _WHOLE:
        return None
    if not 0.5 < discs[1].radius / discs[0].radius < 2:
        return None
    return NotMeasured(Refused.SEVERAL, "two indentations are in the picture: show one")


def _traced(
    fine: NDArray[np.float32], column: float, row: float, radius: float
) -> tuple[float, float, Contour, Edges]:
    """Return centre, contour and the edges on all rays, px; the centre is moved until it is one."""
    all_rays = np.ones(RAYS, bool)
    for share in _REACHES:
        path = edge_path(fine, column, row, radius, share)
        contour = fit_contour(angles(), path, all_rays, order=2)
        column, row = column + contour.shift[0], row - contour.shift[1]
        radius = float(contour.series[0])
    contour = contour.centred()
    blur = 1.5
    for _ in range(3):
        blur = _blur(fine, column, row, contour, blur)
        edges, grid = _edges(fine, column, row, contour, blur)
        reached = np.abs(edges.place) < 0.8 * grid[-1]
        sharp = edges.step > 0.4 * np.median(edges.step)
        clean = edges.misfit < 2.5 * np.median(edges.misfit) + 0.5
        found = contour.radius(angles()) + edges.place
        contour = fit_contour(angles(), found, reached & sharp & clean)
        column, row = column + contour.shift[0], row - contour.shift[1]
        contour = contour.centred()
    return column, row, contour, edges


def _grid(blur: float, radius: float) -> Doubles:
    reach = max(7.0, min(5 * blur, 0.1 * radius))
    return np.arange(-reach, reach + 0.25, 0.5)


def _edges(
    fine: NDArray[np.float32], column: float, row: float, contour: Contour, blur: float
) -> tuple[Edges, Doubles]:
    grid = _grid(blur, float(contour.series[0]))
    profiles = rays(fine, column, row, contour.radius(angles())[:, None] + grid)
    return fit_edges(grid, profiles, blur, free_blur=False), grid


def _blur(
    fine: NDArray[np.float32], column: float, row: float, contour: Contour, guess: float
) -> float:
    """Return the deviation of the edge's blur in px: the median over sectors of the contour."""
    grid = _grid(guess, float(contour.series[0]))
    profiles = rays(fine, column, row, contour.radius(angles())[:, None] + grid)
    sectors = np.median(profiles.reshape(RAYS // 15, 15, -1), axis=1)
    return float(np.median(fit_edges(grid, sectors, guess, free_blur=True).blur))


def _judged(
    fine: NDArray[np.float32],
    column: float,
    row: float,
    contour: Contour,
    edges: Edges,
    microscope: Microscope,
    limits: Limits,
) -> Indentation | NotMeasured:
    radius, blur = float(contour.series[0]), float(np.median(edges.blur))
    if _beyond_plate(fine, column, row, radius):
        return NotMeasured(Refused.OFF_PLATE, _NOT_WHOLE)
    step = float(np.median(edges.step))
    if step < limits.step:
        return NotMeasured(Refused.FAINT, f"its edge stands out by {step:.0f} grey levels only")
    most = max(limits.blur_px, limits.blur_share * 2 * radius)
    if blur > most:
        text = f"the edge is blurred by {blur:.1f} px, of {most:.1f} at most: focus"
        return NotMeasured(Refused.BLURRED, text)
    if contour.used < limits.used:
        text = f"only {contour.used:.0%} of the edge is clean"
        return NotMeasured(Refused.RAGGED, text)
    if contour.out_of_roundness > limits.out_of_roundness:
        text = f"perpendicular diameters differ by {contour.out_of_roundness:.2%}"
        text += f", of {limits.out_of_roundness:.2%} at most"
        return NotMeasured(Refused.OUT_OF_ROUND, text)
    reading = _reading(contour, blur, microscope)
    return Indentation(reading, column, row, contour.out_of_roundness, blur, contour.used)


def _beyond_plate(fine: NDArray[np.float32], column: float, row: float, radius: float) -> bool:
    """Say whether the ring around the indentation is not metal everywhere."""
    grid = np.linspace(1.04, 1.2, 12) * radius
    ring = rays(fine, column, row, np.broadcast_to(grid, (RAYS, 12)))
    level = np.median(ring, axis=1)
    return bool((level < 0.4 * np.percentile(level, 80)).mean() > 0.03)


def _reading(contour: Contour, blur: float, microscope: Microscope) -> BrinellReading:
    scale = microscope.um_per_px / 1000
    offset = microscope.edge_offset_um / 1000
    diameters = [contour.diameter(angle) * scale + offset for angle in (0.0, np.pi / 2)]
    budget = DiameterBudget(
        edge_fit=_mm(2 * contour.scatter * scale),
        edge_definition=_mm(
            float(np.hypot(edge_definition_px(blur) * scale, microscope.edge_uncertainty_um / 1000))
        ),
        pixel_scale=_mm(sum(diameters) / 2 * microscope.scale_uncertainty),
        roundness=_mm(contour.pair_spread * scale),
        resolution=_mm(float(STEP_MM) / (2 * 3**0.5)),
    )
    d1, d2 = (Decimal(repr(d)).quantize(STEP_MM) for d in diameters)
    return BrinellReading(d1, d2, budget)


def edge_definition_px(blur: float) -> float:
    """Return how well a diameter's edge is defined in a picture with this blur, px, k = 1."""
    return 0.1 * blur


def _mm(value: float) -> Decimal:
    """Return an uncertainty in mm to the nanometre."""
    return Decimal(repr(value)).quantize(Decimal("0.000001"))
