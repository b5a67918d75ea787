"""What a person is told after a demo, and the files it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from controller.messages import plain
from controller.report import csv_text, plain_result
from controller.report.results import TrayResult
from controller.report.table import notes, result_table
from hil_sim.scenario.demo_facts import Deviations, Facts
from hil_sim.scenario.demo_folder import DemoFolder
from hil_sim.scenario.demo_run import End


def json_text(result: TrayResult, facts: Facts, end: End) -> str:
    """Return the results as JSON: the lab's own, and beside them what only the simulation knows.

    Nothing in it depends on the machine or the folder: the same seed gives the same text.
    """
    known: dict[str, Any] = plain(facts)
    body = {"end": end, **plain_result(result), "simulation": known}
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_results(folder: DemoFolder, result: TrayResult, text: str) -> None:
    """Write results.csv and results.json. Raises OSError."""
    sheet, data = folder.results
    sheet.write_text(csv_text(result), encoding="utf-8")
    data.write_text(text, encoding="utf-8")


def print_report(
    console: Console,
    folder: DemoFolder,
    result: TrayResult,
    facts: Facts,
    *,
    wall_s: float,
    behind: str,
) -> None:
    """Print table, notes and summary."""
    console.print(result_table(result))
    for note in notes(result):
        console.print(note, style="dim", markup=False)
    console.print()
    console.print(_listed(_summary(result, facts, wall_s)))
    console.print()
    console.print(_listed(_files(folder, result, behind)))


def _listed(lines: Iterable[tuple[str, str]]) -> Table:
    """Return named lines as two columns; Chinese signs are twice as wide as Latin ones."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(name, text)
    return table


def _summary(result: TrayResult, facts: Facts, wall_s: float) -> Iterator[tuple[str, str]]:
    rejected = [b.block for b in result.blocks if b.outcome == "fail"]
    row = f" ({', '.join(rejected)}: reject row)" if rejected else ""
    yield (
        "blocks 块",
        f"{len(result.blocks)}: {result.count('pass')} passed, {len(rejected)} failed{row}, "
        f"{result.count('refused')} refused, {result.count('unfinished')} unfinished",
    )
    for check in result.checks:
        word = "good" if check.good else "[bold red]BAD[/bold red]"
        yield (
            "check 核查",
            f"{check.duty.rsplit('-', 1)[0]}: {check.mean}, certified {check.certified} "
            f"± {check.limit}: {word}",
        )
    for what, found in (("mean", facts.hardness), ("uniformity", facts.uniformity)):
        if found is not None:
            yield "published 已发表值", f"{what} of the 12 published blocks: {_deviation(found)}"
    yield "makespan 总时长", _makespan(result, facts)
    whole = result.sessions == 1 and wall_s > 0
    speed = f", {result.makespan_s / wall_s:.0f} times real time" if whole else ""
    yield "time 用时", f"lab {_hours(result.makespan_s)}, here {wall_s:.1f} s{speed}"
    yield "alarms 报警", _count(len(result.alarms), "hardlab journal show tells which")
    open_now = sum(not question.answer for question in result.questions)
    yield "questions 待决定", _count(len(result.questions), f"{open_now} still open")
    if result.voids:
        yield "voids 作废", f"{result.voids} indentations without a valid reading"
    for accident in facts.accidents:
        yield "[bold red]ACCIDENT[/bold red]", accident


def _deviation(found: Deviations) -> str:
    return f"mean deviation {found.mean:.3f}, largest {found.largest:.3f} HRC"


def _makespan(result: TrayResult, facts: Facts) -> str:
    if facts.excess is None:
        return f"{result.makespan_s:.1f} s, interrupted or not finished"
    return f"{result.makespan_s:.1f} s, bound {facts.bound_s:.1f} s ({facts.excess:+.2%})"


def _hours(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _count(number: int, more: str) -> str:
    return f"{number} ({more})" if number else "none"


def _files(folder: DemoFolder, result: TrayResult, behind: str) -> Iterator[tuple[str, str]]:
    yield "journal 日志", f"{folder.folder.journal} ({result.events} events)"
    late = f" (BEHIND: {behind}; hardlab records --catch-up)" if behind else ""
    yield "records 记录", f"{folder.folder.library}{late}"
    sheet, data = folder.results
    yield "results 结果", f"{sheet}, {data.name}"
    if folder.plans.exists():
        yield "pictures 图片", f"{folder.plans} (plans), {folder.folder.pictures} (photographs)"
