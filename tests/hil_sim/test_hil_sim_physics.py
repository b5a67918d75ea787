import math
from decimal import Decimal
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hil_sim import physics
from hil_sim.physics import HardnessField

POINTS = st.lists(
    st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=2, max_size=12, unique=True
)


@given(
    st.integers(0, 10**6),
    POINTS,
    st.floats(20, 95),
    st.floats(0.01, 3),
)
def test_a_fitted_field_has_the_asked_mean_and_range(
    seed: int, points: list[tuple[float, float]], mean: float, spread: float
) -> None:
    field = HardnessField.random(60, 1, Random(seed))
    shapes = [field.shape(x, y) for x, y in points]
    assume(max(shapes) - min(shapes) > 1e-3)
    values = [field.fitted(points, mean, spread).at(x, y) for x, y in points]
    assert math.isclose(fmean(values), mean, abs_tol=1e-6)
    assert math.isclose(max(values) - min(values), spread, abs_tol=1e-6)


def test_a_field_without_range_is_level_and_one_point_has_none() -> None:
    field = HardnessField.random(60, 1, Random(1))
    assert field.fitted([(1, 2)], 61.2, 0).at(1, 2) == 61.2
    assert field.fitted([(1, 2), (5, 5)], 61.2, 0).at(9, 9) == 61.2
    with pytest.raises(ValueError, match="range"):
        field.fitted([(1, 2)], 61.2, 0.1)


@given(st.integers(0, 10**6), st.floats(-40, 40), st.floats(-40, 40), st.floats(0, 2 * math.pi))
def test_hardness_is_smooth(seed: int, x: float, y: float, angle: float) -> None:
    field = HardnessField.random(60, 0.1, Random(seed))
    near = field.at(x + 0.1 * math.cos(angle), y + 0.1 * math.sin(angle))
    # Four waves of weight 1 and at least 30 mm cannot be steeper.
    assert abs(near - field.at(x, y)) <= 0.1 * 4 * 2 * math.pi / 30 * 0.1 + 1e-12


def test_a_field_survives_json() -> None:
    field = HardnessField.random(60, 0.1, Random(3))
    assert HardnessField.from_json(field.to_json()) == field


@given(st.floats(20, 95), st.integers(0, 10**6), st.sampled_from(["0.01", "0.1", "0.05"]))
def test_a_reading_is_a_multiple_of_the_resolution(truth: float, seed: int, step: str) -> None:
    tester = physics.TesterTruth(resolution=Decimal(step))
    reading = tester.reading(truth, 0.0, Random(seed))
    assert reading % Decimal(step) == 0
    assert abs(float(reading) - truth) < 6 * tester.sigma + float(step)


def test_repeatability_bias_and_drift_show_in_the_readings() -> None:
    tester = physics.TesterTruth(sigma=0.05, bias=0.3, drift_amplitude=0.2, drift_period_s=400)
    rng = Random(7)
    early = [float(tester.reading(60, 0, rng)) for _ in range(400)]
    later = [float(tester.reading(60, 100, rng)) for _ in range(400)]
    assert fmean(early) == pytest.approx(60.3, abs=0.02)
    assert fmean(later) == pytest.approx(60.5, abs=0.02)
    assert stdev(early) == pytest.approx(0.05, rel=0.15)
