import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.confidence import pooled, probabilities, seen
from models.kinds import KINDS, Kind

outputs = st.lists(st.floats(-20, 20), min_size=len(KINDS), max_size=len(KINDS))
shares = outputs.map(lambda row: probabilities(np.array([row]), 2.0)[0].tolist())


@given(outputs, st.floats(0.1, 10))
def test_a_temperature_changes_the_confidence_but_not_the_kind(
    row: list[float], temperature: float
) -> None:
    sure = probabilities(np.array([row]), temperature)[0]
    assert sure.sum() == pytest.approx(1)
    assert sure[int(np.argmax(row))] == sure.max()


@given(shares, st.floats(0.3, 0.99))
def test_a_kind_is_decided_exactly_from_the_least_confidence_on(
    sure: list[float], least: float
) -> None:
    told = seen(sure, least)
    assert (told.kind is not None) == (max(sure) >= least)
    assert told.best in told.possible
    assert sum(told.likely[kind] for kind in told.possible) >= 0.998 - 1e-9
    left = [told.likely[kind] for kind in KINDS if kind not in told.possible]
    assert sum(left) <= 0.002 + 1e-9


@given(shares, st.integers(1, 7))
def test_the_same_sight_again_adds_no_confidence(sure: list[float], times: int) -> None:
    one = seen(sure, 0.9)
    together = pooled([one] * times, 0.9)
    for kind in Kind:
        assert together.likely[kind] == pytest.approx(one.likely[kind], abs=1e-6)


def test_pooling_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no indentation"):
        pooled([], 0.9)
