"""Results for other programs: CSV rows and plain JSON. Decimals stay text, digit by digit."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import Any

from controller.messages import plain
from controller.report.results import OUTCOMES, BlockResult, TrayResult

FORMAT = 1
_HIDDEN = "readings"


def plain_result(result: TrayResult) -> dict[str, Any]:
    """Return a tray's result as JSON has it; ``format`` names the meaning of its keys."""
    body: dict[str, Any] = plain(result)
    counts = {outcome: result.count(outcome) for outcome in OUTCOMES}
    return {"format": FORMAT, "counts": counts, **body}


def csv_text(result: TrayResult) -> str:
    """Return one row per block, readings in columns of their own, UTF-8 text with LF."""
    most = max((len(block.readings) for block in result.blocks), default=0)
    names = [f.name for f in fields(BlockResult) if f.name != _HIDDEN]
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow([*names, *(f"reading_{i}" for i in range(1, most + 1))])
    for block in result.blocks:
        cells = [_cell(getattr(block, name)) for name in names]
        spare = [""] * (most - len(block.readings))
        writer.writerow([*cells, *map(str, block.readings), *spare])
    return sheet.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
