"""The picture of a failure: who did what, which fault struck, where the promise broke."""

from __future__ import annotations

from datetime import datetime
from html import escape

from hil_sim.scenario.campaign.notes import Doing
from hil_sim.scenario.campaign.one_run import Run
from hil_sim.scenario.campaign.order import Report
from hil_sim.scenario.dates import DEMO_START

BEFORE_S, AFTER_S = 420.0, 60.0
LEFT, WIDTH, LANE, TOP = 110, 1100, 26, 46
LANES = ("reconciliation", "arm", "tester", "vision", "sizing", "office")
_COLOURS = {
    "Indent": "#2c6fbb",
    "IndentIntended": "#8e44ad",
    "MoveBlock": "#4a9a5b",
    "TransferIntended": "#8e44ad",
    "Photograph": "#b8860b",
    "Measure": "#7f8c8d",
}


def timeline(run: Run, report: Report) -> str:
    """Return an SVG of the minutes around the first broken promise, or before the end."""
    broken_s = _seconds(report.breaches[0].at) if report.breaches else run.days * 86_400.0
    begin, end = broken_s - BEFORE_S, broken_s + AFTER_S
    scale = WIDTH / (end - begin)

    def x(at_s: float) -> float:
        return LEFT + (min(max(at_s, begin), end) - begin) * scale

    height = TOP + LANE * (len(LANES) + 2) + 30
    parts = [_text(LEFT, 18, _title(report), size=14), *_grid(begin, end, x, height)]
    for lane, name in enumerate(LANES):
        y = TOP + lane * LANE
        parts.append(_text(8, y + 15, name))
        doings = [d for d in run.notes.doings if d.who == name and begin < d.end_s]
        parts += [_bar(d, x(d.begin_s), x(d.end_s), y) for d in doings if d.begin_s < end]
    y = TOP + len(LANES) * LANE
    parts.append(_text(8, y + 15, "faults"))
    for strike in run.notes.strikes:
        if begin < strike.at_s < end:
            parts.append(_flag(x(strike.at_s), y, f"{strike.device} {strike.fault}", "#c0392b"))
    for at_s, boundary in run.notes.deaths:
        if begin < at_s < end:
            parts.append(_line(x(at_s), height, "#000", "4 3", f"daemon died at {boundary}"))
    for breach in report.breaches:
        at_s = _seconds(breach.at)
        if begin < at_s < end:
            parts.append(_line(x(at_s), height, "#d00", "", f"{breach.rule}: {breach.what}"))
    body = "\n".join(parts)
    size = f'width="{LEFT + WIDTH + 20}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _title(report: Report) -> str:
    if report.breaches:
        first = report.breaches[0]
        return f"seed {report.seed}: {first.rule}: {first.what}"
    return f"seed {report.seed}: {report.failure.splitlines()[0] if report.failure else 'the end'}"


def _grid(begin: float, end: float, x: object, height: int) -> list[str]:
    assert callable(x)
    parts = []
    minute = int(begin // 60) * 60 + 60
    while minute < end:
        at = float(x(minute))
        parts.append(
            f'<line x1="{at:.1f}" y1="26" x2="{at:.1f}" y2="{height - 24}" stroke="#ddd"/>'
        )
        hours, rest = divmod(minute + DEMO_START.hour * 3600 + DEMO_START.minute * 60, 3600)
        parts.append(_text(at - 14, height - 8, f"{hours % 24:02.0f}:{rest // 60:02.0f}", size=10))
        minute += 60
    return parts


def _bar(doing: Doing, left: float, right: float, y: int) -> str:
    colour = _COLOURS.get(doing.what, "#95a5a6")
    seconds = doing.end_s - doing.begin_s
    label = escape(f"{doing.what} {doing.block} {seconds:.1f} s")
    width = max(1.0, right - left)
    bar = (
        f'<rect x="{left:.1f}" y="{y + 2}" width="{width:.1f}" height="{LANE - 6}" fill="{colour}">'
    )
    shown = f"{doing.what} {doing.block}"
    text = _text(left + 3, y + 16, shown, "#fff", 10) if width > 6.2 * len(shown) else ""
    return f"{bar}<title>{label}</title></rect>{text}"


def _flag(at: float, y: int, label: str, colour: str) -> str:
    points = f"{at - 5:.1f},{y + 4} {at + 5:.1f},{y + 4} {at:.1f},{y + 15}"
    return (
        f'<polygon points="{points}" fill="{colour}"><title>{escape(label)}</title></polygon>'
        + (
            f'<text x="{at + 4:.1f}" y="{y + 26}" font-size="9" fill="{colour}" '
            f'transform="rotate(20 {at + 4:.1f} {y + 26})">{escape(label)}</text>'
        )
    )


def _line(at: float, height: int, colour: str, dash: str, label: str) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{at:.1f}" y1="26" x2="{at:.1f}" y2="{height - 24}" stroke="{colour}" '
        f'stroke-width="2"{dashes}><title>{escape(label)}</title></line>'
        + _text(at + 3, 38, label, colour, 10)
    )


def _text(x: float, y: float, text: str, colour: str = "#222", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{colour}">{escape(text)}</text>'


def _seconds(at: str) -> float:
    return (datetime.fromisoformat(at) - DEMO_START).total_seconds() if at else 0.0
