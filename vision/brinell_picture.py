"""What was measured of an indentation, or why nothing was, drawn over its picture for a person."""

from __future__ import annotations

import cv2
import numpy as np

from metrology.scale import Scale
from vision.brinell import Indentation, NotMeasured
from vision.frame import Image
from vision.microscope import Microscope

_BLUE, _GREEN, _ORANGE, _WHITE = (235, 150, 40), (90, 200, 60), (40, 140, 250), (255, 255, 255)
_FINE = 16  # cv2 draws in sixteenths of a pixel
_BAR_PX = 88


def brinell_picture(
    image: Image,
    found: Indentation | NotMeasured,
    microscope: Microscope,
    scale: Scale | None = None,
    *,
    width_px: int = 900,
) -> Image:
    """Return the picture, `width_px` wide (BGR), with contour, both diameters and the result.

    With `scale` the hardness stands beside the diameter. A refusal stands in its own words.
    """
    zoom = width_px / image.shape[1]
    size = (width_px, round(image.shape[0] * zoom))
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    canvas = cv2.cvtColor(cv2.resize(image, size, interpolation=way), cv2.COLOR_GRAY2BGR)
    if isinstance(found, Indentation):
        _draw(canvas, found, microscope, zoom)
    return _with_bar(canvas.astype(np.uint8, copy=False), _lines(found, scale), found)


def _draw(
    canvas: cv2.typing.MatLike, found: Indentation, microscope: Microscope, zoom: float
) -> None:
    column, row = ((place + 0.5) * zoom - 0.5 for place in (found.column, found.row))
    half = [
        float(d) * 500 / microscope.um_per_px * zoom
        for d in (found.reading.d1_mm, found.reading.d2_mm)
    ]
    middle, axes = _fine(column, row), _fine(*half)
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, _GREEN, 1, cv2.LINE_AA, 4)
    for dx, dy in ((half[0], 0.0), (0.0, half[1])):
        ends = _fine(column - dx, row - dy), _fine(column + dx, row + dy)
        cv2.line(canvas, *ends, _BLUE, 1, cv2.LINE_AA, 4)


def _fine(x: float, y: float) -> tuple[int, int]:
    return round(x * _FINE), round(y * _FINE)


def _lines(found: Indentation | NotMeasured, scale: Scale | None) -> list[str]:
    if isinstance(found, NotMeasured):
        return [f"not measured: {found.reason}", found.text, ""]
    reading = found.reading
    first = f"d1 {reading.d1_mm} mm   d2 {reading.d2_mm} mm   d {reading.mean_mm:.4f} mm"
    first += f"   U {reading.budget.expanded() * 1000:.2f} um (k = 2)"
    second = "" if scale is None else f"{reading.hardness(scale):.1f} {scale.symbol}"
    if scale is not None:
        second += f"   U {reading.hardness_uncertainty(scale):.2f} HBW of the diameter alone"
    third = f"out of round {found.out_of_roundness:.2%}   blur {found.blur_px:.1f} px"
    return [first, second, f"{third}   edge used {found.used:.0%}"]


def _with_bar(canvas: Image, lines: list[str], found: Indentation | NotMeasured) -> Image:
    """Return the picture with a bar of text below it."""
    bar = np.full((_BAR_PX, canvas.shape[1], 3), 40, np.uint8)
    colour = _ORANGE if isinstance(found, NotMeasured) else _WHITE
    for text, row in zip(lines, (26, 51, 76), strict=True):
        cv2.putText(bar, text, (12, row), cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 1, cv2.LINE_AA)
    return np.vstack([canvas, bar])
