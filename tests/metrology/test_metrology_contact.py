import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.contact import contact_at_hardness, contact_at_pressure
from metrology.indentation import DIAMETER_FITS, diameter_mm
from metrology.scale import Scale
from metrology.scales import SCALES

ROCKWELL = [scale for scale in SCALES.values() if scale.family != "brinell"]

# mm at the low and high end of the range: depth under F, depth at F0, diameter
TABLE = """
HRA    0.248 0.036  0.085 0.009  1.054 0.202
HRBW   0.272 0.077  0.028 0.010  1.241 0.689
HRC    0.204 0.096  0.032 0.010  0.868 0.422
HRD    0.161 0.076  0.032 0.011  0.708 0.356
HREW   0.141 0.075  0.017 0.010  1.359 0.983
HRFW   0.174 0.079  0.031 0.016  1.031 0.710
HRGW   0.224 0.091  0.017 0.009  1.142 0.739
HRHW   0.126 0.078  0.024 0.015  1.295 1.018
HRKW   0.201 0.075  0.017 0.007  1.610 0.971
HR15N  0.042 0.016  0.009 0.004  0.260 0.143
HR30N  0.072 0.028  0.009 0.004  0.374 0.193
HR45N  0.096 0.041  0.009 0.004  0.463 0.235
HR15TW 0.044 0.013  0.010 0.003  0.543 0.267
HR30TW 0.083 0.025  0.010 0.004  0.735 0.391
HR45TW 0.101 0.037  0.009 0.004  0.806 0.472
"""
# scale, hardness, dH/dF0, dH/dF in hardness units per newton
SENSITIVITIES = """
HRC 22.5 0.140 -0.036
HRC 42.5 0.084 -0.027
HRC 62.5 0.040 -0.019
HRA 62 0.136 -0.055
HRA 83 0.036 -0.028
HRBW 40 0.102 -0.113
HRBW 70 0.071 -0.071
HRBW 95 0.043 -0.040
HRD 45 0.132 -0.041
HRD 70 0.044 -0.024
HREW 95 0.045 -0.038
HRFW 90 0.085 -0.082
HRGW 90 0.033 -0.029
HRHW 98 0.071 -0.063
HRKW 90 0.034 -0.028
HR15N 90 0.074 -0.099
HR30N 60 0.151 -0.122
HR30N 78 0.069 -0.087
HR45N 60 0.094 -0.079
HR15TW 90 0.092 -0.083
HR30TW 62 0.161 -0.139
HR45TW 65 0.099 -0.082
"""


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize("row", rows(TABLE), ids=lambda row: row[0])
def test_depths_and_diameters_at_the_range_limits(row: list[str]) -> None:
    symbol, *numbers = row
    scale = SCALES[symbol]
    soft, hard = (contact_at_hardness(scale, end) for end in (scale.low, scale.high))
    found = [
        *(soft.depth_under_load_mm, hard.depth_under_load_mm),
        *(soft.depth_at_preliminary_mm, hard.depth_at_preliminary_mm),
        *(soft.diameter_mm, hard.diameter_mm),
    ]
    assert found == pytest.approx([float(number) for number in numbers], abs=0.0006)


@pytest.mark.parametrize("row", rows(SENSITIVITIES), ids=lambda row: f"{row[0]}-{row[1]}")
def test_sensitivity_to_the_forces(row: list[str]) -> None:
    scale, hardness = SCALES[row[0]], float(row[1])
    pressure = contact_at_hardness(scale, hardness).pressure_n_mm2
    first, total = float(scale.preliminary_force_n), float(scale.total_force_n)
    unit = float(scale.scale_unit_mm or 0)

    def slope(up: tuple[float, float], down: tuple[float, float]) -> float:
        deeper = contact_at_pressure(scale, pressure, *up).permanent_mm
        shallower = contact_at_pressure(scale, pressure, *down).permanent_mm
        return -(deeper - shallower) / (0.2 * unit)

    by_first = slope((first + 0.1, total), (first - 0.1, total))
    by_total = slope((first, total + 0.1), (first, total - 0.1))
    assert by_first == pytest.approx(float(row[2]), abs=0.0011)
    assert by_total == pytest.approx(float(row[3]), abs=0.0011)


@given(st.sampled_from(ROCKWELL), st.floats(0, 1))
def test_the_quadratic_fits_follow_the_model(scale: Scale, place: float) -> None:
    hardness = float(scale.low) + place * float(scale.high - scale.low)
    allowed = DIAMETER_FITS[scale.symbol].error_mm + 0.001
    model = contact_at_hardness(scale, hardness).diameter_mm
    assert diameter_mm(scale, hardness) == pytest.approx(model, abs=allowed)


@given(st.sampled_from(ROCKWELL), st.floats(0, 1))
def test_the_tester_reads_back_the_hardness(scale: Scale, place: float) -> None:
    hardness = float(scale.low) + place * float(scale.high - scale.low)
    contact = contact_at_hardness(scale, hardness)
    assert contact.permanent_mm == pytest.approx(
        (float(scale.number or 0) - hardness) * float(scale.scale_unit_mm or 0), abs=1e-7
    )
    assert contact.depth_under_load_mm > contact.depth_at_preliminary_mm + contact.permanent_mm


@given(st.sampled_from(ROCKWELL), st.floats(0, 0.98), st.floats(0.01, 1))
def test_a_harder_block_yields_less(scale: Scale, place: float, share: float) -> None:
    width = float(scale.high - scale.low)
    hardness = float(scale.low) + place * width
    soft = contact_at_hardness(scale, hardness)
    hard = contact_at_hardness(scale, hardness + share * (float(scale.high) - hardness))
    assert hard.pressure_n_mm2 > soft.pressure_n_mm2
    assert hard.diameter_mm < soft.diameter_mm
    assert hard.depth_under_load_mm < soft.depth_under_load_mm
    assert hard.depth_at_preliminary_mm < soft.depth_at_preliminary_mm


def test_just_touching_the_flank_leaves_two_tenths_of_a_millimetre() -> None:
    # Harder than about HR15N 83 only the spherical tip has touched.
    assert contact_at_hardness(SCALES["HR15N"], 85).diameter_mm < 0.2
    assert contact_at_hardness(SCALES["HR15N"], 80).diameter_mm > 0.2


def test_what_the_model_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="no contact pressure gives 130"):
        contact_at_hardness(SCALES["HRC"], 130)
    with pytest.raises(ValueError, match="no Rockwell contact"):
        contact_at_hardness(SCALES["HBW5/750"], 300)
    with pytest.raises(ValueError, match="no Rockwell contact"):
        contact_at_pressure(SCALES["HRC"], 0)
    with pytest.raises(ValueError, match="equator"):
        contact_at_pressure(SCALES["HRBW"], 100)
