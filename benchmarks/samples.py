"""Taking times and comparing them: laps, quantiles, and a ratio with its bootstrap interval."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from runtime import stream

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Laps:
    """Times of single laps in µs, of the process (all threads) and of the wall."""

    cpu: tuple[float, ...]
    wall: tuple[float, ...]


class Stopwatch:
    """Notes process and wall time at every call of `lap`; the first call only starts it."""

    def __init__(self) -> None:
        self._cpu: list[int] = []
        self._wall: list[int] = []

    def lap(self) -> None:
        """Note the time."""
        self._cpu.append(time.process_time_ns())
        self._wall.append(time.perf_counter_ns())

    def laps(self) -> Laps:
        """Return the times between the calls, in µs."""
        return Laps(_differences(self._cpu), _differences(self._wall))


def _differences(stamps: Sequence[int]) -> tuple[float, ...]:
    return tuple((b - a) / 1000 for a, b in pairwise(stamps))


@dataclass(frozen=True, slots=True)
class Summary:
    """What many laps amount to, in µs."""

    mean: float
    p50: float
    p99: float


def summarise(laps: Sequence[float]) -> Summary:
    """Return mean, median and 99th percentile. Raises ValueError for fewer than two laps."""
    if len(laps) < 2:
        raise ValueError(f"{len(laps)} laps are too few to summarise")
    cuts = statistics.quantiles(laps, n=100, method="inclusive")
    return Summary(statistics.fmean(laps), cuts[49], cuts[98])


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of costs, and the interval that it lies in with 95 % confidence."""

    value: float
    low: float
    high: float


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Return the median over rounds of ours to theirs, with a percentile-bootstrap interval.

    Both hold one mean a round; rounds of one index ran one after the other, so that a busy
    moment of the machine meets both. The draws are seeded: same times, same interval.
    """
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    draw = stream(2026, "benchmark", "bootstrap")
    medians = sorted(statistics.median(draw.choices(each, k=len(each))) for _ in range(RESAMPLES))
    tail = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Ratio(statistics.median(each), medians[tail], medians[-1 - tail])
