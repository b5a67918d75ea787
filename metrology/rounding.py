from decimal import Decimal
from fractions import Fraction

Exact = Decimal | str | int


def exact_decimal(value: Exact, name: str = "value") -> Decimal:
    """Return `value` as a finite `Decimal`.

    Raise `TypeError` for binary floats and other types (61.2 is not 61.20 in binary, and a tie
    would be decided by noise), `ValueError` for text that is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        kind = type(value).__name__
        raise TypeError(f"{name} must be Decimal, str or int, not {kind}: give the digits as text")
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{name} {value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{name} {value!r} is not finite")
    return number


def round_gb8170(value: Exact, interval: Exact) -> Decimal:
    """Round `value` to the nearest multiple of `interval` (0.1, 0.5, 10 ...), ties to even.

    This is the rounding of GB/T 8170-2008: once, on the exact value, by the absolute amount for
    negatives. The result carries the decimals of `interval` ("0.1" gives 1.0). The quotient is an
    exact fraction, so neither the decimal context nor a second rounding can move a tie.
    Raise `TypeError` for binary floats, `ValueError` unless `interval` is positive.
    """
    number, step = exact_decimal(value), exact_decimal(interval, "interval")
    if step <= 0:
        raise ValueError(f"interval must be positive, not {step}")
    # round() of a Fraction is exact and half-even.
    count = round(Fraction(number) / Fraction(step))
    return _exact_multiple(count, step)


def _exact_multiple(count: int, step: Decimal) -> Decimal:
    _, digits, exponent = step.as_tuple()
    assert isinstance(exponent, int)  # a finite number has an integer exponent
    coefficient = int("".join(map(str, digits))) * abs(count)
    sign = 1 if count < 0 else 0
    return Decimal((sign, tuple(int(digit) for digit in str(coefficient)), exponent))
