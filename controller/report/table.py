"""Results as a table for a terminal, at most 100 columns wide; 80 are enough to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.report.results import BlockResult, Outcome, TrayResult

WIDTH = 100
"""Columns of a report that goes into a file or a pipe."""

_LOOK: dict[Outcome, tuple[str, str]] = {
    "pass": ("pass 合格", "green"),
    "fail": ("FAIL 不合格", "bold red"),
    "refused": ("refused 退回", "yellow"),
    "unfinished": ("unfinished", "dim"),
}


def console(*, stderr: bool = False) -> Console:
    """Return a console for reports: as wide as the terminal, else `WIDTH`."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH)


def result_table(result: TrayResult) -> Table:
    """Return one row per block, in slot order; figures of readings to 0.001 and 0.01."""
    title = f"Tray {result.tray} · {result.regulation.upper()}"
    table = Table(
        title=title,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title_justify="left",
    )
    table.add_column("slot\n槽位", justify="right", no_wrap=True)
    table.add_column("block\n编号", no_wrap=True)
    for english, chinese in (
        ("mean", "均值"),
        ("± publ.", "偏差"),
        ("unif.", "均匀度"),
        ("± publ.", "偏差"),
        ("limit", "上限"),
    ):
        table.add_column(f"{english}\n{chinese}", justify="right", no_wrap=True)
    table.add_column("verdict\n结论", no_wrap=True)
    table.add_column("place\n位置", no_wrap=True)
    for block in result.blocks:
        table.add_row(*_cells(block))
    return table


def notes(result: TrayResult) -> Iterable[str]:
    """Yield what the table's marks mean, and why blocks were refused."""
    if any(block.provisional for block in result.blocks):
        yield (
            "* provisional 暂定: no metrologist has confirmed the tables of the regulation yet; "
            "the verdict sorts the block, a document would be a draft."
        )
    if any(block.mean_deviation is not None for block in result.blocks):
        yield "± publ. 偏差: unrounded value less the value in the manifest, HR."
    for block in result.blocks:
        if block.outcome == "refused":
            yield f"{block.block} refused: {block.reason}"


def _cells(block: BlockResult) -> tuple[str | Text, ...]:
    word, style = _LOOK[block.outcome]
    mark = " *" if block.provisional else ""
    return (
        str(block.slot),
        block.block,
        _shown(block.mean, "{:.3f}"),
        _shown(block.mean_deviation, "{:+.3f}"),
        _shown(block.uniformity, "{:.2f}"),
        _shown(block.uniformity_deviation, "{:+.2f}"),
        _shown(block.limit, "{:.2f}"),
        Text(word + mark, style=style),
        block.place,
    )


def _shown(value: Decimal | None, form: str) -> str:
    write: Callable[[Decimal], str] = form.format
    return "-" if value is None else write(value)
