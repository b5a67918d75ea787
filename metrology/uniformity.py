"""How uniformity (均匀度) is measured, and the largest value a regulation allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Literal, get_args

from metrology.provenance import Provenance
from metrology.scale import Scale

Measure = Literal["range", "hardness percent", "diameter percent"]
"""Range in HR, or range in percent of the mean, of Brinell hardness or of Brinell diameter."""
MEASURES: tuple[Measure, ...] = get_args(Measure)

# Own context: results must not depend on the caller's. 50 digits hold any sum of readings exactly.
_EXACT = Context(prec=50)


@dataclass(frozen=True, slots=True)
class RangeLimit:
    """The greater of coefficient x (N - H) and a floor, both in HR, for some Rockwell scales."""

    scales: frozenset[str]
    coefficient: Decimal
    floor: Decimal
    provenance: Provenance

    @property
    def name(self) -> str:
        """Name the row by its scales, for lists of unconfirmed tables."""
        return f"uniformity of {', '.join(sorted(self.scales))}"

    def covers(self, scale: Scale, measure: Measure) -> bool:
        """Say whether this row limits the given measure on the given scale."""
        return measure == "range" and scale.symbol in self.scales

    def limit(self, scale: Scale, mean: Decimal) -> Decimal:
        """Return the largest allowed range in HR for a block of this unrounded mean."""
        if scale.number is None:
            raise ValueError(f"{scale.symbol} has no range limit in HR")
        with localcontext(_EXACT):
            return max(self.coefficient * (scale.number - mean), self.floor)


@dataclass(frozen=True, slots=True)
class PercentLimit:
    """A limit in percent of the mean for Brinell means above `above` and up to `up_to` HBW."""

    measure: Measure
    above: Decimal
    up_to: Decimal
    percent: Decimal
    provenance: Provenance

    @property
    def name(self) -> str:
        """Name the row by measure and hardness, for lists of unconfirmed tables."""
        return f"uniformity in {self.measure} above {self.above} HBW"

    def covers(self, scale: Scale, measure: Measure) -> bool:
        """Say whether this row limits the given measure on the given scale, for some mean."""
        return scale.family == "brinell" and measure == self.measure

    def holds_for(self, mean: Decimal) -> bool:
        """Say whether a mean hardness falls into this row."""
        return self.above < mean <= self.up_to


def mean_of(values: Sequence[Decimal]) -> Decimal:
    """Return the arithmetic mean, unrounded (50 digits)."""
    with localcontext(_EXACT):
        return sum(values, Decimal(0)) / len(values)


def uniformity_of(scale: Scale, readings: Sequence[Decimal], measure: Measure) -> Decimal:
    """Return the uniformity of unrounded hardness readings in the unit of `measure`.

    The diameter form turns every Brinell hardness into its diameter first. Raise `ValueError` if
    the measure does not belong to the scale's family.
    """
    if (measure == "range") == (scale.family == "brinell"):
        raise ValueError(f"uniformity on {scale.symbol} is not measured as {measure!r}")
    values = list(readings)
    if measure == "diameter percent":
        values = [scale.brinell_diameter_mm(reading) for reading in readings]
    with localcontext(_EXACT):
        spread = max(values) - min(values)
        return spread if measure == "range" else 100 * spread / mean_of(values)
