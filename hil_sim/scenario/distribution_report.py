"""The distribution over many runs, as a table for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from controller.messages import plain
from hil_sim.scenario.distribution_figures import (
    AVERAGE,
    LARGEST,
    SHARE,
    Figures,
    Spread,
    patterns,
    together,
)


def plain_distribution(figures: Sequence[Figures]) -> dict[str, Any]:
    """Return the runs and what they say together, as JSON has it."""
    body: dict[str, Any] = {
        "format": 1,
        "runs": plain(figures),
        "patterns": [{"failed": list(k), "runs": n} for k, n in patterns(figures).items()],
        "good_rejected": sum(len(run.good_rejected) for run in figures),
        "good_rejected_expected": sum(run.expected for run in figures),
        "bad_passed": sum(len(run.bad_passed) for run in figures),
    }
    for name, spreads in _quantities(figures):
        seen = together(spreads)
        body[name] = {**plain(seen), "as_required": seen.as_required}
    return body


def print_distribution(console: Console, figures: Sequence[Figures]) -> None:
    """Print one row per run, and the distribution."""
    console.print(_table(figures))
    for line in _lines(figures):
        console.print(line, markup=False)


def _table(figures: Sequence[Figures]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=f"{len(figures)} runs", title_justify="left"
    )
    for name in ("seed", "failed", "refused", "mean dev.", "largest", "unif. dev.", "largest"):
        table.add_column(name, justify="left" if name == "failed" else "right", no_wrap=True)
    table.add_column("over bound", justify="right", no_wrap=True)
    for run in figures:
        table.add_row(
            str(run.seed),
            ", ".join(run.failed) or "none",
            str(run.refused),
            *_pair(run.hardness),
            *_pair(run.uniformity),
            "-" if run.excess is None else f"{run.excess:+.2%}",
        )
    return table


def _pair(spread: Spread | None) -> tuple[str, str]:
    return ("-", "-") if spread is None else (f"{spread.mean:.3f}", f"{spread.largest:.3f}")


def _lines(figures: Sequence[Figures]) -> Iterator[str]:
    for failed, runs in patterns(figures).items():
        yield f"{runs} of {len(figures)} runs rejected {', '.join(failed) or 'no block'}"
    rejected = sum(len(run.good_rejected) for run in figures)
    expected = sum(run.expected for run in figures)
    yield (
        f"good blocks rejected: {rejected} of {sum(run.good for run in figures)}, "
        f"expected {expected:.2f} ± {math.sqrt(expected):.2f} by the closed form"
    )
    yield f"bad blocks passed: {sum(len(run.bad_passed) for run in figures)}"
    for name, spreads in _quantities(figures):
        seen = together(spreads)
        word = "as required" if seen.as_required else "NOT as required"
        yield (
            f"{name} of the 12 published blocks: {word}\n"
            f"  mean deviation {seen.average:.3f} HRC, in the worst run {seen.worst_mean:.3f} "
            f"(required: up to {AVERAGE})\n"
            f"  largest deviation {seen.worst:.3f} HRC, up to {LARGEST} "
            f"in {seen.share:.0%} of runs (required: {SHARE:.0%})"
        )
    excesses = [run.excess for run in figures if run.excess is not None]
    if excesses:
        yield f"time: at most {max(excesses):+.2%} over the bound computed from the durations"
    accidents = sum(run.accidents for run in figures)
    if accidents:
        yield f"ACCIDENTS: {accidents}; see simulation.accidents in the results of each run"


def _quantities(figures: Sequence[Figures]) -> Iterator[tuple[str, list[Spread]]]:
    for name in ("hardness", "uniformity"):
        spreads = [s for run in figures if (s := getattr(run, name)) is not None]
        if spreads:
            yield name, spreads
