from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.scale import Scale
from metrology.scales import SCALES, UnknownScaleError, find_scale

ROCKWELL = [scale for scale in SCALES.values() if scale.family != "brinell"]
BRINELL = [scale for scale in SCALES.values() if scale.family == "brinell"]

# symbol, F0, F1, F in newtons, kgf, h in mm at the low and the high end of the range
ROCKWELL_TABLE = """
HRA    98.07 490.3 588.4  60 0.160 0.010
HRBW   98.07 882.6 980.7 100 0.240 0.060
HRC    98.07 1373  1471  150 0.160 0.060
HRD    98.07 882.6 980.7 100 0.120 0.046
HREW   98.07 882.6 980.7 100 0.120 0.060
HRFW   98.07 490.3 588.4  60 0.140 0.060
HRGW   98.07 1373  1471  150 0.200 0.072
HRHW   98.07 490.3 588.4  60 0.100 0.060
HRKW   98.07 1373  1471  150 0.180 0.060
HR15N  29.42 117.7 147.1  15 0.030 0.006
HR30N  29.42 264.8 294.2  30 0.058 0.014
HR45N  29.42 411.9 441.3  45 0.080 0.023
HR15TW 29.42 117.7 147.1  15 0.033 0.007
HR30TW 29.42 264.8 294.2  30 0.071 0.018
HR45TW 29.42 411.9 441.3  45 0.090 0.028
"""

# symbol, nominal force in N, HBW at 0.24 D, HBW at 0.6 D
BRINELL_TABLE = """
HBW10/3000     29420 653.6 95.5
HBW10/1500     14710 326.8 47.8
HBW10/1000      9807 217.9 31.8
HBW10/500       4903 108.9 15.9
HBW10/250       2452  54.5  8.0
HBW10/100      980.7  21.8  3.2
HBW5/750        7355 653.6 95.5
HBW5/250        2452 217.9 31.8
HBW5/125        1226 108.9 15.9
HBW5/62.5      612.9  54.5  8.0
HBW5/25        245.2  21.8  3.2
HBW2.5/187.5    1839 653.6 95.5
HBW2.5/62.5    612.9 217.9 31.8
HBW2.5/31.25   306.5 108.9 15.9
HBW2.5/15.625  153.2  54.5  8.0
HBW2.5/6.25    61.29  21.8  3.2
HBW1/30        294.2 653.6 95.5
HBW1/10        98.07 217.9 31.8
HBW1/5         49.03 108.9 15.9
HBW1/2.5       24.52  54.5  8.0
HBW1/1         9.807  21.8  3.2
"""


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def test_the_laboratory_knows_fifteen_and_twenty_one_scales() -> None:
    assert [scale.symbol for scale in ROCKWELL] == [row[0] for row in rows(ROCKWELL_TABLE)]
    assert [scale.symbol for scale in BRINELL] == [row[0] for row in rows(BRINELL_TABLE)]
    assert all(symbol == scale.symbol for symbol, scale in SCALES.items())


@pytest.mark.parametrize("row", rows(ROCKWELL_TABLE), ids=lambda row: row[0])
def test_rockwell_forces_and_depths_at_the_range_limits(row: list[str]) -> None:
    symbol, *numbers = row
    f0, f1, total, kgf, deep, shallow = map(Decimal, numbers)
    scale = SCALES[symbol]
    assert (scale.preliminary_force_n, scale.total_force_n, scale.force_kgf) == (f0, total, kgf)
    assert abs(scale.additional_force_n - f1) <= Decimal("0.1")
    assert scale.depth_mm(scale.low) == deep
    assert scale.depth_mm(scale.high) == shallow


def test_indenters() -> None:
    cones = {"HRA", "HRC", "HRD", "HR15N", "HR30N", "HR45N"}
    assert {s.symbol for s in SCALES.values() if s.indenter == "cone"} == cones
    large = {s.symbol for s in ROCKWELL if s.ball_diameter_mm == Decimal("3.175")}
    assert large == {"HREW", "HRHW", "HRKW"}
    small = {s.symbol for s in ROCKWELL if s.ball_diameter_mm == Decimal("1.5875")}
    assert small == {"HRBW", "HRFW", "HRGW", "HR15TW", "HR30TW", "HR45TW"}


@pytest.mark.parametrize("row", rows(BRINELL_TABLE), ids=lambda row: row[0])
def test_brinell_forces_and_ranges(row: list[str]) -> None:
    symbol, newtons, at_024, at_06 = row
    scale = SCALES[symbol]
    assert scale.total_force_n == Decimal(newtons)
    assert scale.preliminary_force_n == 0
    # The table was computed with 0,102 instead of 1/g: 0.03 % more.
    assert float(scale.low) == pytest.approx(float(at_06), abs=0.11)
    assert float(scale.high) == pytest.approx(min(650.0, float(at_024)), abs=0.21)
    nominal = scale.force_kgf * Decimal("9.80665")
    assert float(scale.total_force_n) == pytest.approx(float(nominal), rel=2.5e-4)


@given(st.sampled_from(ROCKWELL), st.decimals(0, 100, places=2))
def test_depth_and_hardness_are_inverse(scale: Scale, hardness: Decimal) -> None:
    assert scale.hardness_at_depth(scale.depth_mm(hardness)) == hardness


@given(st.sampled_from(list(SCALES.values())), st.decimals(-10, 800, places=3))
def test_a_scale_contains_its_limits_and_nothing_beyond(scale: Scale, value: Decimal) -> None:
    assert scale.contains(scale.low)
    assert scale.contains(scale.high)
    assert not scale.contains(scale.high + Decimal("0.001"))
    assert not scale.contains(scale.low - Decimal("0.001"))
    assert scale.contains(value) == (scale.low <= value <= scale.high)


def test_two_microns_are_one_hrc_and_one_micron_one_superficial_unit() -> None:
    assert SCALES["HRC"].hardness_at_depth("0.080") == 60
    assert SCALES["HRBW"].hardness_at_depth("0.080") == 90
    assert SCALES["HR30TW"].hardness_at_depth("0.040") == 60


def test_every_scale_marks_how_far_its_numbers_are_verified() -> None:
    assert {scale.range_confidence for scale in ROCKWELL} == {"K-hi"}
    assert {scale.range_confidence for scale in BRINELL} == {"D"}
    read = {scale.symbol for scale in ROCKWELL if scale.definition_confidence == "read"}
    assert read == {"HRA", "HRBW", "HRC", "HRD", "HREW", "HRFW", "HRGW"}


def test_a_symbol_may_be_written_with_blanks() -> None:
    assert find_scale("HBW 10/3000") is SCALES["HBW10/3000"]
    assert find_scale(" HRC ") is SCALES["HRC"]


@pytest.mark.parametrize(
    ("wrong", "meant"), [("HRB", "HRBW"), ("hrc", "HRC"), ("HBW10/300", "HBW10/3000")]
)
def test_an_unknown_symbol_suggests_what_was_meant(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownScaleError, match=meant) as caught:
        find_scale(wrong)
    assert meant in caught.value.suggestions


def test_nonsense_gets_no_suggestion() -> None:
    with pytest.raises(UnknownScaleError, match="see SCALES") as caught:
        find_scale("???")
    assert caught.value.suggestions == ()


def test_depth_and_diameter_belong_to_their_own_families() -> None:
    with pytest.raises(ValueError, match="diameter, not by a depth"):
        SCALES["HBW5/750"].depth_mm("200")
    with pytest.raises(ValueError, match="diameter, not by a depth"):
        SCALES["HBW5/750"].hardness_at_depth("0.1")
    with pytest.raises(ValueError, match="depth, not by a diameter"):
        SCALES["HRBW"].brinell_diameter_mm("90")
    with pytest.raises(ValueError, match="depth, not by a diameter"):
        SCALES["HRC"].brinell_hardness("0.5")


def test_the_table_of_scales_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SCALES["HRC"] = SCALES["HRA"]  # type: ignore[index]  # frozen: it must refuse


def test_designations_follow_the_symbol_rule() -> None:
    assert SCALES["HRC"].designate(Decimal("60.1")) == "60.1 HRC"
    assert SCALES["HBW5/750"].designate(Decimal(348)) == "348 HBW5/750"
