"""One Brinell reading: two perpendicular diameters, their uncertainty, and the hardness from them.

The budget follows the GUM (JJF 1059.1): independent components, combined by their squares.
"""

from dataclasses import dataclass, fields
from decimal import Context, Decimal, localcontext
from typing import Final

from metrology.brinell import brinell_slope_per_mm
from metrology.rounding import Exact, exact_decimal
from metrology.scale import Scale

_EXACT = Context(prec=34)

LEAST_SHARE_OF_BALL: Final = Decimal("0.24")
MOST_SHARE_OF_BALL: Final = Decimal("0.6")
"""0.24 D <= d <= 0.6 D (ISO 6506-1; confidence "read" in GB/T 231.1 summaries)."""


@dataclass(frozen=True, slots=True)
class DiameterBudget:
    """Standard uncertainties (k = 1) of a mean diameter, in mm.

    `edge_fit` is the scatter of the edge found along the contour, `edge_definition` how well the
    crest of the rim follows from the picture, `pixel_scale` that of the stage micrometer and of
    the comparison with it, `roundness` what another pair of directions would have given, and
    `resolution` the last digit kept. Raise `ValueError` for a negative component.
    """

    edge_fit: Decimal
    edge_definition: Decimal
    pixel_scale: Decimal
    roundness: Decimal
    resolution: Decimal

    def __post_init__(self) -> None:
        for field in fields(self):
            if exact_decimal(getattr(self, field.name), field.name) < 0:
                raise ValueError(f"the uncertainty {field.name} cannot be negative")

    def components(self) -> dict[str, Decimal]:
        """Return the components by name, in the order of a budget table."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def combined(self) -> Decimal:
        """Return the combined standard uncertainty of the mean diameter, mm."""
        with localcontext(_EXACT):
            return sum((u * u for u in self.components().values()), Decimal(0)).sqrt()

    def expanded(self, k: Exact = 2) -> Decimal:
        """Return k x combined, mm; raise `ValueError` unless k is positive."""
        factor = exact_decimal(k, "k")
        if factor <= 0:
            raise ValueError(f"a coverage factor must be positive, not {factor}")
        with localcontext(_EXACT):
            return factor * self.combined


@dataclass(frozen=True, slots=True)
class BrinellReading:
    """Two perpendicular diameters of one indentation in mm, and the uncertainty of their mean.

    Raise `ValueError` unless both are positive.
    """

    d1_mm: Decimal
    d2_mm: Decimal
    budget: DiameterBudget

    def __post_init__(self) -> None:
        for diameter in (self.d1_mm, self.d2_mm):
            if exact_decimal(diameter, "diameter") <= 0:
                raise ValueError(f"an indentation has no diameter of {diameter} mm")

    @property
    def mean_mm(self) -> Decimal:
        """Return d = (d1 + d2) / 2 in mm, exact."""
        with localcontext(_EXACT):
            return (self.d1_mm + self.d2_mm) / 2

    def hardness(self, scale: Scale) -> Decimal:
        """Return HBW, unrounded. Raise `ValueError` where this ball cannot make that diameter."""
        return scale.brinell_hardness(self.mean_mm)

    def hardness_uncertainty(self, scale: Scale, k: Exact = 2) -> Decimal:
        """Return the diameter's share of the expanded uncertainty of the hardness, in HBW.

        Force and ball have shares of their own, which are not here. Raise `ValueError` as
        `hardness` does.
        """
        hardness = self.hardness(scale)  # refuses a Rockwell scale in words
        assert hardness > 0 and scale.ball_diameter_mm is not None
        with localcontext(_EXACT):
            slope = brinell_slope_per_mm(scale.force_kgf, scale.ball_diameter_mm, self.mean_mm)
            return abs(slope) * self.budget.expanded(k)

    def within_range(self, scale: Scale) -> bool:
        """Say whether 0.24 D <= d <= 0.6 D; outside, a report must state d / D."""
        if scale.ball_diameter_mm is None:
            raise ValueError(f"{scale.symbol} is defined by a depth, not by a diameter")
        share = self.mean_mm / scale.ball_diameter_mm
        return LEAST_SHARE_OF_BALL <= share <= MOST_SHARE_OF_BALL
