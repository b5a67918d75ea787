"""Pictures of Brinell indentations that nobody made, as a measuring microscope would take them.

The edge is drawn from the shape of the surface: the flank of the cap, the rounded crest where the
ball last touched, and the pile-up that falls off outside. Light that comes along the axis returns
from what is flat, so a slope is dark. The truth is the crest, which no level of grey marks by
itself; that is why a microscope needs an edge offset besides its scale (`vision.microscope`).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frame import Image
from vision.microscope_scene import MicroscopeScene, shape_um, waviness_um

Floats = NDArray[np.float32]

_TILE = 1024
_FINE = 16  # samples of the radial profile per pixel
_ANGLES = 8192
_PLATE_END = np.float32(14.0)
"""Grey level beside the plate."""


@dataclass(frozen=True, slots=True)
class MicroscopeTruth:
    """What the picture shows: diameters along rows (x) and columns (y), and the contour's mean, mm.

    The waviness that the grain gives the edge is left out: it is no part of the diameter.
    `column` and `row` are the place of the centre in pixels.
    """

    d1_mm: float
    d2_mm: float
    contour_mm: float
    column: float
    row: float

    @property
    def mean_mm(self) -> float:
        """Return the mean of the two perpendicular diameters, mm."""
        return (self.d1_mm + self.d2_mm) / 2


def render_indentation(scene: MicroscopeScene) -> tuple[Image, MicroscopeTruth]:
    """Return a grey picture of the indentation, and its truth; the same scene, the same pixels."""
    rng = np.random.default_rng(scene.seed)
    directions = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    shape = shape_um(scene, directions, rng)
    contour = shape + waviness_um(scene, directions, rng)
    column = (scene.width - 1) / 2 + scene.offset_px[0]
    row = (scene.height - 1) / 2 + scene.offset_px[1]
    dx = np.arange(scene.width, dtype=np.float32)[None, :] - np.float32(column)
    dy = np.arange(scene.height, dtype=np.float32)[:, None] - np.float32(row)
    distance = np.sqrt(dx * dx + dy * dy)
    angle = np.arctan2(-dy, dx)
    turn = (angle * np.float32(_ANGLES / (2 * np.pi))).astype(np.int32) % _ANGLES
    outward = distance - (contour / scene.um_per_px).astype(np.float32)[turn]
    flat, slope = _looked_up(scene, outward)
    light = flat * _lapped(scene, rng) + scene.oblique * slope * np.cos(angle - scene.lamp_rad)
    light *= _illumination(scene, rng)
    _scratch(light, scene, rng)
    _plate_edge(light, scene, dx, dy)
    sigma = scene.blur_um / scene.um_per_px
    picture = cv2.GaussianBlur(light, (0, 0), sigma) if sigma > 0.2 else light
    if scene.graticule:
        _graticule(picture)
    picture += _shifted(_noise_tile(), picture.shape, rng) * np.float32(scene.noise)
    across = (shape + np.roll(shape, -_ANGLES // 2)) / 1000
    truth = MicroscopeTruth(
        float(across[0]), float(across[_ANGLES // 4]), float(across.mean()), column, row
    )
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), truth


def _looked_up(scene: MicroscopeScene, outward: Floats) -> tuple[Floats, Floats]:
    """Return for each pixel the returned light (0 … 1) and the slope, from its way to the crest."""
    radius = scene.diameter_mm * 500 / scene.um_per_px
    first = -1.1 * radius
    places = np.arange(first, float(outward.max()) + 2, 1 / _FINE)
    slope = _slope(scene, places * scene.um_per_px)
    returned = scene.floor + (1 - scene.floor) * np.exp(-((slope / scene.aperture) ** 2))
    pixel = np.ones(_FINE) / _FINE  # a pixel sees the mean over its own width
    index = np.clip((outward - np.float32(first)) * _FINE, 0, len(places) - 1).astype(np.int32)
    tables = (np.convolve(v, pixel, mode="same") for v in (returned, slope / (1 + np.abs(slope))))
    flat, tilt = (table.astype(np.float32)[index] for table in tables)
    return flat, tilt


def _slope(scene: MicroscopeScene, x_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the outward slope dz/dr of the surface at `x_um` outside the crest."""
    radius_um = scene.diameter_mm * 500
    sine = np.clip((radius_um + x_um) / (scene.ball_mm * 500), -0.95, 0.95)
    flank = sine / np.sqrt(1 - sine * sine)
    fall = scene.pile_up * np.exp(-np.maximum(x_um, 0) / (scene.pile_up_width * radius_um))
    at_crest = float(np.interp(0.0, x_um, flank))
    top = at_crest / (at_crest + scene.pile_up)  # share of the rounding that lies inside the crest
    share = np.clip(x_um / scene.crest_um + top, 0, 1)
    return np.asarray((1 - share) * flank - share * fall)


def _illumination(scene: MicroscopeScene, rng: np.random.Generator) -> Floats:
    """Return the grey level of a flat place: tilted, and falling off towards the corners."""
    rows = np.linspace(-1, 1, scene.height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, scene.width, dtype=np.float32)[None, :]
    tilt = rng.uniform(-scene.tilt, scene.tilt, 2).astype(np.float32)
    fall = np.float32(rng.uniform(0, scene.tilt))
    light: Floats = (
        1 + tilt[0] * rows + tilt[1] * columns - fall * (rows * rows + columns * columns)
    )
    light *= np.float32(scene.level)
    return light


def _lapped(scene: MicroscopeScene, rng: np.random.Generator) -> Floats:
    shape = (scene.height, scene.width)
    return 1 + np.float32(scene.texture) * _shifted(_lapping_tile(), shape, rng)


@functools.cache
def _lapping_tile() -> Floats:
    """Return fine strokes in two directions and some grain, of unit deviation."""
    rng = np.random.default_rng(20260301)
    total = np.zeros((_TILE, _TILE), np.float32)
    for angle, weight, length in ((21.0, 1.0, 61), (-38.0, 0.7, 41), (75.0, 0.4, 9)):
        kernel = np.zeros((length, length), np.float32)
        half = length // 2
        dx, dy = (half * f(math.radians(angle)) for f in (math.cos, math.sin))
        ends = [(round(half - dx), round(half - dy)), (round(half + dx), round(half + dy))]
        cv2.line(kernel, ends[0], ends[1], (1.0,), 1)
        white = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
        strokes = cv2.filter2D(white, -1, kernel, borderType=cv2.BORDER_REFLECT)
        total += np.float32(weight) * strokes / np.float32(strokes.std())
    return total / np.float32(total.std())


@functools.cache
def _noise_tile() -> Floats:
    rng = np.random.default_rng(20260302)
    return rng.standard_normal((_TILE, _TILE), dtype=np.float32)


def _shifted(tile: Floats, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return a window of that shape at a random place of the endless repeated tile."""
    top, left = rng.integers(0, _TILE, 2)
    rows = np.arange(top, top + shape[0])
    columns = np.arange(left, left + shape[1])
    return tile.take(rows, axis=0, mode="wrap").take(columns, axis=1, mode="wrap")


def _scratch(light: Floats, scene: MicroscopeScene, rng: np.random.Generator) -> None:
    """Draw scratches (dark or glinting) and specks of dust over the surface, in place."""
    height, width = light.shape
    for _ in range(scene.scratches):
        ends = rng.uniform(0, 1, 4) * (width, height, width, height)
        grey = scene.level * rng.uniform(0.45, 1.25)
        first, last = (int(ends[0]), int(ends[1])), (int(ends[2]), int(ends[3]))
        cv2.line(light, first, last, (grey,), int(rng.integers(1, 4)), cv2.LINE_AA)
    for _ in range(scene.dust):
        place = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        axes = int(rng.uniform(2, 9)), int(rng.uniform(2, 9))
        grey = scene.level * rng.uniform(0.15, 0.6)
        cv2.ellipse(light, place, axes, rng.uniform(0, 180), 0, 360, (grey,), -1, cv2.LINE_AA)


def _plate_edge(light: Floats, scene: MicroscopeScene, dx: Floats, dy: Floats) -> None:
    """Let the plate end at a straight edge, if it does within the view; in place."""
    if scene.plate_end_mm is None:
        return
    away = np.float32(scene.plate_end_mm * 1000 / scene.um_per_px)
    beyond = np.float32(math.cos(scene.lamp_rad)) * dx - np.float32(math.sin(scene.lamp_rad)) * dy
    np.copyto(light, _PLATE_END, where=beyond > away)


def _graticule(picture: Floats) -> None:
    """Draw a cross with divisions, as a scale plate in the eyepiece shows it; in place."""
    height, width = picture.shape
    row, column = height // 2, width // 2
    picture[row - 1 : row + 1] *= 0.35
    picture[:, column - 1 : column + 1] *= 0.35
    for x in range(column % 50, width, 50):
        picture[row - 8 : row + 8, x] *= 0.35
    for y in range(row % 50, height, 50):
        picture[y, column - 8 : column + 8] *= 0.35
