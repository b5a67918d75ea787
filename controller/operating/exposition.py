"""The text format that Prometheus reads (version 0.0.4), and the numbers behind it.

Counters and gauges with labels, and summaries with quantiles over the last
observations. No thread, no global registry, nothing but arithmetic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
WINDOW = 1000
"""Observations over which quantiles are taken."""
QUANTILES = (0.5, 0.99)

Labels = tuple[tuple[str, str], ...]


class Numbers:
    """One metric: a number for every set of labels."""

    def __init__(self, name: str, kind: Literal["counter", "gauge"], text: str) -> None:
        self.name, self.kind, self.text = name, kind, text
        self._values: dict[Labels, float] = {}

    def add(self, amount: float = 1.0, **labels: str) -> None:
        """Count."""
        key = tuple(sorted(labels.items()))
        self._values[key] = self._values.get(key, 0.0) + amount

    def put(self, value: float, **labels: str) -> None:
        """Set."""
        self._values[tuple(sorted(labels.items()))] = value

    def clear(self) -> None:
        """Forget every set of labels."""
        self._values.clear()

    def lines(self) -> Iterator[str]:
        """Yield the samples as text."""
        for labels, value in sorted(self._values.items()):
            yield _sample(self.name, labels, value)


class Summary:
    """Count, sum and quantiles of what was observed, for every set of labels."""

    kind = "summary"

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self._seen: dict[Labels, tuple[int, float, deque[float]]] = {}

    def observe(self, value: float, **labels: str) -> None:
        """Take one observation."""
        key = tuple(sorted(labels.items()))
        count, total, last = self._seen.get(key, (0, 0.0, deque(maxlen=WINDOW)))
        last.append(value)
        self._seen[key] = (count + 1, total + value, last)

    def lines(self) -> Iterator[str]:
        """Yield the samples as text."""
        for labels, (count, total, last) in sorted(self._seen.items()):
            for quantile in QUANTILES:
                named = (*labels, ("quantile", f"{quantile:g}"))
                yield _sample(self.name, named, rank(sorted(last), quantile))
            yield _sample(f"{self.name}_sum", labels, total)
            yield _sample(f"{self.name}_count", labels, count)


Metric = Numbers | Summary


def rank(ordered: list[float], quantile: float) -> float:
    """Return the smallest value that so large a part of the ordered values does not exceed."""
    # -(-a // b) rounds up; floats such as 0.99 * 100 lie a little off the whole number.
    position = -(-round(quantile * len(ordered) * 1e6) // 1_000_000)
    return ordered[max(0, position - 1)]


def exposition(metrics: Iterator[Metric]) -> str:
    """Return the whole page."""
    lines: list[str] = []
    for metric in metrics:
        samples = list(metric.lines())
        if samples:
            lines += [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} {metric.kind}"]
            lines += samples
    return "\n".join(lines) + "\n"


def _sample(name: str, labels: Labels, value: float) -> str:
    number = repr(float(value)).removesuffix(".0")
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
