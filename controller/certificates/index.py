"""One page that leads to every document of a tray. It needs nothing but the files beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from lims_bridge.documents.numbers import exactly, shown, told_apart, unit_of
from lims_bridge.documents.words import TITLES
from lims_bridge.issue import Issue
from lims_bridge.laboratory import LaboratoryFile
from lims_bridge.record import CalibrationRecord
from lims_bridge.verifying import Report

INDEX = "index.html"

_STYLE = """
:root { --ink: #12324a; --soft: #5b6b78; --hair: #d5dde3; --pale: #f1f5f8; --bad: #b3261e;
  --good: #1a7f4b; --warn: #9a5b00; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui,
  sans-serif; color: #1c2b36; background: #fff; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 2px; color: var(--ink); }
header p { margin: 0; color: var(--soft); }
.mark { display: inline-block; margin: 14px 0 0; padding: 4px 12px; border: 1px solid var(--bad);
  color: var(--bad); border-radius: 4px; font-weight: 600; }
.sums { display: flex; flex-wrap: wrap; gap: 12px; margin: 22px 0; padding: 0; list-style: none; }
.sums li { background: var(--pale); border-radius: 6px; padding: 10px 16px; min-width: 150px; }
.sums b { display: block; font-size: 24px; line-height: 1.2; color: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--hair);
  vertical-align: top; white-space: nowrap; }
th { background: var(--pale); color: var(--ink); font-weight: 600; border-top: 2px solid var(--ink);
  position: sticky; top: 0; }
td.wide { white-space: normal; min-width: 220px; }
.number { text-align: right; }
a { color: #0b5cad; } a:focus-visible { outline: 2px solid #0b5cad; outline-offset: 2px; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
small { color: var(--soft); display: block; }
code { background: var(--pale); padding: 1px 5px; border-radius: 3px; }
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A block and its document, or the reasons why it has none."""

    slot: int
    block: str
    number: str
    record: CalibrationRecord | None = None
    issue: Issue | None = None
    report: Report | None = None
    reasons: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Say whether there is a document that verifies, or rightly none."""
        if self.report is not None:
            return self.report.good
        return self.record is None

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what is wrong with it."""
        found = self.report.failures if self.report is not None else ()
        return (*self.reasons, *(f"{check.name}: {check.detail}" for check in found))


def write_index(
    folder: Path, entries: Sequence[Entry], laboratory: LaboratoryFile, root: str
) -> Path:
    """Write the page and return where it is."""
    lab = laboratory.laboratory
    rows = "\n".join(_row(entry) for entry in entries)
    page = f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>证书 Certificates – {escape(lab.name_zh)}</title><style>{_STYLE}</style></head>
<body><main>
<header><h1>证书一览 Certificates</h1>
<p>{escape(lab.name_zh)} · {escape(lab.name_en)}</p>
<p class="mark">演示：模拟数据，演示签章，非真实证书 · DEMO: simulated data, demo seal</p></header>
<ul class="sums">{"".join(_sums(entries))}</ul>
<div class="scroll"><table><thead><tr>
<th class="number">槽位<small>Slot</small></th><th>块号<small>Block</small></th>
<th>文件<small>Document</small></th><th class="number">硬度<small>Hardness</small></th>
<th class="number">均匀度<small>Uniformity</small></th><th>打开<small>Open</small></th>
<th>核验<small>Verification</small></th></tr></thead><tbody>
{rows}
</tbody></table></div>
<p>PDF 内附数字校准证书（DCC 3.3.0）与原始记录。Each PDF carries the digital certificate and the
record. 重新核验 Check again:
<code>hardlab certificate verify *.pdf --trust {escape(root)}</code></p>
</main></body></html>
"""
    path = folder / INDEX
    path.write_text(page, encoding="utf-8")
    return path


def _sums(entries: Sequence[Entry]) -> Iterator[str]:
    kinds = Counter(entry.issue.kind for entry in entries if entry.issue)
    for kind, (zh, en) in TITLES.items():
        yield f"<li><b>{kinds[kind]}</b>{zh}<small>{en}</small></li>"
    verified = sum(entry.report is not None and entry.report.good for entry in entries)
    yield f"<li><b>{verified}</b>核验通过<small>verified</small></li>"
    without = sum(entry.report is None for entry in entries)
    if without:
        yield f"<li><b>{without}</b>无文件<small>without a document</small></li>"


def _row(entry: Entry) -> str:
    record, issue = entry.record, entry.issue
    cells = [f'<td class="number">{entry.slot}</td>', f"<td>{escape(entry.block)}</td>"]
    if record is None or issue is None or entry.report is None:
        why = "<br>".join(escape(reason) for reason in entry.reasons)
        cells.append(f'<td class="wide bad" colspan="5">{why}</td>')
        return f"<tr>{''.join(cells)}</tr>"
    zh, en = TITLES[issue.kind]
    result, symbol = record.result, record.scale.symbol
    name = escape(entry.number)
    links = " · ".join(
        f'<a href="{name}.{ending}">{ending.upper()}</a>' for ending in ("pdf", "xml", "json")
    )
    unit = unit_of(record.method.measure, symbol)
    uniformity, limit = told_apart(result.uniformity, result.limit)
    cells += [
        f"<td>{zh}<small>{en} · {name}</small></td>",
        f'<td class="number">{exactly(result.value)} {symbol}'
        f"<small>U = {shown(record.uncertainty.expanded)}</small></td>",
        f'<td class="number">{uniformity} {unit}<small>≤ {limit}</small></td>',
        f"<td>{links}</td>",
        _verification(entry.report),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _verification(report: Report) -> str:
    if report.good:
        return f'<td class="good">通过 good<small>{len(report.checks)} checks</small></td>'
    bad = "<br>".join(f"{escape(c.name)}: {escape(c.detail)}" for c in report.failures)
    return f'<td class="wide bad">{bad}</td>'
