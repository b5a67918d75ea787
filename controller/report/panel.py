"""The overview as a person sees it in a terminal, live or once; 80 columns are enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from controller.report.overview import LETTERS, Open, Overview

ROW = 11
"""Slots in a row of the tray."""
PANEL = 80
LEGEND = 4

_COLOURS = {
    "waiting": "white",
    "work": "bold cyan",
    "pass": "green",
    "fail": "bold white on red",
    "refused": "yellow",
    "asked": "bold black on yellow",
    "empty": "dim",
}
_CALM = frozenset({"EXECUTE", "STARTING", "COMPLETING", "COMPLETE", "IDLE", "RESETTING"})
_NAMES = {"arm": "机械臂", "sizing": "测量台", "vision": "视觉", "tester": "硬度计"}


def overview_panel(
    seen: Overview, recent: Sequence[str] = (), out: str = "FOLDER"
) -> RenderableType:
    """Return the whole picture.

    ``recent`` are the last events in words, oldest first; ``out`` is the folder of the
    run, for the commands that are suggested.
    """
    parts: list[RenderableType] = [_head(seen, out), _doing(seen), _tray(seen)]
    parts += [_question(asked, out) for asked in seen.questions]
    if seen.alarms:
        lines = "\n".join(f"{name}: {text}" for name, text in seen.alarms)
        parts.append(Panel(Text(lines), title="alarms 报警", border_style="red"))
    if recent:
        parts.append(Text("\n".join(recent), style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def legend() -> Table:
    """Return what the letters of the tray mean."""
    table = Table.grid(padding=(0, 2))
    entries = [
        Text.assemble((letter, _COLOURS[key]), (f" {english} {chinese}", "dim"))
        for key, (letter, english, chinese) in LETTERS.items()
    ]
    for first in range(0, len(entries), LEGEND):
        table.add_row(*entries[first : first + LEGEND])
    return table


def _head(seen: Overview, out: str) -> RenderableType:
    moment = datetime.fromisoformat(seen.at).strftime("%Y-%m-%d %H:%M:%S") if seen.at else ""
    line = Text()
    style = "bold green" if seen.mode in _CALM else "bold yellow"
    line.append(f"{seen.mode or 'STARTING'}", style=style)
    held = seen.mode == "HELD" and all(asked.device for asked in seen.questions)
    hint = f"\ngo on with: hardlab resume --out {out}" if held else ""
    line.append(f"  {seen.reason}{hint}\n")
    line.append(f"tray {seen.tray or '-'}  ·  {seen.done} of {seen.total} blocks done")
    line.append(f"  ·  lab clock {moment} UTC\n")
    for name, closed in (
        ("door 门", seen.door_closed),
        ("safety chain 安全链", seen.safety_closed),
    ):
        line.append(f"{name} ")
        line.append("closed  " if closed else "OPEN  ", style="green" if closed else "bold red")
    return line


def _doing(seen: Overview) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for name, chinese in _NAMES.items():
        table.add_row(name, chinese, seen.doing.get(name, "") + _last(seen, name))
    return table


def _last(seen: Overview, resource: str) -> str:
    if resource != "tester" or seen.tester is None or not seen.tester.last:
        return ""
    return f"; last reading {seen.tester.last}"


def _tray(seen: Overview) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for first in range(0, len(seen.slots), ROW):
        cells = []
        for slot in seen.slots[first : first + ROW]:
            letter = LETTERS[slot.state][0]
            cells.append(
                Text.assemble((f"{slot.slot:02d}", "dim"), (f" {letter} ", _COLOURS[slot.state]))
            )
        table.add_row(*cells)
    return Panel(Group(table, legend()), title="tray 料盘", title_align="left", width=PANEL)


def _question(asked: Open, out: str) -> RenderableType:
    lines = [asked.text, *_answers(asked), *_default(asked)]
    command = "answer" if asked.device else "decide"
    lines.append(f"answer with: hardlab {command} {asked.question} ANSWER --out {out}")
    what = "待操作" if asked.device else "待决定"
    title = f"question {asked.question} {asked.device or asked.block} {what}".replace("  ", " ")
    return Panel(Text("\n".join(lines)), title=title, border_style="yellow", title_align="left")


def _answers(asked: Open) -> Iterable[str]:
    if asked.options:
        yield f"answers: {', '.join(asked.options)}"
    if asked.form:
        yield f"{'or type' if asked.options else 'type'}: {asked.form}"


def _default(asked: Open) -> Iterable[str]:
    if asked.device and asked.deadline:
        yield f"asked again after {_clock(asked.deadline)} (lab clock)"
    elif asked.deadline:
        yield f"without an answer until {_clock(asked.deadline)} (lab clock): {asked.default}"
    else:
        yield "waits until somebody answers"


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%H:%M:%S")


__all__ = ["ROW", "legend", "overview_panel"]
