"""The figures of many runs: what is required of them, and which blocks failed how often."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from hil_sim.scenario.distribution_figures import Figures, Spread, figures_of, patterns, together


def spread(mean: str, largest: str) -> Spread:
    return Spread(Decimal(mean), Decimal(largest))


@pytest.mark.parametrize(
    ("spreads", "good"),
    [
        ([spread("0.05", "0.1")], True),
        ([spread("0.0501", "0.1")], False),
        ([spread("0.02", "0.1001")], False),
        ([spread("0.02", "0.09")] * 19 + [spread("0.02", "0.2")], True),
        ([spread("0.02", "0.09")] * 18 + [spread("0.02", "0.2")] * 2, False),
    ],
)
def test_what_is_required_is_compared_without_rounding(
    spreads: Sequence[Spread], good: bool
) -> None:
    assert together(spreads).as_required is good


def test_patterns_are_counted_most_frequent_first() -> None:
    runs = [_figures(failed) for failed in (("a",), ("a", "b"), ("a",))]
    assert list(patterns(runs).items()) == [(("a",), 2), (("a", "b"), 1)]


def _figures(failed: tuple[str, ...]) -> Figures:
    return Figures(1, True, failed, 0, 1, (), (), 0.0, None, None, None, 0)


def test_good_blocks_that_fail_are_told_from_bad_ones() -> None:
    results = {
        "finished": True,
        "blocks": [{"block": "g", "outcome": "fail"}, {"block": "b", "outcome": "fail"}],
        "counts": {"refused": 0},
        "simulation": {
            "seed": 1,
            "truth": {"g": {"good": True}, "b": {"good": False}},
            "good_rejected": ["g"],
            "bad_passed": [],
            "expected_rejections": 0.2,
            "hardness": {"mean": "0.01", "largest": "0.02"},
            "uniformity": None,
            "excess": None,
            "accidents": [],
        },
    }
    seen = figures_of(results)
    assert (seen.failed, seen.good, seen.good_rejected) == (("g", "b"), 1, ("g",))
    assert seen.hardness == spread("0.01", "0.02")
