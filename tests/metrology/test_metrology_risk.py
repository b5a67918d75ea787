import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.risk import rejection_risk

TRUTHS = st.lists(st.floats(59, 61), min_size=1, max_size=7)
SIGMAS = st.floats(0.01, 1)
LIMITS = st.floats(0, 3)


@pytest.mark.parametrize(("quantile", "risk"), [(3.858, 0.05), (4.603, 0.01)])
def test_known_quantiles_of_the_range_of_five(quantile: float, risk: float) -> None:
    assert rejection_risk([60.0] * 5, 0.1, quantile * 0.1) == pytest.approx(risk, rel=2e-3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, 2 / math.sqrt(math.pi)), (3, 3 / math.sqrt(math.pi)), (5, 2.3259289473)],
)
def test_the_expected_range_is_the_area_under_the_risk(count: int, expected: float) -> None:
    step = 0.05
    risks = [rejection_risk([0.0] * count, 1.0, i * step) for i in range(241)]
    area = step * (sum(risks) - (risks[0] + risks[-1]) / 2)
    # The trapezoid's end correction: the density of the range is 0 at 0 except for two readings.
    slope = 1 / math.sqrt(math.pi) if count == 2 else 0.0
    assert area - step**2 / 12 * slope == pytest.approx(expected, abs=1e-6)


@given(st.floats(-1, 1), SIGMAS, LIMITS)
def test_two_readings_have_a_closed_form(gap: float, sigma: float, limit: float) -> None:
    def above(x: float) -> float:
        return 0.5 * math.erfc(x / (2 * sigma))

    exact = above(limit - gap) + above(limit + gap)
    assert rejection_risk([60.0, 60.0 + gap], sigma, limit) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("truths", "sigma", "limit"),
    [
        ([60.0, 60.1, 60.2, 60.05, 59.95], 0.1, 0.4),
        ([60.0, 60.0, 60.0, 60.0, 60.5], 0.15, 0.6),
        ([25.0, 25.3, 25.6], 0.3, 0.75),
    ],
)
def test_monte_carlo_agrees(truths: list[float], sigma: float, limit: float) -> None:
    dice = random.Random(20_131_025)
    runs = 40_000
    hits = 0
    for _ in range(runs):
        readings = [dice.gauss(truth, sigma) for truth in truths]
        hits += max(readings) - min(readings) > limit
    risk = rejection_risk(truths, sigma, limit)
    assert hits / runs == pytest.approx(risk, abs=4.5 * math.sqrt(risk * (1 - risk) / runs))


@given(TRUTHS, SIGMAS, LIMITS, st.floats(-20, 20), st.randoms())
def test_only_differences_count_and_order_does_not(
    truths: list[float], sigma: float, limit: float, shift: float, dice: random.Random
) -> None:
    risk = rejection_risk(truths, sigma, limit)
    assert 0 <= risk <= 1
    moved = [truth + shift for truth in truths]
    dice.shuffle(moved)
    assert rejection_risk(moved, sigma, limit) == pytest.approx(risk, abs=1e-8)


@given(TRUTHS, SIGMAS, LIMITS, st.floats(0, 1))
def test_a_wider_limit_never_rejects_more(
    truths: list[float], sigma: float, limit: float, more: float
) -> None:
    assert (
        rejection_risk(truths, sigma, limit + more) <= rejection_risk(truths, sigma, limit) + 1e-9
    )


@given(TRUTHS, st.floats(59, 61), SIGMAS, LIMITS)
def test_one_more_point_never_rejects_less(
    truths: list[float], extra: float, sigma: float, limit: float
) -> None:
    fewer = rejection_risk(truths, sigma, limit)
    assert rejection_risk([*truths, extra], sigma, limit) >= fewer - 1e-9


def test_without_scatter_the_truth_decides() -> None:
    assert rejection_risk([60.0, 60.5], 0.0, 0.4) == 1.0
    assert rejection_risk([60.0, 60.5], 0.0, 0.5) == 0.0
    assert rejection_risk([60.0, 60.5], 1e-300, 0.4) == 1.0


@pytest.mark.parametrize("sigma", [1e-12, 1e-6, 1e-3])
def test_little_scatter_far_from_the_limit_decides_likewise(sigma: float) -> None:
    assert rejection_risk([60.0, 60.5, 60.2], sigma, 0.4) == pytest.approx(1.0)
    assert rejection_risk([60.0, 60.5, 60.2], sigma, 0.6) == pytest.approx(0.0, abs=1e-9)


def test_a_single_reading_has_no_range() -> None:
    assert rejection_risk([60.0], 0.5, 0.0) == 0.0
    assert rejection_risk([60.0], 0.5, -0.1) == 1.0


@pytest.mark.parametrize(
    ("truths", "sigma", "limit"),
    [([], 0.1, 0.4), ([math.nan], 0.1, 0.4), ([60.0], -0.1, 0.4), ([60.0], 0.1, math.nan)],
)
def test_meaningless_arguments_are_refused(truths: list[float], sigma: float, limit: float) -> None:
    with pytest.raises(ValueError, match=r"must be|not a number"):
        rejection_risk(truths, sigma, limit)
