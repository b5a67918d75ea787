"""What a microscope looks at: everything that a picture of an indentation depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MicroscopeScene:
    """One indentation under one objective; the defaults are a clean, sharp, coaxially lit one.

    Lengths at the object: `diameter_mm` (mean of the contour), `ball_mm`, `um_per_px`,
    `blur_um` (deviation of the point spread, defocus included), `crest_um` (width over which the
    edge is rounded), `roughness_um` (waviness of the edge). `oval`, `three`, `four` are the second,
    third and fourth harmonic of the radius, relative. `pile_up` is the slope of the raised rim at
    the crest and `pile_up_width` its reach in radii. `aperture` is the slope at which the returned
    light has fallen to 1/e, `floor` what the darkest flank returns, `oblique` how strongly a lamp
    from the side (`lamp_rad`) adds its shading. `level` is the grey level of flat metal, `tilt`
    the unevenness of the light, `texture` and `noise` are deviations (relative, and in grey
    levels). `plate_end_mm` is the distance from the indentation's centre at which the block ends
    (towards `lamp_rad`); None when it ends outside of the view.
    """

    ball_mm: float
    diameter_mm: float
    um_per_px: float
    width: int
    height: int
    seed: int
    offset_px: tuple[float, float] = (0.0, 0.0)
    oval: float = 0.0
    three: float = 0.0
    four: float = 0.0
    roughness_um: float = 0.0
    crest_um: float = 0.5
    pile_up: float = 0.02
    pile_up_width: float = 0.12
    aperture: float = 0.09
    floor: float = 0.16
    oblique: float = 0.0
    lamp_rad: float = 0.8
    level: float = 185.0
    tilt: float = 0.0
    texture: float = 0.0
    noise: float = 0.0
    blur_um: float = 2.0
    scratches: int = 0
    dust: int = 0
    graticule: bool = False
    plate_end_mm: float | None = None


def random_scene(
    rng: np.random.Generator, *, ball_mm: float, diameter_mm: float, um_per_px: float
) -> MicroscopeScene:
    """Return a scene as a laboratory meets it, widely varied; image sides 1.3 to 1.6 diameters."""
    radius_px = diameter_mm * 500 / um_per_px
    sides = [int(2 * radius_px * rng.uniform(1.3, 1.6)) for _ in range(2)]
    offsets: list[float] = rng.uniform(-0.15, 0.15, 2).tolist()
    return MicroscopeScene(
        ball_mm,
        diameter_mm,
        um_per_px,
        width=sides[0],
        height=sides[1],
        seed=int(rng.integers(1 << 31)),
        offset_px=(offsets[0] * radius_px, offsets[1] * radius_px),
        oval=rng.uniform(0, 0.0022),
        three=rng.uniform(0, 0.0005),
        four=rng.uniform(0, 0.0003),
        roughness_um=rng.uniform(0.1, 0.5) * um_per_px,
        crest_um=rng.uniform(0.2, 1.2) * um_per_px,
        pile_up=rng.uniform(0.005, 0.05),
        pile_up_width=rng.uniform(0.08, 0.2),
        aperture=rng.uniform(0.06, 0.13),
        floor=rng.uniform(0.08, 0.45),
        oblique=rng.uniform(0, 0.25),
        lamp_rad=rng.uniform(0, 2 * math.pi),
        level=rng.uniform(100, 220),
        tilt=rng.uniform(0, 0.12),
        texture=rng.uniform(0.005, 0.08),
        noise=rng.uniform(0.8, 6.0),
        blur_um=rng.uniform(0.7, 2.6) * um_per_px,
        scratches=int(rng.integers(0, 7)),
        dust=int(rng.integers(0, 9)),
        graticule=bool(rng.random() < 0.25),
    )


def shape_um(
    scene: MicroscopeScene, angles: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the radius of the crest in these directions (from the x axis, rad), µm.

    This is the measurand; what the grain of the metal adds is in `waviness_um`.
    """
    phases = rng.uniform(0, 2 * np.pi, 3)
    shares = (scene.oval, scene.three, scene.four)
    radius = np.ones(len(angles))
    for order, share, phase in zip((2, 3, 4), shares, phases, strict=True):
        radius += share * np.cos(order * (angles - phase))
    return scene.diameter_mm * 500 * radius


def waviness_um(
    scene: MicroscopeScene, angles: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return what the grain of the metal does to the edge, µm: harmonics 7 to 120, falling."""
    orders = np.arange(7, 121)
    weights = rng.standard_normal((2, len(orders))) / orders
    waves = weights[0] @ np.cos(orders[:, None] * angles)
    waves += weights[1] @ np.sin(orders[:, None] * angles)
    return np.asarray(waves * (scene.roughness_um / float(waves.std())))
