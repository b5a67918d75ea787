from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.rounding import Exact, exact_decimal, round_gb8170

VALUES = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
INTERVALS = st.sampled_from(["0.001", "0.01", "0.1", "0.2", "0.5", "1", "2", "5", "10", "1000"])


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        ("1.050", "0.1", "1.0"),
        ("0.35", "0.1", "0.4"),
        ("2500", "1000", "2000"),
        ("3500", "1000", "4000"),
        ("-0.0365", "0.001", "-0.036"),
        ("12.1498", "0.1", "12.1"),
        ("10.5002", "1", "11"),
        ("60.28", "0.5", "60.5"),
        # Once, not step by step: 15.4546 -> 15.455 -> 15.46 -> 15.5 -> 16 would be wrong.
        ("15.4546", "1", "15"),
        ("60.25", "0.1", "60.2"),
        ("60.35", "0.1", "60.4"),
        ("-0.04", "0.1", "0.0"),
        (7, 2, "8"),
        (5, 2, "4"),
    ],
)
def test_vectors_of_the_standard(value: Exact, interval: Exact, text: str) -> None:
    assert str(round_gb8170(value, interval)) == text


@given(VALUES, INTERVALS)
def test_rounding_again_changes_nothing(value: Decimal, interval: str) -> None:
    once = round_gb8170(value, interval)
    assert round_gb8170(once, interval) == once


@given(VALUES, INTERVALS)
def test_the_result_is_the_nearest_multiple_and_ties_go_to_the_even_one(
    value: Decimal, interval: str
) -> None:
    with localcontext(prec=400):
        step = Decimal(interval)
        count = round_gb8170(value, interval) / step
        assert count == count.to_integral_value()
        distance = abs(value / step - count)
        assert distance <= Decimal("0.5")
        if distance == Decimal("0.5"):
            assert count % 2 == 0


@given(VALUES)
def test_powers_of_ten_agree_with_decimal_itself(value: Decimal) -> None:
    with localcontext(prec=400):
        assert round_gb8170(value, "0.1") == value.quantize(Decimal("0.1"), ROUND_HALF_EVEN)


@given(VALUES, INTERVALS)
def test_negatives_mirror_positives(value: Decimal, interval: str) -> None:
    assert round_gb8170(value.copy_negate(), interval) == -round_gb8170(value, interval)


def test_the_callers_decimal_context_has_no_say() -> None:
    with localcontext(prec=2):
        assert str(round_gb8170("1234.5678", "0.001")) == "1234.568"


@pytest.mark.parametrize("value", [60.25, True, None])
def test_binary_floats_and_strangers_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="give the digits as text"):
        round_gb8170(value, "0.1")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("value", ["NaN", "Infinity", "sixty"])
def test_what_is_not_a_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        exact_decimal(value)


@pytest.mark.parametrize("interval", ["0", "-0.1"])
def test_an_interval_must_be_positive(interval: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        round_gb8170("1", interval)
