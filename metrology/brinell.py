"""The Brinell formula, exact in `Decimal`: hardness from diameter and back.

Forces are given in kgf, so that no factor stands in the formula: the "0,102" that standards print
is 1/9.80665 rounded. With the nominal newtons and 0,102 the result would be 0.03 % higher.
"""

from decimal import Context, Decimal, localcontext

STANDARD_GRAVITY = Decimal("9.80665")
"""Newtons in one kgf."""

PI = Decimal("3.14159265358979323846264338327950288")

# Own context: a result must not depend on what a caller did to the thread's context.
_EXACT = Context(prec=34)


def brinell_hardness(force_kgf: Decimal, ball_mm: Decimal, diameter_mm: Decimal) -> Decimal:
    """Return HBW = 2P / (pi D (D - sqrt(D² - d²))), unrounded, P in kgf, D and d in mm.

    Raise `ValueError` unless 0 < d <= D (ISO 6506-1, GB/T 231.1).
    """
    if not 0 < diameter_mm <= ball_mm:
        raise ValueError(f"a {ball_mm} mm ball makes no indentation of {diameter_mm} mm")
    with localcontext(_EXACT):
        twice_depth = ball_mm - _root(ball_mm, diameter_mm)
        return 2 * force_kgf / (PI * ball_mm * twice_depth)


def brinell_diameter_mm(force_kgf: Decimal, ball_mm: Decimal, hardness: Decimal) -> Decimal:
    """Return the mean diameter in mm of an indentation of the given HBW, P in kgf, D in mm.

    Raise `ValueError` if the hardness is so low that the ball would sink in beyond its equator.
    """
    if hardness <= 0:
        raise ValueError(f"a Brinell hardness must be positive, not {hardness}")
    with localcontext(_EXACT):
        twice_depth = 2 * force_kgf / (PI * ball_mm * hardness)
        if twice_depth > ball_mm:
            raise ValueError(
                f"a {ball_mm} mm ball under {force_kgf} kgf sinks in at {hardness} HBW"
            )
        # d² = D² - (D - q)² = q (2D - q), q being twice the depth of the cap.
        return (twice_depth * (2 * ball_mm - twice_depth)).sqrt()


def brinell_slope_per_mm(force_kgf: Decimal, ball_mm: Decimal, diameter_mm: Decimal) -> Decimal:
    """Return dHBW/dd in HBW per mm (negative): what an error of the diameter costs in hardness.

    Raise `ValueError` unless 0 < d < D.
    """
    if diameter_mm == ball_mm:
        raise ValueError("the slope is infinite at the ball's equator")
    hardness = brinell_hardness(force_kgf, ball_mm, diameter_mm)
    with localcontext(_EXACT):
        root = _root(ball_mm, diameter_mm)
        return -hardness / diameter_mm * (ball_mm + root) / root


def _root(ball_mm: Decimal, diameter_mm: Decimal) -> Decimal:
    return ((ball_mm - diameter_mm) * (ball_mm + diameter_mm)).sqrt()
