"""How large an indentation is: for clearances, planning and drawing.

Brinell is exact. Rockwell rests on a contact model with elastic recovery, fitted by a quadratic
per scale; it was compared with HRC-HV and HRA-HV (60 to 86 HRA) conversion tables. Estimated
uncertainty of the diameter 5 % on steel, 8 % on brass. HRA below about 60 and the scales E to K
and T rest on the model alone. All fits are derived, none is measured (confidence "D").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from metrology.rounding import Exact, exact_decimal
from metrology.scale import Scale

GUARD: Final = 1.1
"""Factor on a computed diameter before clearances are taken from it."""


@dataclass(frozen=True, slots=True)
class DiameterFit:
    """d(H) = c0 + c1 H + c2 H² in mm over the range of a scale, worst misfit `error_mm`."""

    c0: float
    c1: float
    c2: float
    error_mm: float

    def at(self, hardness: float) -> float:
        """Return the fitted diameter in mm."""
        return self.c0 + (self.c1 + self.c2 * hardness) * hardness

    def slope(self, hardness: float) -> float:
        """Return the change of diameter in mm per hardness unit (negative)."""
        return self.c1 + 2 * self.c2 * hardness


DIAMETER_FITS: Final[Mapping[str, DiameterFit]] = MappingProxyType(
    {
        "HRA": DiameterFit(1.36924, -0.015917, 3.690e-5, 0.012),
        "HRBW": DiameterFit(1.26399, -0.002543, -3.126e-5, 0.008),
        "HRC": DiameterFit(1.08410, -0.011280, 2.611e-5, 0.001),
        "HRD": DiameterFit(1.22112, -0.014548, 4.305e-5, 0.001),
        "HREW": DiameterFit(1.69546, 0.000531, -7.646e-5, 0.001),
        "HRFW": DiameterFit(1.18003, 0.000750, -5.432e-5, 0.002),
        "HRGW": DiameterFit(1.23553, -0.002215, -3.227e-5, 0.003),
        "HRHW": DiameterFit(1.62932, 0.003519, -9.631e-5, 0.001),
        "HRKW": DiameterFit(1.82364, -0.003380, -5.102e-5, 0.005),
        "HR15N": DiameterFit(0.46414, -0.001576, -1.935e-5, 0.002),
        "HR30N": DiameterFit(0.57621, -0.005163, 8.244e-6, 0.001),
        "HR45N": DiameterFit(0.55167, -0.004562, 5.805e-6, 0.001),
        "HR15TW": DiameterFit(0.37322, 0.011820, -1.390e-4, 0.003),
        "HR30TW": DiameterFit(0.82048, -0.001850, -4.081e-5, 0.004),
        "HR45TW": DiameterFit(0.83823, -0.003178, -2.590e-5, 0.003),
    }
)
"""The fit of every Rockwell and superficial scale, by symbol."""


def diameter_mm(scale: Scale, hardness: Exact | float) -> float:
    """Return the expected diameter in mm of an indentation at a hardness.

    Outside the scale's range a Rockwell fit goes on along its tangent, so that a block slightly
    out of range still gets a sane clearance. Raise `ValueError` if no indentation of positive
    diameter is possible there.
    """
    if scale.family == "brinell":
        exact = exact_decimal(str(hardness), "hardness")
        return float(scale.brinell_diameter_mm(exact))
    fit = DIAMETER_FITS[scale.symbol]
    wanted = float(hardness)
    nearest = min(max(wanted, float(scale.low)), float(scale.high))
    diameter = fit.at(nearest) + (wanted - nearest) * fit.slope(nearest)
    if not 0 < diameter < float("inf"):
        raise ValueError(f"no indentation is to be expected at {hardness} {scale.symbol}")
    return diameter


def clearance_diameter(measured: float | None, computed: float) -> float:
    """Return the diameter in mm to take clearances from.

    It is the larger of the measured one (None if there is none) and 1.1 x the computed one: the
    model may be a few percent too small, a picture may miss part of the rim.
    """
    guarded = GUARD * computed
    return guarded if measured is None else max(measured, guarded)
