"""Many seeds, one report: how often good blocks fail, how far results are from the published.

Every seed is a run of its own in a process of its own, with its own folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from controller.report.table import console
from hil_sim.scenario.demo_request import Refused, Request, read_job
from hil_sim.scenario.distribution_figures import Figures, figures_of
from hil_sim.scenario.distribution_report import plain_distribution, print_distribution


@dataclass(frozen=True, slots=True)
class Run:
    """What one process left: its results, or what it said on standard error."""

    seed: int
    results: dict[str, Any] | None
    complaint: str


def run_many(request: Request, runs: int) -> int:
    """Run so many seeds from the given one on, report the distribution, return the exit code."""
    try:
        read_job(request)
        folder = request.out or Path("out") / f"runs-{request.seed}-{runs}"
        folder.mkdir(parents=True, exist_ok=True)
    except Refused as refusal:
        return _complain(*refusal.lines, code=2)
    except OSError as error:
        return _complain(f"{error}; give a folder you may write to with --out", code=2)
    seeds = range(request.seed, request.seed + runs)
    try:
        done = asyncio.run(_all(request, folder, seeds))
    except KeyboardInterrupt:
        return _complain(f"interrupted; the runs that are finished lie in {folder}", code=130)
    return _report(request, folder, done)


def _complain(*lines: str, code: int) -> int:
    for line in lines:
        print(f"hardlab: {line}", file=sys.stderr)
    return code


def _report(request: Request, folder: Path, done: Sequence[Run]) -> int:
    for run in done:
        if run.results is None:
            _complain(f"seed {run.seed}: {run.complaint}", code=1)
    figures: list[Figures] = [figures_of(run.results) for run in done if run.results is not None]
    if not figures:
        return 1
    text = json.dumps(plain_distribution(figures), indent=1, sort_keys=True) + "\n"
    target = folder / "distribution.json"
    target.write_text(text, encoding="utf-8")
    if request.as_json:
        sys.stdout.write(text)
    else:
        out = console()
        print_distribution(out, figures)
        out.print(f"\nin numbers: {target}; each run: {folder}/seed-N", soft_wrap=True)
    return 0 if len(figures) == len(done) else 1


async def _all(request: Request, folder: Path, seeds: Sequence[int]) -> list[Run]:
    """Run every seed, as many at a time as there are processors."""
    places = asyncio.Semaphore(os.cpu_count() or 1)
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}"))
    screen = console(stderr=True)
    quiet = request.as_json or not screen.is_terminal
    with Progress(
        *columns, console=screen, auto_refresh=False, transient=True, disable=quiet
    ) as bar:
        task = bar.add_task("runs", total=len(seeds))
        bar.refresh()

        async def one(seed: int) -> Run:
            async with places:
                run = await _one(replace(request, seed=seed, out=folder / f"seed-{seed}"))
            bar.advance(task)
            bar.refresh()
            return run

        return await asyncio.gather(*map(one, seeds))


async def _one(request: Request) -> Run:
    """Run one seed to its end in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *_command(request), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    try:
        return Run(request.seed, json.loads(out), "")
    except ValueError:
        complaint = err.decode(errors="replace").strip() or f"ended with {process.returncode}"
        return Run(request.seed, None, complaint.splitlines()[-1])


def _command(request: Request) -> list[str]:
    command = [sys.executable, "-m", "controller.cli", "demo", "--json"]
    command += ["--seed", str(request.seed), "--out", str(request.folder)]
    for name, path in (("--manifest", request.manifest), ("--config", request.config)):
        command += [name, str(path)] if path is not None else []
    return command if request.images else [*command, "--no-images"]
