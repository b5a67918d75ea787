"""Uncertainty of a block's certified value, after the scheme of ISO 6508-3:2005 annex B.

The same scheme stands in ISO 6506-3. The 2015 edition changed the annex; its text was not at hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Context, Decimal, localcontext
from types import MappingProxyType
from typing import Final

from metrology.rounding import Exact, exact_decimal
from metrology.student import student_factor
from metrology.uniformity import mean_of

_EXACT = Context(prec=34)

RANGE_DIVISORS: Final[Mapping[int, Decimal]] = MappingProxyType(
    {
        2: Decimal("1.13"),
        3: Decimal("1.69"),
        4: Decimal("2.06"),
        5: Decimal("2.33"),
        6: Decimal("2.53"),
        7: Decimal("2.70"),
        8: Decimal("2.85"),
        9: Decimal("2.97"),
    }
)
"""C of the range method s = R / C by number of readings (JJF 1059.1-2012, confidence K-hi)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The standard uncertainties (k = 1) of a certified value, in the unit of the scale.

    Each field is one component, named as in the standard by `components`: the primary block
    (u_CRM-1), the standard machine's repeatability on it (u_xCRM-1), the drift of the primary
    block since its calibration (u_CRM-D), the machine's resolution (u_ms), and repeatability with
    non-uniformity on the new block (u_xCRM-2). Raise `ValueError` for a negative component.
    """

    u_crm_1: Decimal
    u_x_crm_1: Decimal
    u_crm_d: Decimal
    u_ms: Decimal
    u_x_crm_2: Decimal

    def __post_init__(self) -> None:
        for field in fields(self):
            if exact_decimal(getattr(self, field.name), field.name) < 0:
                raise ValueError(f"the uncertainty {field.name} cannot be negative")

    def components(self) -> dict[str, Decimal]:
        """Return the components by the names of the standard, in its order."""
        return {
            "u_CRM-1": self.u_crm_1,
            "u_xCRM-1": self.u_x_crm_1,
            "u_CRM-D": self.u_crm_d,
            "u_ms": self.u_ms,
            "u_xCRM-2": self.u_x_crm_2,
        }

    @property
    def u_cm(self) -> Decimal:
        """Return the standard uncertainty of the standard machine: all but the new block."""
        return _root_sum([self.u_crm_1, self.u_x_crm_1, self.u_crm_d, self.u_ms])

    @property
    def combined(self) -> Decimal:
        """Return the combined standard uncertainty of the certified value."""
        return _root_sum(list(self.components().values()))

    def expanded(self, k: Exact = 2) -> Decimal:
        """Return U = k x combined, unrounded; raise `ValueError` unless k is positive."""
        factor = exact_decimal(k, "k")
        if factor <= 0:
            raise ValueError(f"a coverage factor must be positive, not {factor}")
        with localcontext(_EXACT):
            return factor * self.combined


def standard_deviation(readings: Sequence[Decimal]) -> Decimal:
    """Return the experimental standard deviation (n - 1) of at least two readings.

    Raise `ValueError` for fewer.
    """
    if len(readings) < 2:
        raise ValueError(f"{len(readings)} reading shows no scatter: two are needed")
    mean = mean_of(readings)
    with localcontext(_EXACT):
        squares = sum(((reading - mean) ** 2 for reading in readings), Decimal(0))
        return (squares / (len(readings) - 1)).sqrt()


def standard_deviation_from_range(spread: Decimal, count: int) -> Decimal:
    """Return s = R / C of JJF 1059.1, for 2 to 9 readings; raise `ValueError` for other counts."""
    if count not in RANGE_DIVISORS:
        raise ValueError(f"the range method has no divisor for {count} readings, only for 2 to 9")
    with localcontext(_EXACT):
        return spread / RANGE_DIVISORS[count]


def uncertainty_of_mean(deviation: Decimal, count: int) -> Decimal:
    """Return t s / sqrt(n), the standard uncertainty of the mean of `count` readings.

    t is Student's factor at one sigma (1.142 for five). Raise `ValueError` for fewer than two.
    """
    with localcontext(_EXACT):
        return student_factor(count) * deviation / Decimal(count).sqrt()


def uncertainty_of_readings(readings: Sequence[Decimal]) -> Decimal:
    """Return t s / sqrt(n) of the readings themselves; raise `ValueError` for fewer than two."""
    return uncertainty_of_mean(standard_deviation(readings), len(readings))


def uncertainty_of_resolution(step: Exact) -> Decimal:
    """Return step / (2 sqrt 3), the standard uncertainty of a display with this step."""
    with localcontext(_EXACT):
        return exact_decimal(step, "step") / (2 * Decimal(3).sqrt())


def _root_sum(parts: Sequence[Decimal]) -> Decimal:
    with localcontext(_EXACT):
        return sum((part * part for part in parts), Decimal(0)).sqrt()
