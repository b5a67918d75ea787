from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from metrology.provenance import Provenance
from metrology.scale import Family, Scale
from metrology.uniformity import Measure, PercentLimit, RangeLimit

Comparison = Literal["full value", "rounded value"]
"""全数值比较法 (compare unrounded) or 修约值比较法 (round both to the block's interval first)."""


@dataclass(frozen=True, slots=True)
class Clearances:
    """Least distances in mm: centre to centre, and centre to the edge of the test surface."""

    pitch_mm: float
    edge_mm: float


@dataclass(frozen=True, slots=True)
class ClearanceRule:
    """Clearances as multiples of the indentation diameter, never below a minimum in mm."""

    pitch_factor: Decimal
    pitch_minimum_mm: Decimal
    edge_factor: Decimal
    edge_minimum_mm: Decimal

    def of(self, diameter_mm: float) -> Clearances:
        """Return the clearances around an indentation of the given diameter in mm."""
        if not 0 <= diameter_mm < float("inf"):
            raise ValueError(f"an indentation diameter cannot be {diameter_mm} mm")
        pitch = max(float(self.pitch_factor) * diameter_mm, float(self.pitch_minimum_mm))
        edge = max(float(self.edge_factor) * diameter_mm, float(self.edge_minimum_mm))
        return Clearances(pitch, edge)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Smallest steps of a single reading and of the certified block value, in hardness units."""

    reading: Decimal
    block_value: Decimal


@dataclass(frozen=True, slots=True)
class Environment:
    """Air temperature during verification in °C; `max_drift_c` is None where none is required."""

    low_c: Decimal
    high_c: Decimal
    max_drift_c: Decimal | None

    def allows(self, temperature_c: Decimal) -> bool:
        """Say whether a temperature lies within the limits, limits included."""
        return self.low_c <= temperature_c <= self.high_c


@dataclass(frozen=True, slots=True)
class Regulation:
    """One verification regulation or standard as data.

    `tables` names the provenance of every table that is not a uniformity row; `measure` is the
    form of uniformity this regulation judges by. `pattern` names the arrangement of the points.
    """

    code: str
    title: str
    title_zh: str
    in_force: date | None
    families: frozenset[Family]
    indentations: int
    pattern: str
    resolution: Resolution
    comparison: Comparison
    clearance_rule: ClearanceRule
    environment: Environment
    validity_months: int
    measure: Measure
    range_limits: tuple[RangeLimit, ...]
    percent_limits: tuple[PercentLimit, ...]
    tables: tuple[tuple[str, Provenance], ...]

    @property
    def confirmed(self) -> bool:
        """Say whether a metrologist has confirmed every table; until then verdicts are provisional.

        One unconfirmed table is enough for False, even one that a given scale does not use.
        """
        return not self.unconfirmed_tables

    @property
    def unconfirmed_tables(self) -> tuple[str, ...]:
        """Name the tables nobody has compared with the licensed text yet."""
        return tuple(name for name, origin in self.provenance().items() if not origin.confirmed)

    def provenance(self) -> dict[str, Provenance]:
        """Return the provenance of every table by name, a table of its own for each limit row."""
        rows: list[RangeLimit | PercentLimit] = [*self.range_limits, *self.percent_limits]
        return {**dict(self.tables), **{row.name: row.provenance for row in rows}}

    def covers(self, scale: Scale) -> bool:
        """Say whether blocks of this scale are verified by this regulation."""
        return scale.family in self.families

    def uniformity_limit(
        self, scale: Scale, mean: Decimal, measure: Measure | None = None
    ) -> Decimal:
        """Return the largest allowed uniformity: HR for "range", otherwise percent of the mean.

        `mean` is the unrounded mean hardness. `measure` defaults to the regulation's own. Raise
        `ValueError` if this regulation sets no such limit for the scale.
        """
        chosen = measure or self.measure
        for row in self.range_limits:
            if row.covers(scale, chosen):
                return row.limit(scale, mean)
        for band in self.percent_limits:
            if band.covers(scale, chosen) and band.holds_for(mean):
                return band.percent
        raise ValueError(f"{self.code} sets no {chosen} limit for {scale.symbol} at {mean}")

    def clearances(self, scale: Scale, diameter_mm: float) -> Clearances:
        """Return the least pitch and edge distance in mm for an indentation of `diameter_mm`.

        Give the larger of the measured and the guarded computed diameter
        (`indentation.clearance_diameter`). Raise `ValueError` for a scale not covered.
        """
        self.require(scale)
        return self.clearance_rule.of(diameter_mm)

    def require(self, scale: Scale) -> None:
        """Raise `ValueError` unless this regulation covers the scale."""
        if not self.covers(scale):
            raise ValueError(f"{self.code} does not cover {scale.symbol}: choose another code")

    def confirm(self, by: str, on: date) -> "Regulation":
        """Return a copy where a person vouches for every table; raise `ValueError` if nameless."""
        if not by.strip():
            raise ValueError("a confirmation needs the name of the person")

        def vouch(origin: Provenance) -> Provenance:
            return replace(origin, confirmed_by=by, confirmed_on=on)

        return replace(
            self,
            tables=tuple((name, vouch(origin)) for name, origin in self.tables),
            range_limits=tuple(
                replace(row, provenance=vouch(row.provenance)) for row in self.range_limits
            ),
            percent_limits=tuple(
                replace(row, provenance=vouch(row.provenance)) for row in self.percent_limits
            ),
        )
