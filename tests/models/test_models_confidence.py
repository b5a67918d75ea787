import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.confidence import Caution, pooled, probabilities, seen
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


@given(shares, st.floats(0.3, 0.99), st.floats(0.5, 0.999))
def test_a_kind_is_decided_exactly_from_the_least_confidence_on(
    sure: list[float], least: float, keep: float
) -> None:
    told = seen(sure, Caution(least, keep))
    assert (told.kind is not None) == (max(sure) >= least)
    assert told.best in told.possible
    assert sum(told.likely[kind] for kind in told.possible) >= keep - 1e-9
    left = [told.likely[kind] for kind in KINDS if kind not in told.possible]
    assert sum(left) <= 1 - keep + 1e-9


@given(shares, st.integers(1, 7))
def test_the_same_sight_again_adds_no_confidence(sure: list[float], times: int) -> None:
    one = seen(sure, Caution(0.9, 0.99))
    together = pooled([one] * times)
    for kind in Kind:
        assert together.likely[kind] == pytest.approx(one.likely[kind], abs=1e-6)


def test_pooling_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no indentation"):
        pooled([])
