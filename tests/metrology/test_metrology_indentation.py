import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.indentation import DIAMETER_FITS, clearance_diameter, diameter_mm
from metrology.regulation import regulation_for
from metrology.scale import Scale
from metrology.scales import SCALES

ROCKWELL = [scale for scale in SCALES.values() if scale.family != "brinell"]

# d in mm at the low end, the middle and the high end of the range
LOW_MID_HIGH = {
    "HRA": (1.054, 0.578, 0.202),
    "HRBW": (1.241, 1.029, 0.689),
    "HRC": (0.868, 0.629, 0.422),
    "HRD": (0.708, 0.517, 0.356),
    "HREW": (1.359, 1.188, 0.983),
    "HRFW": (1.031, 0.892, 0.710),
    "HRGW": (1.142, 0.974, 0.739),
    "HRHW": (1.295, 1.166, 1.018),
    "HRKW": (1.610, 1.337, 0.971),
    "HR15N": (0.260, 0.205, 0.143),
    "HR30N": (0.374, 0.280, 0.193),
    "HR45N": (0.463, 0.344, 0.235),
    "HR15TW": (0.543, 0.429, 0.267),
    "HR30TW": (0.735, 0.592, 0.391),
    "HR45TW": (0.806, 0.664, 0.472),
}
SPOTS = {
    "HRC": {
        20: 0.868,
        25: 0.819,
        30: 0.769,
        35: 0.721,
        40: 0.675,
        45: 0.629,
        50: 0.585,
        55: 0.543,
        60: 0.501,
        65: 0.461,
        70: 0.422,
    },
    "HRA": {60: 0.546, 70: 0.427, 80: 0.327, 83: 0.299, 88: 0.257},
    "HRBW": {30: 1.157, 50: 1.057, 70: 0.936, 80: 0.864, 90: 0.783, 100: 0.689},
}
# 2.5 d and 4 d in mm, smallest and largest over the scale
CLEARANCES = {
    "HRA": ((0.51, 2.64), (0.81, 4.22)),
    "HRBW": ((1.72, 3.10), (2.76, 4.96)),
    "HRC": ((1.05, 2.17), (1.69, 3.47)),
    "HRD": ((0.89, 1.77), (1.42, 2.83)),
    "HREW": ((2.46, 3.40), (3.93, 5.44)),
    "HRFW": ((1.77, 2.58), (2.84, 4.12)),
    "HRGW": ((1.85, 2.85), (2.96, 4.57)),
    "HRHW": ((2.54, 3.24), (4.07, 5.18)),
    "HRKW": ((2.43, 4.03), (3.88, 6.44)),
    "HR15N": ((0.36, 0.65), (0.57, 1.04)),
    "HR30N": ((0.48, 0.94), (0.77, 1.50)),
    "HR45N": ((0.59, 1.16), (0.94, 1.85)),
    "HR15TW": ((0.67, 1.36), (1.07, 2.17)),
    "HR30TW": ((0.98, 1.84), (1.56, 2.94)),
    "HR45TW": ((1.18, 2.02), (1.89, 3.22)),
}


def test_every_rockwell_scale_has_a_fit() -> None:
    assert set(DIAMETER_FITS) == {scale.symbol for scale in ROCKWELL} == set(LOW_MID_HIGH)


@pytest.mark.parametrize("scale", ROCKWELL, ids=lambda scale: scale.symbol)
def test_diameters_at_low_middle_and_high(scale: Scale) -> None:
    allowed = DIAMETER_FITS[scale.symbol].error_mm + 0.0006  # the table's own rounding
    points = (scale.low, (scale.low + scale.high) / 2, scale.high)
    for hardness, expected in zip(points, LOW_MID_HIGH[scale.symbol], strict=True):
        assert diameter_mm(scale, hardness) == pytest.approx(expected, abs=allowed)


@pytest.mark.parametrize("symbol", SPOTS)
def test_spot_values(symbol: str) -> None:
    allowed = DIAMETER_FITS[symbol].error_mm + 0.0006
    for hardness, expected in SPOTS[symbol].items():
        assert diameter_mm(SCALES[symbol], hardness) == pytest.approx(expected, abs=allowed)


@pytest.mark.parametrize("scale", ROCKWELL, ids=lambda scale: scale.symbol)
def test_clearances_over_the_scale_with_the_house_minima(scale: Scale) -> None:
    regulation = regulation_for(scale)
    ends = (diameter_mm(scale, scale.high), diameter_mm(scale, scale.low))
    edges, pitches = CLEARANCES[scale.symbol]
    error = DIAMETER_FITS[scale.symbol].error_mm
    for diameter, edge, pitch in zip(ends, edges, pitches, strict=True):
        found = regulation.clearances(scale, diameter)
        assert found.pitch_mm == pytest.approx(max(pitch, 2.0), abs=4 * error + 0.006)
        assert found.edge_mm == pytest.approx(max(edge, 4.0), abs=2.5 * error + 0.006)


def test_brinell_clearances() -> None:
    scale = SCALES["HBW10/3000"]
    for hbw, three_d, edge in ((200, 12.8, 10.7), (100, 17.6, 14.7)):
        diameter = diameter_mm(scale, hbw)
        assert 3 * diameter == pytest.approx(three_d, abs=0.05)
        found = regulation_for(scale).clearances(scale, diameter)
        assert found.edge_mm == pytest.approx(edge, abs=0.05)
        assert found.pitch_mm == pytest.approx(4 * diameter)


@given(
    st.sampled_from(list(SCALES.values())),
    st.floats(0, 1),
    st.floats(0.001, 1),
)
def test_harder_means_smaller(scale: Scale, place: float, step: float) -> None:
    low, high = float(scale.low), float(scale.high)
    soft = low + place * (high - low)
    hard = soft + step * (high - low) / 10
    assert diameter_mm(scale, soft) > diameter_mm(scale, hard) > 0


@pytest.mark.parametrize("scale", ROCKWELL, ids=lambda scale: scale.symbol)
def test_the_fit_goes_on_smoothly_beyond_the_range(scale: Scale) -> None:
    for end in (float(scale.low), float(scale.high)):
        inside, outside = diameter_mm(scale, end - 0.01), diameter_mm(scale, end + 0.01)
        assert inside > outside
        assert inside - outside < 0.001


@pytest.mark.parametrize("hardness", [10_000, "nan"])
def test_absurd_hardness_has_no_diameter(hardness: float | str) -> None:
    with pytest.raises(ValueError, match="no indentation"):
        diameter_mm(SCALES["HRC"], hardness)


def test_clearance_takes_the_larger_of_measured_and_guarded_diameter() -> None:
    assert clearance_diameter(0.60, 0.50) == 0.60
    assert clearance_diameter(0.52, 0.50) == pytest.approx(0.55)
    assert clearance_diameter(None, 0.50) == pytest.approx(0.55)
