"""Pictures of blocks that do not exist: a lapped surface with indentations on a dark ground."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.rendering.plain_flaws import Flaw, spoil

__all__ = ["Image", "Mark", "Outline", "Point", "Rectangle", "Round", "render_surface"]

Floats = NDArray[np.float32]

BORDER_MM = 3.5
"""Dark ground left around a centred block."""

_GROUND = np.float32(20.0)
_SURFACE = 172.0
_CHAMFER = np.float32(215.0)
_CHAMFER_MM = 0.25
_TILE = 1024


def render_surface(
    outline: Outline,
    marks: Sequence[Mark],
    *,
    px_per_mm: float,
    offset: Point,
    seed: int,
    bowls: Collection[Mark] = (),
    flaws: Sequence[Flaw] = (),
) -> Image:
    """Return a grey picture of a block whose centre lies at `offset` (mm) from the image centre.

    `marks` are in the block frame; the confidence of a mark is drawn as its
    contrast, so that 1.0 is a clean indentation and 0.3 one that is hard to see. Those that
    are also in `bowls` were made by a ball, the others by a cone. `flaws` are drawn on top.
    The picture is as large as the outline and 3.5 mm on every side. The same
    arguments give the same pixels.
    """
    rng = np.random.default_rng(seed)
    shape = _shape(outline, px_per_mm)
    frame = Frame.centred(shape, px_per_mm).moved(offset)
    light = _illumination(shape, rng)
    _lay(_lapping_tile(), light, rng)
    for mark in marks:
        _indent(light, mark, frame, _bowl if mark in bowls else _funnel)
    for flaw in flaws:
        spoil(light, flaw, frame)
    picture = _composed(light, _depth_px(outline, frame, shape), px_per_mm)
    _lay(_sensor_tile(), picture, rng)
    np.maximum(picture, np.float32(0), out=picture)
    return cv2.convertScaleAbs(picture).astype(np.uint8, copy=False)


def _shape(outline: Outline, px_per_mm: float) -> tuple[int, int]:
    rows = math.ceil(2 * (outline.half_height + BORDER_MM) * px_per_mm)
    columns = math.ceil(2 * (outline.half_width + BORDER_MM) * px_per_mm)
    return rows, columns


def _illumination(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return a tilted light that falls off from a bright spot; rows and columns separate."""
    tilt = rng.uniform(-14.0, 14.0, 2)
    spot = rng.uniform(-0.4, 0.4, 2)
    rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    vertical: Floats = tilt[0] * rows - 7.0 * (rows - spot[0]) ** 2
    horizontal: Floats = tilt[1] * columns - 7.0 * (columns - spot[1]) ** 2
    level = np.float32(_SURFACE + rng.uniform(-8.0, 8.0))
    light = vertical.astype(np.float32)[:, None] + horizontal.astype(np.float32)
    return light + level


@functools.cache
def _lapping_tile() -> Floats:
    """Return fine parallel strokes in two directions, grey levels about zero, shape (1024, 1024).

    Drawn once: fresh noise for each picture would cost more than all the rest.
    """
    rng = np.random.default_rng(20131025)
    strokes = np.zeros((_TILE, _TILE), np.float32)
    for angle, weight in ((18.0, 1.7), (-34.0, 1.1)):
        white = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
        streaks = cv2.filter2D(white, -1, _stroke(angle), borderType=cv2.BORDER_REFLECT)
        strokes += weight * streaks / np.float32(streaks.std())
    return strokes


def _stroke(angle_deg: float) -> Floats:
    """Return the kernel of one lapping stroke, shape (41, 41)."""
    kernel = np.zeros((41, 41), np.float32)
    dx, dy = (20 * f(math.radians(angle_deg)) for f in (math.cos, math.sin))
    ends = [(round(20 - dx), round(20 - dy)), (round(20 + dx), round(20 + dy))]
    cv2.line(kernel, ends[0], ends[1], (1.0,), 1)
    return kernel


@functools.cache
def _sensor_tile() -> Floats:
    """Return the camera's noise, grey levels about zero, shape (1024, 1024)."""
    rng = np.random.default_rng(20140425)
    return rng.standard_normal((_TILE, _TILE), dtype=np.float32) * np.float32(2.0)


def _lay(tile: Floats, picture: Floats, rng: np.random.Generator) -> None:
    """Add to a picture a window at a random place of the endless repeated tile."""
    top, left = (int(start) for start in rng.integers(0, _TILE, 2))
    for rows, tile_rows in _stretches(top, picture.shape[0]):
        for columns, tile_columns in _stretches(left, picture.shape[1]):
            picture[rows, columns] += tile[tile_rows, tile_columns]


def _stretches(start: int, length: int) -> Iterator[tuple[slice, slice]]:
    """Yield the stretches of a line, and of the tile from `start` on, that lie on each other."""
    done = 0
    while done < length:
        first = (start + done) % _TILE
        count = min(_TILE - first, length - done)
        yield slice(done, done + count), slice(first, first + count)
        done += count


def _depth_px(outline: Outline, frame: Frame, shape: tuple[int, int]) -> Floats:
    """Return for each pixel its distance to the rim in pixels, positive on the block."""
    rows = np.arange(shape[0], dtype=np.float32) - np.float32(frame.row)
    columns = np.arange(shape[1], dtype=np.float32) - np.float32(frame.column)
    scale = frame.px_per_mm
    if isinstance(outline, Round):
        radius = np.float32(outline.half_width * scale)
        depth: Floats = radius - np.sqrt((rows * rows)[:, None] + columns * columns)
        return depth
    vertical = np.float32(outline.half_height * scale) - np.abs(rows)
    horizontal = np.float32(outline.half_width * scale) - np.abs(columns)
    nearest: Floats = np.minimum(vertical[:, None], horizontal)
    return nearest


def _composed(light: Floats, depth_px: Floats, px_per_mm: float) -> Floats:
    """Return the lit surface inside a bright chamfer on the dark ground, soft over one pixel."""
    chamfer_px = np.float32(_CHAMFER_MM * px_per_mm)
    block = _share(depth_px + np.float32(0.5))
    surface = _share(depth_px - (chamfer_px - np.float32(0.5)))
    surface *= light - _CHAMFER
    surface += _CHAMFER - _GROUND
    surface *= block
    surface += _GROUND
    return surface


def _share(ramp: Floats) -> Floats:
    """Return the ramp cut to 0 … 1, in place."""
    np.minimum(ramp, np.float32(1), out=ramp)
    return np.maximum(ramp, np.float32(0), out=ramp)


def _funnel(away: Floats, slope: Floats) -> Floats:
    """Return how dark a cone's inside is: its flank is equally steep all over."""
    return (0.62 + 0.10 * slope).astype(np.float32)


def _bowl(away: Floats, slope: Floats) -> Floats:
    """Return how dark a ball's inside is: its bottom is level, and steeper towards the rim."""
    steep = np.minimum(np.float32(1.2) * away, np.float32(1))
    dark: Floats = (0.10 + 0.66 * steep + 0.04 * slope).astype(np.float32)
    return dark


def _indent(
    light: Floats, mark: Mark, frame: Frame, inside_of: Callable[[Floats, Floats], Floats]
) -> None:
    """Draw one indentation into the light: dark shaded inside, raised bright rim."""
    column, row = frame.to_px(mark.x, mark.y)
    radius = mark.diameter / 2 * frame.px_per_mm
    window = _window(light.shape, column, row, reach=1.3 * radius + 3)
    rows, columns = window
    dy = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(row)
    dx = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] - np.float32(column)
    distance = np.sqrt(dx * dx + dy * dy)
    slope = (dx - dy) / np.float32(1.414 * max(radius, 1.0))  # the lamp stands upper right
    inside = np.clip(radius - distance + 0.5, 0, 1)
    pile_up = np.exp(-(((distance - 1.08 * radius - 0.6) / (0.07 * radius + 0.7)) ** 2))
    away = (distance / np.float32(max(radius, 1.0))).astype(np.float32)
    dark = inside_of(away, np.clip(slope, -1, 1).astype(np.float32))
    gain = (1 - inside) * pile_up * (0.16 - 0.08 * slope) - inside * dark
    light[rows, columns] *= 1 + np.float32(mark.confidence) * gain


def _window(shape: tuple[int, ...], column: float, row: float, reach: float) -> tuple[slice, slice]:
    """Return the rows and columns within `reach` pixels of a place, cut at the image border."""
    top, left = max(0, int(row - reach)), max(0, int(column - reach))
    bottom, right = min(shape[0], int(row + reach) + 2), min(shape[1], int(column + reach) + 2)
    return slice(top, max(top, bottom)), slice(left, max(left, right))
