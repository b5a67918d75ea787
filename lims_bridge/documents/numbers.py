"""How numbers and days are written on a document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lims_bridge.record_parts import Measure

MINUS = "\u2212"


def shown(number: Decimal, places: int = 2) -> str:
    """Return a number with at least so many decimals, all its own kept up to six."""
    own = -int(number.as_tuple().exponent)
    text = format(round(number, min(max(own, places), 6)), "f")
    return text.replace("-", MINUS)


def told_apart(number: Decimal, limit: Decimal) -> tuple[str, str]:
    """Return a number and its limit with two decimals, or as many as tell them apart."""
    for places in range(2, 7):
        shorter = round(number, places), round(limit, places)
        if shorter[0] != shorter[1] or number == limit:
            break
    return shown(shorter[0]), shown(shorter[1])


def signed(number: Decimal, places: int = 2) -> str:
    """Return a number with its sign."""
    text = shown(number, places)
    return text if text.startswith(MINUS) or not number else f"+{text}"


def exactly(number: Decimal) -> str:
    """Return a number with just the digits it has."""
    return format(number, "f").replace("-", MINUS)


def place(millimetres: Decimal) -> str:
    """Return a coordinate on the block in mm with two decimals: no positioner is finer."""
    return format(round(millimetres, 2), "f").replace("-", MINUS)


def seconds(milliseconds: int) -> str:
    """Return a time in s with two decimals."""
    return format(round(Decimal(milliseconds) / 1000, 2), "f")


def day(value: date) -> tuple[str, str]:
    """Return a day in both languages."""
    return f"{value.year}年{value.month:02d}月{value.day:02d}日", value.isoformat()


def unit_of(measure: Measure, symbol: str) -> str:
    """Return the unit of a uniformity."""
    return symbol if measure == "range" else "%"
