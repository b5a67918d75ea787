"""Student's t for whole degrees of freedom, from the finite series of its distribution."""

import math
from decimal import Decimal
from functools import cache
from typing import Final

ONE_SIGMA: Final = math.erf(1 / math.sqrt(2))
"""Probability within one standard deviation of a normal distribution, 0.6827."""


@cache
def student_factor(count: int, probability: float = ONE_SIGMA) -> Decimal:
    """Return the two-sided t of the mean of `count` readings, rounded to 1e-6.

    1.142 for five readings at one sigma: the factor by which a standard deviation from few readings
    understates. Raise `ValueError` for fewer than two readings or a probability outside (0, 1).
    """
    if count < 2:
        raise ValueError(f"{count} reading shows no scatter: two are needed")
    if not 0 < probability < 1:
        raise ValueError(f"a probability lies between 0 and 1, not at {probability}")
    return Decimal(f"{_quantile(count - 1, probability):.6f}")


def probability_within(t: float, freedom: int) -> float:
    """Return P(|T| <= t) for `freedom` degrees of freedom (Abramowitz, Stegun 26.7)."""
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    if freedom % 2:
        total, term = 0.0, cosine
        for k in range(1, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        return 2 / math.pi * (angle + sine * total)
    total, term = 0.0, 1.0
    for k in range(0, freedom - 1, 2):
        total += term
        term *= cosine * cosine * (k + 1) / (k + 2)
    return sine * total


def _quantile(freedom: int, probability: float) -> float:
    low, high = 0.0, 1.0
    while probability_within(high, freedom) < probability and high < 1e12:
        low, high = high, 2 * high
    while high - low > 1e-9 * max(1.0, high):
        middle = (low + high) / 2
        if probability_within(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2
