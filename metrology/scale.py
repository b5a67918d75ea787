from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from metrology.brinell import brinell_diameter_mm, brinell_hardness
from metrology.rounding import Exact, exact_decimal

Family = Literal["rockwell", "superficial", "brinell"]
Indenter = Literal["cone", "ball"]


@dataclass(frozen=True, slots=True)
class Scale:
    """One hardness scale: indenter, forces, and how depth or diameter becomes a number.

    The cone is the 120° diamond with a tip radius of 0.2 mm; a ball is tungsten carbide, its
    diameter in mm. Forces are nominal newtons, `force_kgf` is the total force as the symbol names
    it; Brinell knows no preliminary force (0 N). Rockwell: hardness = `number` - h/`scale_unit_mm`,
    h being the permanent increase of depth under the preliminary force; both are None for Brinell.
    `low` and `high` bound the application range, inclusive. `definition_confidence` and
    `range_confidence` mark how well these numbers are verified ("read", "K-hi", "D" = derived).
    """

    symbol: str
    family: Family
    ball_diameter_mm: Decimal | None
    preliminary_force_n: Decimal
    total_force_n: Decimal
    force_kgf: Decimal
    number: int | None
    scale_unit_mm: Decimal | None
    low: Decimal
    high: Decimal
    definition_confidence: str
    range_confidence: str

    @property
    def indenter(self) -> Indenter:
        """Say whether the scale uses the diamond cone or a ball."""
        return "cone" if self.ball_diameter_mm is None else "ball"

    @property
    def additional_force_n(self) -> Decimal:
        """Return F1 = F - F0 in newtons."""
        return self.total_force_n - self.preliminary_force_n

    def contains(self, hardness: Exact) -> bool:
        """Say whether a hardness lies in the application range, limits included."""
        return self.low <= exact_decimal(hardness, "hardness") <= self.high

    def depth_mm(self, hardness: Exact) -> Decimal:
        """Return h in mm for a Rockwell hardness; raise `ValueError` for a Brinell scale."""
        number, unit = self._rockwell()
        return (number - exact_decimal(hardness, "hardness")) * unit

    def hardness_at_depth(self, depth_mm: Exact) -> Decimal:
        """Return the Rockwell hardness of h in mm; raise `ValueError` for a Brinell scale."""
        number, unit = self._rockwell()
        return number - exact_decimal(depth_mm, "depth_mm") / unit

    def brinell_hardness(self, diameter_mm: Exact) -> Decimal:
        """Return HBW, unrounded, of a mean indentation diameter in mm.

        Raise `ValueError` for a Rockwell scale or a diameter the ball cannot make.
        """
        diameter = exact_decimal(diameter_mm, "diameter_mm")
        return brinell_hardness(self.force_kgf, self._brinell_ball(), diameter)

    def brinell_diameter_mm(self, hardness: Exact) -> Decimal:
        """Return the mean indentation diameter in mm, unrounded, of an HBW value.

        Raise `ValueError` for a Rockwell scale or a hardness too low for this ball and force.
        """
        value = exact_decimal(hardness, "hardness")
        return brinell_diameter_mm(self.force_kgf, self._brinell_ball(), value)

    def designate(self, value: Decimal) -> str:
        """Write a value with its symbol as documents and marks do: "60.1 HRC", "348 HBW5/750"."""
        return f"{value} {self.symbol}"

    def _rockwell(self) -> tuple[int, Decimal]:
        if self.number is None or self.scale_unit_mm is None:
            raise ValueError(f"{self.symbol} is defined by a diameter, not by a depth")
        return self.number, self.scale_unit_mm

    def _brinell_ball(self) -> Decimal:
        if self.family != "brinell" or self.ball_diameter_mm is None:
            raise ValueError(f"{self.symbol} is defined by a depth, not by a diameter")
        return self.ball_diameter_mm
