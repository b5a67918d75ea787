"""Looks: how bright a polished surface appears to the camera, by the slope it has.

The camera looks straight down. A mirror of slope (p, q) shows it what stands in one
direction, so that a lighting is a function of the slope (the reflectance map of shape
from shading): a lamp is a bright spot in it, a ring light a bright ring, the dark hole
of a dome light a dark spot. Roughness blurs that function.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
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

    `radius` > 0 makes it a ring of that slope around (p, q); `width` is its blur;
    `segments` > 0 leaves gaps in the ring. A negative power is a dark place.
    """

    power: float
    width: float
    p: float = 0.0
    q: float = 0.0
    radius: float = 0.0
    segments: int = 0


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
        across, up = p - np.float32(lamp.p), q - np.float32(lamp.q)
        away = np.sqrt(across * across + up * up) - np.float32(lamp.radius)
        glow = np.float32(lamp.power) * np.exp(-((away / np.float32(lamp.width)) ** 2))
        if lamp.segments:
            glow *= 0.5 + 0.5 * np.cos(lamp.segments * np.arctan2(up, across))
        light += glow
    light = np.maximum(light, 0).astype(np.float32)
    # So broad a blur needs no fine grid.
    few = cv2.resize(light, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    sigma = _MATTE / _STEP / 8
    few = cv2.GaussianBlur(few, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    matte = cv2.resize(few, (_CELLS, _CELLS), interpolation=cv2.INTER_LINEAR)
    matte = matte + 0.25 * matte.mean()
    return light, matte.astype(np.float32, copy=False)


# -- the kinds of lighting that stations have ------------------------------------


def coaxial(rng: np.random.Generator) -> Look:
    """Return light through a half mirror along the camera's axis: flat bright, slopes dark."""
    tilt = rng.normal(0, 0.02, 2)
    lamp = Lamp(1.0, rng.uniform(0.07, 0.22), *tilt.tolist())
    return Look("coaxial", (lamp,), rng.uniform(0.04, 0.30), rng.uniform(0, 0.0015))


def ring(rng: np.random.Generator) -> Look:
    """Return a high ring light in dark field: flat dark, flanks of dents bright rings."""
    lamp = Lamp(1.0, rng.uniform(0.12, 0.28), radius=rng.uniform(0.22, 0.55))
    return Look("ring", (lamp,), rng.uniform(0.06, 0.30))


def low_angle(rng: np.random.Generator) -> Look:
    """Return one or two bar lights from low at the side: dents are crescents."""
    lamps = []
    azimuth = rng.uniform(0, 2 * math.pi)
    for power in (1.0, rng.choice([0.0, 0.5, 0.8])):
        slope = rng.uniform(0.35, 0.75)
        place = (slope * math.cos(azimuth), slope * math.sin(azimuth))
        lamps.append(Lamp(float(power), rng.uniform(0.20, 0.40), *place))
        azimuth += rng.uniform(0.6, 1.4) * math.pi
    return Look("low_angle", tuple(lamps), rng.uniform(0.15, 0.40))


def panel(rng: np.random.Generator) -> Look:
    """Return a broad light panel beside the camera whose edge shades off over the block."""
    azimuth, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.14)
    lamp = Lamp(1.0, rng.uniform(0.16, 0.30), slope * math.cos(azimuth), slope * math.sin(azimuth))
    return Look("panel", (lamp,), rng.uniform(0.05, 0.25), rng.uniform(0.0005, 0.002))


def mixed(rng: np.random.Generator) -> Look:
    """Return coaxial light and a ring light together."""
    one, other = coaxial(rng), ring(rng)
    strong = Lamp(rng.uniform(0.2, 1.2), other.lamps[0].width, radius=other.lamps[0].radius)
    return Look("mixed", (one.lamps[0], strong), one.diffuse, one.spread)


def dome(rng: np.random.Generator) -> Look:
    """Return a diffuse dome with the camera's dark hole in its top."""
    broad = Lamp(1.0, rng.uniform(0.30, 0.50))
    hole = Lamp(-rng.uniform(0.35, 0.65), rng.uniform(0.06, 0.12), *rng.normal(0, 0.015, 2))
    return Look("dome", (broad, hole), rng.uniform(0.0, 0.1), rng.uniform(0, 0.0008))


def segments(rng: np.random.Generator) -> Look:
    """Return a ring of three to six separate lamps over a weak coaxial light."""
    count = int(rng.integers(3, 7))
    lamps = Lamp(1.0, rng.uniform(0.10, 0.22), radius=rng.uniform(0.25, 0.5), segments=count)
    centre = Lamp(rng.uniform(0.35, 0.9), rng.uniform(0.10, 0.20))
    return Look("segments", (lamps, centre), rng.uniform(0.05, 0.2), rng.uniform(0, 0.001))


def tubes(rng: np.random.Generator) -> Look:
    """Return two parallel fluorescent tubes above: bright lines instead of spots."""
    azimuth, apart = rng.uniform(0, math.pi), rng.uniform(0.25, 0.6)
    along, across = (math.cos(azimuth), math.sin(azimuth)), (-math.sin(azimuth), math.cos(azimuth))
    off, width = rng.uniform(-0.1, 0.1), rng.uniform(0.08, 0.16)
    lamps = []
    for side in (off - apart / 2, off + apart / 2):
        for t in np.linspace(-0.45, 0.45, 7).tolist():
            place = (t * along[0] + side * across[0], t * along[1] + side * across[1])
            lamps.append(Lamp(0.6, width, *place))
    return Look("tubes", tuple(lamps), rng.uniform(0.10, 0.35), rng.uniform(0, 0.001))


def skewed(rng: np.random.Generator) -> Look:
    """Return a ring light that is not square to the block, with some light of the room."""
    azimuth, tilt = rng.uniform(0, 2 * math.pi), rng.uniform(0.06, 0.18)
    place = (tilt * math.cos(azimuth), tilt * math.sin(azimuth))
    lamp = Lamp(1.0, rng.uniform(0.10, 0.20), *place, radius=rng.uniform(0.22, 0.45))
    room = Lamp(rng.uniform(0.05, 0.4), rng.uniform(0.3, 0.6), *rng.normal(0, 0.15, 2).tolist())
    return Look("skewed", (lamp, room), rng.uniform(0.08, 0.30))


def leds(rng: np.random.Generator) -> Look:
    """Return a bar of separate LEDs beside the camera: each shows as a point in every dent."""
    azimuth, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0.12, 0.4)
    out, across = (math.cos(azimuth), math.sin(azimuth)), (-math.sin(azimuth), math.cos(azimuth))
    lamps = []
    for t in np.linspace(-0.35, 0.35, int(rng.integers(3, 6))).tolist():
        place = (slope * out[0] + t * across[0], slope * out[1] + t * across[1])
        lamps.append(Lamp(1.0, rng.uniform(0.06, 0.12), *place))
    lamps.append(Lamp(rng.uniform(0.3, 1.0), rng.uniform(0.12, 0.25)))
    return Look("leds", tuple(lamps), rng.uniform(0.08, 0.3), rng.uniform(0, 0.001))


def medley(rng: np.random.Generator) -> Look:
    """Return whatever lamps chance puts up: spots, rings whole or in parts, dark places."""
    lamps = []
    for _ in range(int(rng.integers(1, 7))):
        p, q = (rng.normal(0, 0.3, 2) * (rng.random() < 0.8)).tolist()
        round_one = rng.random() < 0.35
        lamps.append(
            Lamp(
                float(rng.uniform(0.3, 1.2) * (-0.5 if rng.random() < 0.15 else 1)),
                float(np.exp(rng.uniform(math.log(0.07), math.log(0.5)))),
                0.4 * p if round_one else p,
                0.4 * q if round_one else q,
                radius=rng.uniform(0.15, 0.6) if round_one else 0.0,
                segments=int(rng.integers(2, 9)) if round_one and rng.random() < 0.5 else 0,
            )
        )
    return Look("medley", tuple(lamps), rng.uniform(0.03, 0.4), rng.uniform(0, 0.0015))


def half_ring(rng: np.random.Generator) -> Look:
    """Return a ring light of which one half is dark, over a weak broad light."""
    start, radius = rng.uniform(0, 2 * math.pi), rng.uniform(0.25, 0.5)
    width, arc = rng.uniform(0.09, 0.18), rng.uniform(0.8, 1.3) * math.pi
    lamps = [
        Lamp(0.7, width, radius * math.cos(start + t * arc), radius * math.sin(start + t * arc))
        for t in np.linspace(0, 1, 9).tolist()
    ]
    lamps.append(Lamp(rng.uniform(0.15, 0.8), rng.uniform(0.15, 0.35)))
    return Look("half_ring", tuple(lamps), rng.uniform(0.08, 0.3), rng.uniform(0, 0.001))


def window(rng: np.random.Generator) -> Look:
    """Return daylight from a window with a cross bar, and a lamp somewhere else in the room."""
    azimuth, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.40)
    out, across = (math.cos(azimuth), math.sin(azimuth)), (-math.sin(azimuth), math.cos(azimuth))
    pane, width = rng.uniform(0.10, 0.18), rng.uniform(0.06, 0.10)
    lamps = []
    for row in (-pane, pane):
        for column in (-pane, pane):
            far, aside = slope + 0.6 * row, column
            place = (far * out[0] + aside * across[0], far * out[1] + aside * across[1])
            lamps.append(Lamp(1.0, width, *place))
    lamps.append(Lamp(rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.3), *rng.normal(0, 0.2, 2)))
    return Look("window", tuple(lamps), rng.uniform(0.10, 0.35), rng.uniform(0, 0.001))


LOOKS: Final = MappingProxyType[str, Callable[[np.random.Generator], Look]](
    {
        "coaxial": coaxial,
        "ring": ring,
        "low_angle": low_angle,
        "panel": panel,
        "mixed": mixed,
        "dome": dome,
        "segments": segments,
        "tubes": tubes,
        "skewed": skewed,
        "leds": leds,
        "half_ring": half_ring,
        "window": window,
        "medley": medley,
    }
)
"""Every kind of lighting; each call returns another one of the kind."""

HELD_OUT_LOOKS: Final = ("dome", "segments")
"""Kinds that nothing may be trained on. The finder's choices were made by looking at them."""

UNSEEN_LOOKS: Final = ("tubes", "skewed", "leds")
"""Kinds that neither training nor any choice has used: only the final figures are taken here."""

STRANGE_LOOKS: Final = ("half_ring", "window")
"""Kinds kept for the figures of the classifier of indentations: nothing else has used them."""

ANY_LOOK: Final = "medley"
"""No kind, but as wide as chance is: the finder's judge and the classifier learn under it too."""

TRAINING_LOOKS: Final = tuple(
    name for name in LOOKS if name not in (*HELD_OUT_LOOKS, *UNSEEN_LOOKS, *STRANGE_LOOKS, ANY_LOOK)
)
"""Kinds that models and thresholds are made with."""
