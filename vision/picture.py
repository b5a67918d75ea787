"""The plan of a block drawn over its photograph, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from vision.finder import Surface
from vision.frame import Image
from vision.geometry import Mark, Point
from vision.keep_out import KeepOut
from vision.pen import Pen
from vision.plans import Plan
from vision.symbols import (
    draw_avoided,
    draw_limit,
    draw_made,
    draw_old,
    draw_planned,
    draw_spare,
    draw_way,
)

__all__ = ["decode", "encode_png", "plan_picture"]

_SAME_MM = 0.5
_SIX_BITS = np.uint8(0xFC)


def plan_picture(
    image: Image,
    surface: Surface,
    plan: Plan,
    *,
    px_per_mm: float,
    edge_mm: float,
    readings: Mapping[int, str] | Sequence[str] = (),
    avoid: Sequence[KeepOut] = (),
    width_px: int = 900,
) -> Image:
    """Return the photograph, `width_px` wide (BGR), with the plan drawn over it.

    Grey rings are old indentations (orange where the finder doubts), blue numbers the
    planned positions in their order, thin blue rings the spares, green what is made.
    `readings` are the texts of those made, in order or by the index of the position
    (from 0; the spares count on). The dashed line is the edge limit, `edge_mm` from the rim;
    what to `avoid` is tinted red.
    """
    texts = dict(readings) if isinstance(readings, Mapping) else dict(enumerate(readings))
    canvas, scale = ground(image, width_px)
    frame = surface.frame(canvas.shape, px_per_mm * scale)
    pen = Pen(canvas, frame)
    for shape in avoid:
        draw_avoided(pen, shape)
    draw_limit(pen, surface.outline, edge_mm)
    draw_way(pen, plan.positions)
    named = _named(plan)
    new = [_mark_near(surface, place) if i in texts else None for i, (place, _) in enumerate(named)]
    old = [mark for mark in surface.marks if mark not in new]
    for mark in old:
        draw_old(pen, mark)
    crowd = [mark.centre for mark in old] + [place for place, _ in named]
    for i, (place, name) in enumerate(named):
        if i in texts:
            made = new[i]
            draw_made(pen, place, name, texts[i], made.diameter if made else 0.0, crowd)
        elif i < len(plan.positions):
            draw_planned(pen, place, name)
        else:
            draw_spare(pen, place, name)
    return canvas


def encode_png(image: Image) -> bytes:
    """Return a grey or BGR image as PNG."""
    # Photographs are mostly noise: searching for repetitions costs time and saves nothing.
    way = (cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY, cv2.IMWRITE_PNG_FILTER_AVG)
    if image.ndim == 3:
        way = (cv2.IMWRITE_PNG_STRATEGY_DEFAULT, cv2.IMWRITE_PNG_FILTER_SUB)
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, way[0]]
    options += [cv2.IMWRITE_PNG_FILTER, way[1]]
    return cv2.imencode(".png", image, options)[1].tobytes()


def decode(data: bytes) -> Image | None:
    """Return the image in PNG (or JPEG) bytes, grey or BGR as it was; None if it is none."""
    if not data:
        return None
    raw = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(raw, cv2.IMREAD_ANYCOLOR)
    return None if image is None else image.astype(np.uint8, copy=False)


def ground(image: Image, width_px: int) -> tuple[Image, float]:
    """Return the photograph in the wanted width, brightened and flat, and its scale."""
    scale = width_px / image.shape[1]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (width_px, round(image.shape[0] * scale))
    calm = cv2.resize(image, size, interpolation=way)
    # Six bits are enough under a drawing and halve the file.
    calm = cv2.convertScaleAbs(calm, alpha=0.72, beta=58).astype(np.uint8) & _SIX_BITS
    if calm.ndim == 2:
        calm = cv2.cvtColor(calm, cv2.COLOR_GRAY2BGR)
    return calm.astype(np.uint8, copy=False), scale


def _named(plan: Plan) -> list[tuple[Point, str]]:
    spares = [(place, f"S{i}") for i, place in enumerate(plan.spares, 1)]
    return [(place, str(i)) for i, place in enumerate(plan.positions, 1)] + spares


def _mark_near(surface: Surface, place: Point) -> Mark | None:
    near = [mark for mark in surface.marks if place.distance(mark) < _SAME_MM]
    return min(near, key=place.distance, default=None)
