from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology import find_scale
from metrology.brinell_reading import BrinellReading, DiameterBudget

_SMALL = st.decimals("0", "0.01", places=6)
budgets = st.builds(DiameterBudget, _SMALL, _SMALL, _SMALL, _SMALL, _SMALL)
BUDGET = DiameterBudget(*(Decimal(u) for u in ("0.0003", "0.0004", "0", "0.0012", "0")))


def reading(d1: str, d2: str, budget: DiameterBudget = BUDGET) -> BrinellReading:
    return BrinellReading(Decimal(d1), Decimal(d2), budget)


def test_the_hardness_is_that_of_the_mean_diameter() -> None:
    scale = find_scale("HBW5/750")
    measured = reading("2.4000", "2.4020")
    assert measured.mean_mm == Decimal("2.401")
    assert measured.hardness(scale) == scale.brinell_hardness("2.401")
    # Tables print 156 HBW at d = 2.400 mm of HBW5/750.
    assert round(reading("2.4", "2.4").hardness(scale)) == 156


def test_the_combined_uncertainty_is_the_root_of_the_squares() -> None:
    assert BUDGET.combined == Decimal("0.0013")
    assert BUDGET.expanded() == Decimal("0.0026")
    assert list(BUDGET.components()) == [
        "edge_fit",
        "edge_definition",
        "pixel_scale",
        "roundness",
        "resolution",
    ]


@given(budgets)
def test_no_component_exceeds_the_whole(budget: DiameterBudget) -> None:
    parts = budget.components().values()
    assert max(parts) <= budget.combined <= sum(parts)


@pytest.mark.parametrize("share", ["0.25", "0.4", "0.6"])
def test_the_hardness_takes_the_uncertainty_by_the_formula_s_own_slope(share: str) -> None:
    scale = find_scale("HBW10/3000")
    ball = scale.ball_diameter_mm
    assert ball is not None
    measured = BrinellReading(ball * Decimal(share), ball * Decimal(share), BUDGET)
    above, below = (
        scale.brinell_hardness(measured.mean_mm + sign * BUDGET.expanded()) for sign in (-1, 1)
    )
    half = float(above - below) / 2
    assert float(measured.hardness_uncertainty(scale)) == pytest.approx(half, rel=1e-5)


@pytest.mark.parametrize(
    ("d", "inside"), [("2.39", False), ("2.40", True), ("6.00", True), ("6.01", False)]
)
def test_a_diameter_belongs_between_24_and_60_percent_of_the_ball(d: str, inside: bool) -> None:
    assert reading(d, d).within_range(find_scale("HBW10/3000")) is inside


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="no diameter"):
        reading("0", "2.4")
    with pytest.raises(ValueError, match="negative"):
        DiameterBudget(*(Decimal(u) for u in ("0", "0", "-0.1", "0", "0")))
    with pytest.raises(ValueError, match="coverage factor"):
        BUDGET.expanded(0)
    with pytest.raises(ValueError, match="depth"):
        reading("2.4", "2.4").hardness(find_scale("HRC"))
    with pytest.raises(ValueError, match="depth"):
        reading("2.4", "2.4").within_range(find_scale("HRC"))
