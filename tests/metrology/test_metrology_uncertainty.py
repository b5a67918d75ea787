import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.rounding import round_gb8170
from metrology.uncertainty import (
    RANGE_DIVISORS,
    Budget,
    standard_deviation,
    standard_deviation_from_range,
    uncertainty_of_mean,
    uncertainty_of_readings,
    uncertainty_of_resolution,
)

READINGS = st.lists(st.decimals(0, 700, places=2), min_size=2, max_size=9)
COMPONENTS = st.decimals(0, 5, places=3)
BUDGETS = st.builds(Budget, COMPONENTS, COMPONENTS, COMPONENTS, COMPONENTS, COMPONENTS)


def block_of_60_hrc() -> Budget:
    return Budget(
        u_crm_1=Decimal("0.15"),
        u_x_crm_1=Decimal("0.04"),
        u_crm_d=Decimal(0),
        u_ms=uncertainty_of_resolution("0.1"),
        u_x_crm_2=uncertainty_of_mean(Decimal("0.10"), 5),
    )


def test_worked_example_of_a_60_hrc_block() -> None:
    budget = block_of_60_hrc()
    assert str(round_gb8170(budget.u_x_crm_2, "0.001")) == "0.051"
    assert str(round_gb8170(budget.u_cm, "0.001")) == "0.158"
    assert str(round_gb8170(budget.expanded(), "0.01")) == "0.33"


@pytest.mark.parametrize(("step", "u"), [("0.1", "0.029"), ("0.01", "0.003")])
def test_resolution(step: str, u: str) -> None:
    assert str(round_gb8170(uncertainty_of_resolution(step), "0.001")) == u


def test_components_carry_the_names_of_the_standard() -> None:
    assert block_of_60_hrc().components() == {
        "u_CRM-1": Decimal("0.15"),
        "u_xCRM-1": Decimal("0.04"),
        "u_CRM-D": Decimal(0),
        "u_ms": uncertainty_of_resolution("0.1"),
        "u_xCRM-2": uncertainty_of_mean(Decimal("0.10"), 5),
    }


@given(BUDGETS)
def test_the_combination_is_quadratic_and_bounded(budget: Budget) -> None:
    parts = list(budget.components().values())
    assert float(budget.combined) ** 2 == pytest.approx(sum(float(part) ** 2 for part in parts))
    tiny = Decimal("1e-30")
    assert max(parts) - tiny <= budget.combined <= sum(parts) + tiny
    assert budget.u_cm <= budget.combined
    assert budget.expanded(3) == pytest.approx(3 * budget.combined)


@given(READINGS)
def test_standard_deviation_agrees_with_the_library(readings: list[Decimal]) -> None:
    assert float(standard_deviation(readings)) == pytest.approx(float(statistics.stdev(readings)))


@given(READINGS, st.decimals(-50, 50, places=2))
def test_a_shift_of_all_readings_leaves_the_scatter_alone(
    readings: list[Decimal], shift: Decimal
) -> None:
    moved = [reading + shift for reading in readings]
    assert standard_deviation(moved) == pytest.approx(standard_deviation(readings))


def test_five_readings_to_the_component() -> None:
    readings = [Decimal(text) for text in ("60.1", "60.2", "60.2", "60.3", "60.2")]
    # s = 0.0707, times 1.1416 / sqrt 5
    assert float(uncertainty_of_readings(readings)) == pytest.approx(0.03610, abs=1e-5)


@pytest.mark.parametrize(
    ("count", "divisor"),
    [
        (2, "1.13"),
        (3, "1.69"),
        (4, "2.06"),
        (5, "2.33"),
        (6, "2.53"),
        (7, "2.70"),
        (8, "2.85"),
        (9, "2.97"),
    ],
)
def test_range_method(count: int, divisor: str) -> None:
    assert RANGE_DIVISORS[count] == Decimal(divisor)
    assert standard_deviation_from_range(Decimal(divisor), count) == 1


@pytest.mark.parametrize("count", [1, 10])
def test_the_range_method_ends_at_nine(count: int) -> None:
    with pytest.raises(ValueError, match="only for 2 to 9"):
        standard_deviation_from_range(Decimal("0.3"), count)


def test_one_reading_has_no_standard_deviation() -> None:
    with pytest.raises(ValueError, match="two are needed"):
        uncertainty_of_readings([Decimal(60)])


def test_negative_components_and_factors_are_refused() -> None:
    zero = Decimal(0)
    with pytest.raises(ValueError, match="u_crm_d cannot be negative"):
        Budget(zero, zero, Decimal("-0.1"), zero, zero)
    with pytest.raises(TypeError, match="u_ms"):
        Budget(zero, zero, zero, 0.029, zero)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="coverage factor"):
        block_of_60_hrc().expanded(0)
