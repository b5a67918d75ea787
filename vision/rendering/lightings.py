"""The kinds of lighting that stations have, and which of them may be used for what."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import numpy as np

from vision.rendering.looks import Lamp, Look


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


def window(rng: np.random.Generator) -> Look:
    """Return a window of the room beside the camera: panes with sharp edges and dark bars."""
    azimuth, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0.14, 0.34)
    tall, wide = rng.uniform(0.10, 0.18), rng.uniform(0.08, 0.14)
    lamps = []
    for side in (-1, 1):
        place = _turned(slope, side * (wide + 0.02), azimuth)
        pane = _turned(tall, 0.0, azimuth)
        lamps.append(Lamp(1.0, wide, *place, reach=pane, edge=8.0))
    bar = _turned(0.0, 2.5 * wide, azimuth)
    lamps.append(Lamp(-0.8, 0.03, *_turned(slope, 0.0, azimuth), reach=bar, edge=4.0))
    return Look("window", tuple(lamps), rng.uniform(0.15, 0.40), rng.uniform(0, 0.0015))


def beam(rng: np.random.Generator) -> Look:
    """Return a white tent whose only dark things are two beams that cross over the block."""
    azimuth = rng.uniform(0, math.pi)
    lamps = [Lamp(1.0, rng.uniform(0.7, 1.0), edge=6.0)]
    for turn in (azimuth, azimuth + rng.uniform(0.35, 0.65) * math.pi):
        place = _turned(0.0, rng.uniform(-0.15, 0.15), turn)
        far = _turned(rng.uniform(0.5, 1.2), 0.0, turn)
        dark = Lamp(-rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.11), *place, reach=far, edge=6.0)
        lamps.append(dark)
    return Look("beam", tuple(lamps), rng.uniform(0.05, 0.15), rng.uniform(0, 0.001))


def two_rings(rng: np.random.Generator) -> Look:
    """Return two ring lights, one in the other, of unlike brightness and with sharp edges."""
    inner = rng.uniform(0.14, 0.22)
    outer = inner + rng.uniform(0.16, 0.30)
    p, q = rng.normal(0, 0.03, 2).tolist()
    lamps = (
        Lamp(rng.uniform(0.4, 1.0), rng.uniform(0.03, 0.06), p, q, radius=inner, edge=6.0),
        Lamp(rng.uniform(0.4, 1.0), rng.uniform(0.04, 0.08), p, q, radius=outer, edge=6.0),
    )
    return Look("two_rings", lamps, rng.uniform(0.08, 0.30), rng.uniform(0, 0.001))


def stripes(rng: np.random.Generator) -> Look:
    """Return a screen that shows stripes, as for measuring shape by deflection."""
    azimuth, period = rng.uniform(0, math.pi), rng.uniform(0.16, 0.34)
    off = rng.uniform(0, period)
    far = _turned(rng.uniform(0.4, 0.7), 0.0, azimuth)
    lamps = [
        Lamp(1.0, 0.25 * period, *_turned(0.0, off + k * period, azimuth), reach=far, edge=4.0)
        for k in range(-3, 3)
    ]
    return Look("stripes", tuple(lamps), rng.uniform(0.08, 0.25), rng.uniform(0, 0.001))


def matrix(rng: np.random.Generator) -> Look:
    """Return a panel of separate lights in rows, each sharp, beside the camera or over it."""
    azimuth, step = rng.uniform(0, math.pi), rng.uniform(0.10, 0.20)
    count = int(rng.integers(3, 6))
    off = rng.normal(-step * (count - 1) / 2, 0.08, 2)
    lamps = []
    for row in range(count):
        for column in range(count):
            place = (row * step + off[0], column * step + off[1])
            lamps.append(Lamp(1.0, 0.3 * step, *_turned(*place, azimuth), edge=8.0))
    return Look("matrix", tuple(lamps), rng.uniform(0.10, 0.35), rng.uniform(0, 0.001))


def crescent(rng: np.random.Generator) -> Look:
    """Return a bright curved strip that ends sharply, around a part of the camera."""
    start, radius = rng.uniform(0, 2 * math.pi), rng.uniform(0.20, 0.45)
    width, arc = rng.uniform(0.05, 0.10), rng.uniform(0.5, 1.4) * math.pi
    corners = [
        (radius * math.cos(start + t * arc), radius * math.sin(start + t * arc))
        for t in np.linspace(0, 1, 8).tolist()
    ]
    lamps = []
    for (p, q), (far_p, far_q) in itertools.pairwise(corners):
        half = ((far_p - p) / 2, (far_q - q) / 2)
        lamps.append(Lamp(0.8, width, p + half[0], q + half[1], reach=half, edge=8.0))
    lamps.append(Lamp(rng.uniform(0.2, 0.7), rng.uniform(0.15, 0.30)))
    return Look("crescent", tuple(lamps), rng.uniform(0.08, 0.30), rng.uniform(0, 0.001))


def slit(rng: np.random.Generator) -> Look:
    """Return a white wall with one dark gap in it, through which the camera looks."""
    azimuth = rng.uniform(0, math.pi)
    wide = rng.uniform(0.04, 0.12)
    place = _turned(0.0, rng.uniform(-0.5, 0.5) * wide, azimuth)
    far = _turned(rng.uniform(0.3, 0.8), 0.0, azimuth)
    wall = Lamp(1.0, rng.uniform(0.35, 0.6), edge=8.0)
    gap = Lamp(-rng.uniform(0.5, 0.8), wide, *place, reach=far, edge=8.0)
    return Look("slit", (wall, gap), rng.uniform(0.05, 0.20), rng.uniform(0, 0.001))


def _turned(p: float, q: float, angle: float) -> tuple[float, float]:
    return p * math.cos(angle) - q * math.sin(angle), p * math.sin(angle) + q * math.cos(angle)


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


def daylight(rng: np.random.Generator) -> Look:
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
    return Look("daylight", tuple(lamps), rng.uniform(0.10, 0.35), rng.uniform(0, 0.001))


def glows(rng: np.random.Generator) -> Look:
    """Return whatever lamps without edges chance puts up: spots, rings whole or in parts."""
    return _by_chance("glows", rng, sharp=False)


def medley(rng: np.random.Generator) -> Look:
    """Return whatever lamps chance puts up: spots, bars, rings whole or in parts, dark places."""
    return _by_chance("medley", rng, sharp=True)


def _by_chance(name: str, rng: np.random.Generator, *, sharp: bool) -> Look:
    """Return lamps drawn one after the other; bars and sharp ends only if wanted."""
    lamps = []
    for _ in range(int(rng.integers(1, 7))):
        p, q = (rng.normal(0, 0.3, 2) * (rng.random() < 0.8)).tolist()
        round_one = rng.random() < 0.35
        bar = sharp and not round_one and rng.random() < 0.3
        reach, lean = (rng.uniform(0.1, 0.6), rng.uniform(0, math.pi)) if sharp else (0.0, 0.0)
        lamps.append(
            Lamp(
                float(rng.uniform(0.3, 1.2) * (-0.5 if rng.random() < 0.15 else 1)),
                float(np.exp(rng.uniform(math.log(0.07), math.log(0.5)))),
                0.4 * p if round_one else p,
                0.4 * q if round_one else q,
                radius=rng.uniform(0.15, 0.6) if round_one else 0.0,
                segments=int(rng.integers(2, 9)) if round_one and rng.random() < 0.5 else 0,
                reach=_turned(reach, 0.0, lean) if bar else (0.0, 0.0),
                edge=float(rng.choice([2.0, 2.0, 4.0, 8.0])) if sharp else 2.0,
            )
        )
    return Look(name, tuple(lamps), rng.uniform(0.03, 0.4), rng.uniform(0, 0.0015))


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
        "window": window,
        "beam": beam,
        "two_rings": two_rings,
        "stripes": stripes,
        "matrix": matrix,
        "crescent": crescent,
        "slit": slit,
        "half_ring": half_ring,
        "daylight": daylight,
        "glows": glows,
        "medley": medley,
    }
)
"""Every kind of lighting; each call returns another one of the kind."""

HELD_OUT_LOOKS: Final = ("dome", "segments")
"""Kinds that the classifier may not be trained on; the finder's nets are, by now."""

SPENT_LOOKS: Final = (*HELD_OUT_LOOKS, "tubes", "skewed", "leds")
"""Kinds that were held out once and have been looked at since: the finder is fitted under them."""

UNSEEN_LOOKS: Final = (
    *("window", "beam", "two_rings", "stripes"),
    *("matrix", "crescent", "slit"),
)
"""Kinds that neither training nor any choice has used: only the final figures are taken here."""

STRANGE_LOOKS: Final = ("tubes", "skewed", "leds", "half_ring", "daylight")
"""Kinds that the classifier has never learned under: its figures under strange lamps."""

ANY_GLOW: Final = "glows"
"""No kind, but wide: the classifier learned under it."""

ANY_LOOK: Final = "medley"
"""No kind, but as wide as chance is, with bars and sharp edges: the finder's nets are fitted so."""

TRAINING_LOOKS: Final = ("coaxial", "ring", "low_angle", "panel", "mixed")
"""Kinds that models and thresholds are made with."""
