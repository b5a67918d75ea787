import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.brinell import brinell_diameter_mm, brinell_hardness, brinell_slope_per_mm
from metrology.rounding import round_gb8170
from metrology.scale import Scale
from metrology.scales import SCALES

BRINELL = [scale for scale in SCALES.values() if scale.family == "brinell"]
# What 1 kgf counts as with the rounded constant that standards print.
PRINTED_KGF = Decimal("0.102") * Decimal("9.80665")

# HBW -> d in mm, computed with the printed constant 0,102
DIAMETERS = {
    "HBW10/3000": {
        100: "5.879",
        150: "4.884",
        200: "4.265",
        250: "3.834",
        300: "3.511",
        350: "3.259",
        400: "3.053",
        450: "2.883",
        500: "2.738",
        550: "2.613",
        600: "2.503",
        650: "2.407",
    },
    "HBW10/1000": {
        40: "5.413",
        60: "4.483",
        80: "3.910",
        100: "3.511",
        150: "2.883",
        200: "2.503",
    },
}
POINTS = [(symbol, hbw, mm) for symbol, table in DIAMETERS.items() for hbw, mm in table.items()]


@pytest.mark.parametrize(("symbol", "hbw", "mm"), POINTS)
def test_diameter_table_with_the_printed_constant(symbol: str, hbw: int, mm: str) -> None:
    force = PRINTED_KGF * SCALES[symbol].force_kgf
    diameter = brinell_diameter_mm(force, Decimal(10), Decimal(hbw))
    assert str(round_gb8170(diameter, "0.001")) == mm


@pytest.mark.parametrize(("symbol", "hbw", "mm"), POINTS)
def test_the_exact_constant_moves_a_diameter_by_less_than_a_micrometre_and_a_half(
    symbol: str, hbw: int, mm: str
) -> None:
    exact = SCALES[symbol].brinell_diameter_mm(hbw)
    assert float(exact) == pytest.approx(float(mm), abs=0.0015)


@pytest.mark.parametrize(
    ("index", "at_024", "at_06"),
    [
        (30, "653.6", "95.5"),
        (15, "326.8", "47.8"),
        (10, "217.9", "31.8"),
        (5, "108.9", "15.9"),
        (Decimal("2.5"), "54.5", "8.0"),
        (1, "21.8", "3.2"),
    ],
)
def test_hardness_at_the_limits_of_the_diameter(
    index: int | Decimal, at_024: str, at_06: str
) -> None:
    force = PRINTED_KGF * index * 100
    hardest = brinell_hardness(force, Decimal(10), Decimal("2.4"))
    softest = brinell_hardness(force, Decimal(10), Decimal(6))
    assert str(round_gb8170(hardest, "0.1")) == at_024
    assert str(round_gb8170(softest, "0.1")) == at_06


@pytest.mark.parametrize(
    ("mm", "hbw"), [("2.40", 653), ("3.00", 415), ("4.00", 229), ("5.00", 143)]
)
def test_published_table_in_three_figures(mm: str, hbw: int) -> None:
    assert round(SCALES["HBW10/3000"].brinell_hardness(mm)) == hbw


@pytest.mark.parametrize("hbw", [100, 200, 350, 500, 650])
def test_a_smaller_ball_with_the_same_index_makes_a_similar_indentation(hbw: int) -> None:
    ten = float(SCALES["HBW10/3000"].brinell_diameter_mm(hbw))
    assert float(SCALES["HBW5/750"].brinell_diameter_mm(hbw)) == pytest.approx(ten / 2)
    assert float(SCALES["HBW2.5/187.5"].brinell_diameter_mm(hbw)) == pytest.approx(ten / 4)


@given(st.sampled_from(BRINELL), st.floats(0.1, 0.95))
def test_hardness_and_diameter_are_inverse(scale: Scale, ratio: float) -> None:
    assert scale.ball_diameter_mm is not None
    diameter = scale.ball_diameter_mm * Decimal(ratio).quantize(Decimal("0.0001"))
    back = scale.brinell_diameter_mm(scale.brinell_hardness(diameter))
    assert abs(back - diameter) < Decimal("1e-25")


@given(st.sampled_from(BRINELL), st.floats(0.1, 0.9), st.floats(0.001, 0.09))
def test_a_larger_indentation_is_a_softer_block(scale: Scale, ratio: float, more: float) -> None:
    assert scale.ball_diameter_mm is not None
    small = scale.ball_diameter_mm * Decimal(ratio)
    large = small + scale.ball_diameter_mm * Decimal(more)
    assert scale.brinell_hardness(small) > scale.brinell_hardness(large)


@pytest.mark.parametrize(
    ("mm", "slope"),
    [("2.5", -489), ("3.0", -283), ("3.5", -178), ("4.0", -120), ("4.5", -84), ("5.0", -61)],
)
def test_sensitivity_to_the_diameter(mm: str, slope: int) -> None:
    found = brinell_slope_per_mm(Decimal(3000), Decimal(10), Decimal(mm))
    assert float(found) == pytest.approx(slope, abs=0.75)


def test_sensitivity_at_six_millimetres() -> None:
    found = brinell_slope_per_mm(Decimal(3000), Decimal(10), Decimal(6))
    assert float(found) == pytest.approx(-36, abs=0.5)


@given(st.floats(0.5, 9.5))
def test_the_slope_is_the_derivative(mm: float) -> None:
    force, ball, step = Decimal(3000), Decimal(10), Decimal("1e-6")
    diameter = Decimal(mm)
    rise = brinell_hardness(force, ball, diameter + step) - brinell_hardness(
        force, ball, diameter - step
    )
    slope = float(brinell_slope_per_mm(force, ball, diameter))
    assert float(rise / (2 * step)) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(("ratio", "k"), [(0.25, 2.03), (0.6, 2.25)])
def test_hardness_changes_twice_as_fast_as_the_diameter(ratio: float, k: float) -> None:
    diameter = Decimal(str(10 * ratio))
    hardness = brinell_hardness(Decimal(3000), Decimal(10), diameter)
    slope = brinell_slope_per_mm(Decimal(3000), Decimal(10), diameter)
    assert float(-slope * diameter / hardness) == pytest.approx(k, abs=0.005)


def test_at_the_equator_the_area_is_half_a_sphere() -> None:
    hardness = brinell_hardness(Decimal(100), Decimal(10), Decimal(10))
    assert float(hardness) == pytest.approx(200 / (math.pi * 100))
    with pytest.raises(ValueError, match="equator"):
        brinell_slope_per_mm(Decimal(100), Decimal(10), Decimal(10))


@pytest.mark.parametrize("mm", ["0", "-1", "10.001"])
def test_impossible_diameters_are_refused(mm: str) -> None:
    with pytest.raises(ValueError, match="makes no indentation"):
        SCALES["HBW10/3000"].brinell_hardness(mm)


@pytest.mark.parametrize(("hbw", "why"), [("0", "positive"), ("-5", "positive"), ("5", "sinks in")])
def test_impossible_hardnesses_are_refused(hbw: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SCALES["HBW10/3000"].brinell_diameter_mm(hbw)
