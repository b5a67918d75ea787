"""Looks: how bright a polished surface appears to the camera, by the slope it has.

The camera looks straight down. A mirror of slope (p, q) shows it what stands in one
direction, so that a lighting is a function of the slope (the reflectance map of shape
from shading): a lamp is a bright spot in it, a ring light a bright ring, the dark hole
of a dome light a dark spot. Roughness blurs that function.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from vision.rendering.slopes import Floats, Slopes

_SPAN: Final = 1.7
_CELLS: Final = 681
_STEP: Final = 2 * _SPAN / (_CELLS - 1)
_MATTE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Lamp:
    """Light that a mirror of slope (`p`, `q`) throws into the camera.

    `radius` > 0 makes it a ring of that slope around (p, q); `reach` a bar that goes so far
    to both sides of (p, q); `width` is its blur, and `edge` how sharply it ends: 2 like a
    glow, 8 like a window. `segments` > 0 leaves gaps in the ring. A negative power is a dark
    place.
    """

    power: float
    width: float
    p: float = 0.0
    q: float = 0.0
    radius: float = 0.0
    segments: int = 0
    reach: tuple[float, float] = (0.0, 0.0)
    edge: float = 2.0

    def glow(self, p: Floats, q: Floats) -> Floats:
        """Return how much of it each slope throws into the camera; `p` a row, `q` a column."""
        across, up = p - np.float32(self.p), q - np.float32(self.q)
        if any(self.reach):
            x, y = (np.float32(v) for v in self.reach)
            along = np.clip((across * x + up * y) / (x * x + y * y), -1, 1)
            across, up = across - along * x, up - along * y
        away = np.sqrt(across * across + up * up) - np.float32(self.radius)
        fall = np.abs(away / np.float32(self.width)) ** np.float32(self.edge)
        glow: Floats = np.float32(self.power) * np.exp(-fall)
        if self.segments:
            glow *= 0.5 + 0.5 * np.cos(self.segments * np.arctan2(up, across))
        return glow


@dataclass(frozen=True, slots=True)
class Look:
    """A lighting.

    `diffuse` is seen at every slope; `spread` is how much the slope that throws a lamp
    into the camera shifts per mm off the image centre (0: telecentric).
    """

    name: str
    lamps: tuple[Lamp, ...]
    diffuse: float
    spread: float = 0.0

    def seen(self, slopes: Slopes) -> tuple[Floats, Floats]:
        """Return the brightness of a polished and of a matte surface of these slopes."""
        mirror, matte = _tables(self)
        at = [((slope + _SPAN) / _STEP).astype(np.float32) for slope in (slopes.p, slopes.q)]
        bright = [
            cv2.remap(table, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for table in (mirror, matte)
        ]
        return bright[0].astype(np.float32, copy=False), bright[1].astype(np.float32, copy=False)

    def contrast(self, slopes: Floats) -> float:
        """Return how far brightness leaves that of a flat mirror on flanks of these slopes.

        The slopes are those at even steps from a dent's centre to its rim, and the result the
        mean over the dent's face, relative to the flat mirror's brightness.
        """
        around = np.linspace(0, 2 * math.pi, 12, endpoint=False, dtype=np.float32)[:, None]
        flank = Slopes(np.cos(around) * slopes[None, :], np.sin(around) * slopes[None, :])
        off = self.seen(flank)[0] - np.float32(self.level)
        # Bright and dark around a circle cancel out in a small dent's blur.
        away = np.maximum(np.abs(off.mean(axis=0)), 0.35 * np.abs(off).mean(axis=0))
        farther = np.arange(1, len(slopes) + 1)
        return float((away * farther).sum() / farther.sum()) / max(self.level, 0.02)

    def unrest(self, slope: float) -> float:
        """Return how far brightness varies (rms) over a finish of that rms slope, likewise."""
        grid = np.linspace(-2, 2, 17, dtype=np.float32) * np.float32(slope)
        p, q = np.meshgrid(grid, grid)
        weight = np.exp(-(p * p + q * q) / (2 * slope * slope))
        off = self.seen(Slopes(p, q))[0] - np.float32(self.level)
        return float(np.sqrt((weight * off * off).sum() / weight.sum())) / max(self.level, 0.02)

    @property
    def level(self) -> float:
        """Brightness of a flat mirror."""
        return float(_tables(self)[0][_CELLS // 2, _CELLS // 2])

    def skin_contrast(self, albedo: float, matte: float) -> float:
        """Return how far a flat skin of that kind leaves the bare face, relative to its brightness.

        `albedo` is how much light comes back, `matte` how matte it is, 0 … 1.
        """
        mirror, dull = (float(table[_CELLS // 2, _CELLS // 2]) for table in _tables(self))
        return abs(albedo * (mirror + matte * (dull - mirror)) - mirror) / max(mirror, 0.02)

    @property
    def peak(self) -> float:
        """Brightness of the brightest slope up to a cone's flank."""
        reach = int(0.6 / _STEP)
        middle = slice(_CELLS // 2 - reach, _CELLS // 2 + reach + 1)
        return float(_tables(self)[0][middle, middle].max())


@functools.lru_cache(maxsize=8)
def _tables(look: Look) -> tuple[Floats, Floats]:
    """Return brightness by slope (rows q, columns p, both rising) for mirror and matte."""
    axis = np.linspace(-_SPAN, _SPAN, _CELLS, dtype=np.float32)
    p, q = axis[None, :], axis[:, None]
    light = np.full((_CELLS, _CELLS), np.float32(look.diffuse), np.float32)
    light /= 1 + 0.5 * (p * p + q * q)
    for lamp in look.lamps:
        light += lamp.glow(p, q)
    light = np.maximum(light, 0).astype(np.float32)
    # So broad a blur needs no fine grid.
    few = cv2.resize(light, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    sigma = _MATTE / _STEP / 8
    few = cv2.GaussianBlur(few, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    matte = cv2.resize(few, (_CELLS, _CELLS), interpolation=cv2.INTER_LINEAR)
    matte = matte + 0.25 * matte.mean()
    return light, matte.astype(np.float32, copy=False)
