"""What counts of each run of many, and what the requirement says of all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

LARGEST = Decimal("0.1")
"""Largest deviation of a published block that is still as required, HR."""
AVERAGE = Decimal("0.05")
"""Largest mean deviation of the published blocks that is still as required, HR."""
SHARE = 0.95
"""The share of runs whose largest deviation must be as required."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Absolute deviations of the twelve published blocks in one run: mean and largest, HR.

    From unrounded means and ranges: rounding to 0.1 would hide what is asked about.
    """

    mean: Decimal
    largest: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. ``expected`` is the sum of the closed-form risks of its good blocks."""

    seed: int
    finished: bool
    failed: tuple[str, ...]
    refused: int
    good: int
    good_rejected: tuple[str, ...]
    bad_passed: tuple[str, ...]
    expected: float
    hardness: Spread | None
    uniformity: Spread | None
    excess: float | None
    accidents: int


def figures_of(results: Mapping[str, Any]) -> Figures:
    """Read the figures from the JSON of one run."""
    known = results["simulation"]
    return Figures(
        seed=known["seed"],
        finished=results["finished"],
        failed=tuple(b["block"] for b in results["blocks"] if b["outcome"] == "fail"),
        refused=results["counts"]["refused"],
        good=sum(truth["good"] for truth in known["truth"].values()),
        good_rejected=tuple(known["good_rejected"]),
        bad_passed=tuple(known["bad_passed"]),
        expected=known["expected_rejections"],
        hardness=_spread(known["hardness"]),
        uniformity=_spread(known["uniformity"]),
        excess=known["excess"],
        accidents=len(known["accidents"]),
    )


def _spread(data: Mapping[str, str] | None) -> Spread | None:
    return None if data is None else Spread(Decimal(data["mean"]), Decimal(data["largest"]))


@dataclass(frozen=True, slots=True)
class Together:
    """One quantity over all runs; ``share`` of them have a largest deviation up to `LARGEST`."""

    average: Decimal
    worst_mean: Decimal
    worst: Decimal
    share: float

    @property
    def as_required(self) -> bool:
        """Whether mean and largest deviations are as small as required."""
        return self.worst_mean <= AVERAGE and self.share >= SHARE


def together(spreads: Sequence[Spread]) -> Together:
    """Return the distribution of a quantity over the runs, at least one."""
    return Together(
        average=sum((s.mean for s in spreads), Decimal(0)) / len(spreads),
        worst_mean=max(s.mean for s in spreads),
        worst=max(s.largest for s in spreads),
        share=sum(s.largest <= LARGEST for s in spreads) / len(spreads),
    )


def patterns(figures: Sequence[Figures]) -> Mapping[tuple[str, ...], int]:
    """Return how often each set of blocks failed, the most frequent first."""
    counted: dict[tuple[str, ...], int] = {}
    for run in figures:
        counted[run.failed] = counted.get(run.failed, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
