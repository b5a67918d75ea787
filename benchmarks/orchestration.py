"""CPU of a journaled no-op step against one point of the peer, interleaved in one process.

Run as ``python -m benchmarks.orchestration``; the exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.candidate import FLUSH_EVERY, Candidate
from benchmarks.peer import BlueskyCount
from benchmarks.samples import Laps, Ratio, Summary, ratio, summarise

PEER = "bluesky count, a point"
GROUPED = f"step, {FLUSH_EVERY} a commit"
DURABLE = "step, every one FULL"
FOLD = "fold alone"
APPEND = "append alone"

BARS: Mapping[str, float] = {GROUPED: 0.1, DURABLE: 1.0}
"""At most so much of the peer's CPU may a step take."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured; µs a step or point, ``share`` of the peer's CPU."""

    name: str
    laps: int
    cpu: Summary
    wall: Summary
    share: Ratio
    bar: float | None

    @property
    def missed(self) -> bool:
        """Whether it costs more than its bar allows."""
        return self.bar is not None and self.share.value > self.bar


def measure(rounds: int, points: int) -> list[Line]:
    """Run everything once a round, in turn, after one round that does not count."""
    with tempfile.TemporaryDirectory(prefix="hardlab-bench-") as folder:
        candidate, peer = Candidate(Path(folder)), BlueskyCount()
        runs: dict[str, Callable[[], Laps]] = {
            PEER: lambda: peer.round(points),
            GROUPED: candidate.grouped,
            DURABLE: candidate.durable,
            FOLD: candidate.fold_alone,
            APPEND: candidate.append_alone,
        }
        taken: dict[str, list[Laps]] = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name, run in runs.items():
                laps = run()
                if number:
                    taken[name].append(laps)
    return [_line(name, taken[name], taken[PEER]) for name in runs]


def _line(name: str, ours: list[Laps], theirs: list[Laps]) -> Line:
    cpu = [lap for laps in ours for lap in laps.cpu]
    wall = [lap for laps in ours for lap in laps.wall]
    share = ratio(
        [statistics.fmean(laps.cpu) for laps in ours],
        [statistics.fmean(laps.cpu) for laps in theirs],
    )
    return Line(name, len(cpu), summarise(cpu), summarise(wall), share, BARS.get(name))


def show(lines: list[Line], console: Console) -> None:
    """Print the table."""
    table = Table(title="µs a step or point", title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("p50 / p99", no_wrap=True)
    for title in ("CPU", "wall", "CPU ÷ bluesky", "bar ≤"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        share = f"{line.share.value:.2f} \\[{line.share.low:.2f}, {line.share.high:.2f}]"
        bar = "" if line.bar is None else f"{'✗' if line.missed else '✓'} {line.bar:g}"
        table.add_row(line.name, _times(line.cpu), _times(line.wall), share, bar)
    console.print(table)


def _times(summary: Summary) -> str:
    return f"{summary.p50:.0f} / {summary.p99:.0f}"


def save(lines: list[Line], path: Path, rounds: int) -> None:
    """Write the figures, and what they were taken on, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    peer = {name: version(name) for name in ("bluesky", "ophyd-async")}
    figures = [{**asdict(line), "missed": line.missed} for line in lines]
    report = {"unit": "µs", "rounds": rounds, "on": machine, "peer": peer, "lines": figures}
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(
    rounds: Annotated[int, typer.Option(min=2, help="how often everything is measured")] = 20,
    points: Annotated[int, typer.Option(min=10, help="points of the peer a round")] = 200,
    out: Annotated[Path, typer.Option(help="where the figures go")] = Path(
        "out/bench/orchestration.json"
    ),
) -> None:
    """Measure what a journaled step costs, beside a peer, and hold it against the bars."""
    lines = measure(rounds, points)
    show(lines, Console())
    save(lines, out, rounds)
    sys.exit(1 if any(line.missed for line in lines) else 0)


if __name__ == "__main__":
    typer.run(main)
