import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.student import probability_within, student_factor


@pytest.mark.parametrize(
    ("count", "factor"),
    [
        (2, 1.837),
        (3, 1.321),
        (4, 1.197),
        (5, 1.142),
        (6, 1.111),
        (7, 1.091),
        (8, 1.077),
        (9, 1.067),
        (10, 1.059),
        (15, 1.037),
    ],
)
def test_factors_at_one_sigma(count: int, factor: float) -> None:
    assert float(student_factor(count)) == pytest.approx(factor, abs=0.0005)


@pytest.mark.parametrize(("probability", "factor"), [(0.95, 2.776), (0.9545, 2.869)])
def test_factors_of_five_readings_at_two_sigma(probability: float, factor: float) -> None:
    assert float(student_factor(5, probability)) == pytest.approx(factor, abs=0.0006)


@given(st.integers(2, 60), st.floats(0.01, 0.999))
def test_the_factor_is_the_quantile(count: int, probability: float) -> None:
    factor = float(student_factor(count, probability))
    assert probability_within(factor, count - 1) == pytest.approx(probability, abs=1e-6)


@given(st.floats(0, 50))
def test_the_first_three_distributions_have_closed_forms(t: float) -> None:
    assert probability_within(t, 1) == pytest.approx(2 / math.pi * math.atan(t))
    assert probability_within(t, 2) == pytest.approx(t / math.sqrt(2 + t * t))
    angle = math.atan(t / math.sqrt(3))
    third = 2 / math.pi * (angle + math.sin(angle) * math.cos(angle))
    assert probability_within(t, 3) == pytest.approx(third)


@given(st.integers(2, 60))
def test_more_readings_need_a_smaller_factor(count: int) -> None:
    assert student_factor(count) > student_factor(count + 1) > 1


def test_many_readings_approach_the_normal_distribution() -> None:
    assert float(student_factor(2000)) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(("count", "probability"), [(1, 0.5), (0, 0.5), (5, 0.0), (5, 1.0)])
def test_meaningless_arguments_are_refused(count: int, probability: float) -> None:
    with pytest.raises(ValueError, match=r"two are needed|between 0 and 1"):
        student_factor(count, probability)
