"""How long a restart takes until the state is shown, after months of trays.

Run as ``python -m benchmarks.restart``; the exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.months import tray_name, write_journal
from controller.bus import BusClient, NoDaemonError
from controller.ledger import Ledger
from controller.report.overview import overview
from runtime import Clock

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
TRAYS_A_DAY = 17
SHOWN, IMPORTED, BARE = "daemon, first state shown", "import of the daemon", "Python alone"
BARS: Mapping[str, float] = {SHOWN: 3.0}
"""Seconds of the wall; on a busy machine look at the CPU."""
PATIENCE_S = 60.0
NEVER_READ = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured, the median of the rounds in s; ``flat`` is ÷ the first line."""

    name: str
    events: int
    megabytes: float
    cpu: float
    wall: float
    ratio: float

    @property
    def missed(self) -> bool:
        """Whether it takes longer than its bar allows."""
        return self.wall > BARS.get(self.name, float("inf"))


Measured: TypeAlias = tuple[float, float]
Facts: TypeAlias = tuple[int, float]
State: TypeAlias = Mapping[str, object]


def measure(trays: tuple[int, ...], rounds: int, note: Callable[[str], None]) -> list[Line]:
    """Measure everything once a round, in turn; ``note`` hears what is being done."""
    with tempfile.TemporaryDirectory(prefix="hardlab-bench-") as made:
        facts: dict[str, Facts] = {}
        runs: dict[str, Callable[[], Measured]] = {}
        for closed in trays:
            for sealed in (True, False):
                name = f"{closed} closed trays, {'sealed' if sealed else 'in one file'}"
                note(f"writes {name}")
                folder = Path(made) / name
                folder.mkdir()
                events = write_journal(folder / "journal.sqlite", closed, sealed=sealed)
                size = (folder / "journal.sqlite").stat().st_size / 1e6
                facts[name] = (events, size)
                runs[name] = partial(fold_and_view, folder / "journal.sqlite")
        months = Path(made) / f"{trays[-1]} closed trays, sealed"
        facts |= dict.fromkeys((SHOWN, IMPORTED, BARE), (0, 0.0))
        facts[SHOWN] = facts[months.name]
        runs |= {
            SHOWN: partial(daemon_shown, months, tray_name(trays[-1] + 1)),
            IMPORTED: partial(python, "import controller.daemon"),
            BARE: partial(python, "pass"),
        }
        taken: dict[str, list[Measured]] = {name: [] for name in runs}
        for number in range(rounds):
            for name, run in runs.items():
                note(f"round {number + 1} of {rounds}: {name}")
                taken[name].append(run())
    return _lines(taken, facts)


def _lines(
    taken: Mapping[str, list[Measured]], facts: Mapping[str, tuple[int, float]]
) -> list[Line]:
    first = next(iter(taken.values()))
    return [
        Line(
            name,
            *facts[name],
            cpu=statistics.median(cpu for cpu, _ in laps),
            wall=statistics.median(wall for _, wall in laps),
            ratio=statistics.median(a / b for (a, _), (b, _) in zip(laps, first, strict=True)),
        )
        for name, laps in taken.items()
    ]


def fold_and_view(path: Path) -> Measured:
    """Open a journal in this process, fold it, and make of it what the bus tells."""
    cpu, wall = time.process_time(), time.perf_counter()
    ledger = Ledger.open(path, Clock(NEVER_READ))
    overview(ledger.state, slots=33, needed=5, at="")
    taken = time.process_time() - cpu, time.perf_counter() - wall
    ledger.journal.close()
    return taken


def python(program: str) -> Measured:
    """Run a program in a Python of its own."""
    before, wall = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    return cpu - before.children_user - before.children_system, time.perf_counter() - wall


def daemon_shown(folder: Path, tray: str) -> Measured:
    """Start the daemon, no device answering; return what it took until it told the state."""
    manifest = folder / f"{tray}.csv"
    manifest.write_bytes((EXAMPLES / "tray-rockwell.csv").read_bytes())
    command = [sys.executable, "-m", "controller.cli", "daemon", "--recorder", "service"]
    command += ["--config", str(EXAMPLES / "lab.toml"), "--manifest", str(manifest)]
    command += ["--out", str(folder)]
    for number, name in enumerate(("station", "arm", "dashboard", "camera", "stage", "results"), 1):
        command += ["--line", f"{name}=tcp://127.0.0.1:{number}"]
    wall = time.perf_counter()
    with (folder / "daemon.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        state = _first_state(folder, process, wall + PATIENCE_S)
        taken = _cpu_of(process.pid), time.perf_counter() - wall
        assert state.get("tray") == tray, f"another tray is shown: {state.get('tray')}"
    finally:
        process.kill()
        process.wait()
    return taken


def _first_state(
    folder: Path, process: subprocess.Popen[bytes], until: float
) -> Mapping[str, object]:
    with BusClient(folder, "benchmark") as client:
        while time.perf_counter() < until:
            try:
                shown: State = client.request("snapshot").body["state"]
            except NoDaemonError:
                if process.poll() is not None:
                    raise SystemExit(f"the daemon ended: {folder / 'daemon.log'}") from None
                time.sleep(0.005)
            else:
                return shown
    raise SystemExit("the daemon shows nothing")


def _cpu_of(pid: int) -> float:
    """Return the CPU of a running process, all threads, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(lines: list[Line], console: Console) -> None:
    """Print the table."""
    table = Table(title="restart", title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("median", no_wrap=True)
    for title in ("events", "journal MB", "CPU s", "wall s", "÷ first", "bar ≤"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        bar = BARS.get(line.name)
        table.add_row(
            line.name,
            f"{line.events:,}" if line.events else "",
            f"{line.megabytes:.1f}" if line.megabytes else "",
            f"{line.cpu:.3f}",
            f"{line.wall:.3f}",
            f"{line.ratio:.1f}",
            "" if bar is None else f"{'✗' if line.missed else '✓'} {bar:g} s",
        )
    console.print(table)


def save(lines: list[Line], path: Path, rounds: int) -> None:
    """Write the figures, and what they were taken on, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    figures = [{**asdict(line), "missed": line.missed} for line in lines]
    report = {"unit": "s", "rounds": rounds, "on": machine, "lines": figures}
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(
    days: Annotated[int, typer.Option(min=1, help="days of 17 trays in the longest journal")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="how often everything is measured")] = 5,
    out: Annotated[Path, typer.Option(help="where the figures go")] = Path(
        "out/bench/restart.json"
    ),
) -> None:
    """Measure a restart with one closed tray, a day of them, and many days."""
    trays = tuple(sorted({1, TRAYS_A_DAY, days * TRAYS_A_DAY}))
    with Console(stderr=True).status("") as status:
        lines = measure(trays, rounds, status.update)
    show(lines, Console())
    save(lines, out, rounds)
    sys.exit(1 if any(line.missed for line in lines) else 0)


if __name__ == "__main__":
    typer.run(main)
