"""A campaign from request to exit code: order the runs, show how far they are, report."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.config import ConfigError
from controller.report.table import console
from hil_sim.scenario.campaign.order import Order, Report
from hil_sim.scenario.campaign.page import page
from hil_sim.scenario.campaign.pool import NoClusterError, work_here, work_on_cluster
from hil_sim.scenario.campaign.profile import ProfileError, in_turn, read_profile
from hil_sim.scenario.campaign.summary import Summary, counted, summarise_runs
from hil_sim.scenario.campaign.variants import BUILDS, lab_of
from hil_sim.scenario.mutants import MUTANTS

DONE, BROKEN, IMPOSSIBLE, INTERRUPTED = 0, 1, 2, 130
ALL = "all"


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was asked for. ``days`` and ``blocks`` are of one run and one tray."""

    runs: int
    days: float
    seed: int
    faults: str
    workers: int
    blocks: int
    out: Path
    config: str = ""
    mutant: str = ""
    scheduler: str = ""
    as_json: bool = False

    def orders(self) -> list[Order]:
        """Return one order a seed; ``all`` gives the profiles in turn.

        The seed also decides the cell's build, and every build shall meet every profile: when
        builds and profiles have come round together, the next round begins one further.
        """
        names = in_turn() if self.faults == ALL else (self.faults,)
        together = math.lcm(BUILDS, len(names))
        return [
            Order(
                seed,
                self.days,
                names[(n + n // together) % len(names)],
                self.blocks,
                str(self.out),
                self.config,
                self.mutant,
            )
            for n, seed in enumerate(range(self.seed, self.seed + self.runs))
        ]


def run_campaign(campaign: Campaign) -> int:
    """Run a campaign and report it; return the exit code."""
    refusal = _refusal(campaign)
    if refusal:
        return _complain(*refusal, code=IMPOSSIBLE)
    reports: list[Report] = []
    try:
        campaign.out.mkdir(parents=True, exist_ok=True)
        _collect(campaign, reports)
    except KeyboardInterrupt:
        _report(campaign, reports)
        return _complain(f"interrupted after {counted(len(reports), 'run')}", code=INTERRUPTED)
    except (NoClusterError, OSError) as error:
        return _complain(str(error), code=IMPOSSIBLE)
    return _report(campaign, reports)


def _refusal(campaign: Campaign) -> Sequence[str]:
    """Return what makes the campaign impossible."""
    try:
        for name in in_turn() if campaign.faults == ALL else (campaign.faults,):
            read_profile(name)
        lab_of(campaign.seed, Path(campaign.config) if campaign.config else None)
    except ProfileError as error:
        return (str(error),)
    except ConfigError as error:
        return error.problems
    if campaign.mutant and campaign.mutant not in MUTANTS:
        return (f"--mutant {campaign.mutant}: unknown; known are {', '.join(MUTANTS)}",)
    return ()


def _complain(*lines: str, code: int) -> int:
    for line in lines:
        print(f"hardlab: {line}", file=sys.stderr)
    return code


def _collect(campaign: Campaign, reports: list[Report]) -> None:
    orders = campaign.orders()
    coming: Iterator[Report]
    if campaign.scheduler:
        coming = work_on_cluster(orders, campaign.scheduler)
    else:
        coming = work_here(orders, campaign.workers)
    screen = console(stderr=True)
    columns = (
        *(BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=screen, transient=True, disable=campaign.as_json) as bar:
        task = bar.add_task("the first run", total=len(orders))
        for report in coming:
            reports.append(report)
            days = sum(one.days for one in reports)
            faults = sum(one.faults for one in reports)
            failed = sum(not one.ok for one in reports)
            text = f"{days:.1f} cell days, {faults} faults, {failed} failed"
            bar.update(task, advance=1, description=text)
            if not report.ok:
                _tell(screen, report)


def _tell(screen: Console, report: Report) -> None:
    what = report.failure.splitlines()[0] if report.failure else ""
    if report.breaches:
        what = f"{report.breaches[0].rule}: {report.breaches[0].what}"
    screen.print(f"seed {report.seed}: {what}", style="bold red", soft_wrap=True)
    screen.print(f"  again: {report.command}", soft_wrap=True)


def _report(campaign: Campaign, reports: Sequence[Report]) -> int:
    summary = summarise_runs(reports)
    body = {**summary.plain(), "digests": {str(r.seed): r.digest for r in reports}}
    text = json.dumps(body, indent=1, sort_keys=True, default=str) + "\n"
    (campaign.out / "campaign.json").write_text(text, encoding="utf-8")
    (campaign.out / "campaign.html").write_text(page(summary, _asked(campaign)), encoding="utf-8")
    if campaign.as_json:
        sys.stdout.write(text)
    else:
        _print(console(), campaign, summary)
    return BROKEN if summary.failed else DONE


def _asked(campaign: Campaign) -> str:
    text = f"hardlab campaign --runs {campaign.runs} --days {campaign.days:g}"
    text += f" --seed {campaign.seed} --faults {campaign.faults} --blocks {campaign.blocks}"
    return text + (f" --mutant {campaign.mutant}" if campaign.mutant else "")


def _holes(summary: Summary) -> str:
    holes = summary.holes()
    if not holes:
        return "nothing: every fault struck every device"
    rest = f" and {len(holes) - 4} more, see the report" if len(holes) > 4 else ""
    return ", ".join(holes[:4]) + rest


def _rate(summary: Summary) -> float:
    return summary.cpu_s / summary.days if summary.days else 0.0


def _print(out: Console, campaign: Campaign, summary: Summary) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "cell days": f"{summary.days:.2f} in {counted(summary.runs, 'run')}, "
        f"{counted(summary.trays, 'tray')}",
        "blocks judged": f"{summary.blocks}, {counted(summary.readings, 'reading')}, "
        f"{summary.voids} void",
        "faults struck": f"{summary.faults}, "
        f"of these {counted(summary.deaths, 'death')} of the daemon",
        "a person came": f"{counted(sum(summary.visits.values()), 'time')}; "
        f"{summary.unaided:.1%} of the faults needed nobody",
        "promises looked at": f"{sum(summary.checked.values()):,} times",
        "never struck": _holes(summary),
        "processor": f"{summary.cpu_s:.0f} s, {_rate(summary):.0f} s a cell day",
    }
    for name, text in rows.items():
        table.add_row(name, text)
    out.print(table)
    verdict = "no promise broken"
    if summary.failed:
        verdict = f"{len(summary.failed)} of {counted(summary.runs, 'run')} failed"
    out.print(f"\n{verdict}; report: {campaign.out}/campaign.html", soft_wrap=True)
