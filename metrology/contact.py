"""Contact model of a Rockwell indentation: depth under load, at F0, elastic recovery.

From the mean contact pressure p (close to Meyer hardness) follow the contact radius, the depth on
loading and what springs back, and from these the Rockwell number. Constants were fitted to HRC-HV
and HRA-HV conversion tables; scales E to K and T share the ball model without such a check
(confidence "D"). Good for drawing, simulating and estimating sensitivities, never for a verdict.
"""

import math
from dataclasses import dataclass
from typing import Final

from metrology.rounding import Exact
from metrology.scale import Scale

TIP_RADIUS_MM: Final = 0.2
_TANGENT_RADIUS = TIP_RADIUS_MM * math.cos(math.radians(60))  # where tip and flank meet
_TANGENT_DEPTH = TIP_RADIUS_MM * (1 - math.sin(math.radians(60)))

_KAPPA = 0.90  # plastic depth per geometric depth: pile-up leaves the rim above the surface
_MODULUS = {"cone": 190e3, "ball": 167e3}  # N/mm², diamond or carbide on steel
_RECOVERY = {"cone": 1.10, "ball": 0.70}
_MEYER = 0.2  # the pressure under a ball grows with (a / 0.2 D) to this power


@dataclass(frozen=True, slots=True)
class Contact:
    """One indentation in mm: pressure in N/mm², diameter and depth under F, depth at F0 before F.

    `permanent_mm` is h, the increase of depth left after returning to F0: what the tester reads.
    """

    pressure_n_mm2: float
    diameter_mm: float
    depth_under_load_mm: float
    depth_at_preliminary_mm: float
    permanent_mm: float


def contact_at_pressure(
    scale: Scale,
    pressure_n_mm2: float,
    preliminary_n: float | None = None,
    total_n: float | None = None,
) -> Contact:
    """Return the indentation a mean contact pressure makes, at nominal forces unless given.

    Raise `ValueError` for a Brinell scale, a pressure that is not positive or so low that a ball
    sinks in to its equator.
    """
    if scale.family == "brinell" or pressure_n_mm2 <= 0:
        raise ValueError(f"no Rockwell contact on {scale.symbol} at {pressure_n_mm2} N/mm²")
    first = float(scale.preliminary_force_n) if preliminary_n is None else preliminary_n
    total = float(scale.total_force_n) if total_n is None else total_n
    radius = _radius(scale, total, pressure_n_mm2)
    loaded = _depth(scale, total, pressure_n_mm2)
    start = _depth(scale, first, pressure_n_mm2)
    flexure = total / (2 * _MODULUS[scale.indenter] * radius)
    recovered = _RECOVERY[scale.indenter] * 1.5 * flexure * (1 - math.pow(first / total, 2 / 3))
    return Contact(pressure_n_mm2, 2 * radius, loaded, start, loaded - recovered - start)


def contact_at_hardness(scale: Scale, hardness: Exact | float) -> Contact:
    """Return the indentation that the tester would read as `hardness`, at nominal forces.

    Raise `ValueError` if no pressure gives this number on this scale.
    """
    number, unit = scale.number, scale.scale_unit_mm
    if number is None or unit is None:
        raise ValueError(f"no Rockwell contact on {scale.symbol}")
    wanted = (number - float(hardness)) * float(unit)
    low, high = _softest(scale), 50_000.0
    if not _permanent(scale, high) <= wanted <= _permanent(scale, low):
        raise ValueError(f"no contact pressure gives {hardness} {scale.symbol}")
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _permanent(scale, middle) > wanted:
            low = middle
        else:
            high = middle
    return contact_at_pressure(scale, (low + high) / 2)


def _permanent(scale: Scale, pressure: float) -> float:
    return contact_at_pressure(scale, pressure).permanent_mm


def _softest(scale: Scale) -> float:
    """Return a pressure below which the model has no meaning for this indenter."""
    if scale.ball_diameter_mm is None:
        return 300.0
    ball = float(scale.ball_diameter_mm)
    widest = 0.499 * ball
    area = math.pi * widest**2 * math.pow(widest / (0.2 * ball), _MEYER)
    return float(scale.total_force_n) / area


def _radius(scale: Scale, force_n: float, pressure: float) -> float:
    if scale.ball_diameter_mm is None:
        return math.sqrt(force_n / (math.pi * pressure))
    reference = 0.2 * float(scale.ball_diameter_mm)
    scaled = force_n * math.pow(reference, _MEYER) / (math.pi * pressure)
    return math.pow(scaled, 1 / (2 + _MEYER))


def _depth(scale: Scale, force_n: float, pressure: float) -> float:
    """Return the depth in mm on loading: plastic part of the geometry plus elastic bending."""
    radius = _radius(scale, force_n, pressure)
    elastic = 0.75 * force_n / (2 * _MODULUS[scale.indenter] * radius)
    return _KAPPA * _geometric_depth(scale, radius) + elastic


def _geometric_depth(scale: Scale, radius: float) -> float:
    if scale.ball_diameter_mm is None and radius > _TANGENT_RADIUS:
        return _TANGENT_DEPTH + (radius - _TANGENT_RADIUS) / math.sqrt(3)
    sphere = TIP_RADIUS_MM
    if scale.ball_diameter_mm is not None:
        sphere = float(scale.ball_diameter_mm) / 2
    if radius > sphere:
        raise ValueError(f"a contact radius of {radius} mm is beyond the ball's equator")
    return sphere - math.sqrt(sphere**2 - radius**2)
