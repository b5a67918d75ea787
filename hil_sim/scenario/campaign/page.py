"""The report of a campaign as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from hil_sim.scenario.campaign.menu import CANNOT
from hil_sim.scenario.campaign.order import Report
from hil_sim.scenario.campaign.summary import STEPS, Summary, counted

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#222}
h1{font-size:1.5em}h2{font-size:1.1em;margin-top:2em}
table{border-collapse:collapse;margin:.6em 0}
td,th{border:1px solid #ccc;padding:.2em .55em;text-align:right}
th,td:first-child,td.l{text-align:left}
.hole{background:#f9d6d2}.never{color:#999;text-align:left}.few{background:#fdf1cf}
.good{color:#1d7a34}.bad{color:#b3261e;font-weight:600}
code{background:#f3f3f3;padding:.1em .3em}
.figures{display:flex;flex-wrap:wrap;gap:1.6em}.figures div b{display:block;font-size:1.5em}
pre{white-space:pre-wrap;background:#f7f7f7;padding:.6em}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}
code,pre{background:#262626}td,th{border-color:#444}.hole{background:#5a2522}.few{background:#4a4020}}
"""


def page(summary: Summary, command: str) -> str:
    """Return the page; ``command`` is what was asked for."""
    verdict = _verdict(summary)
    body = "\n".join(
        [
            f"<h1>Campaign: {verdict}</h1>",
            f"<p><code>{escape(command)}</code></p>",
            _figures(summary),
            *_failures(summary.failed),
            "<h2>Coverage: device × fault × step</h2>",
            "<p>How often each fault struck each device, by what was being done with it. "
            "A row in red never struck; why a grey one cannot is said beside it.</p>",
            _coverage(summary),
            *_tables(summary),
        ]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Campaign</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _verdict(summary: Summary) -> str:
    if summary.failed:
        of = counted(summary.runs, "run")
        return f'<span class="bad">{len(summary.failed)} of {of} failed</span>'
    return f'<span class="good">{counted(summary.runs, "run")}, no promise broken</span>'


def _figures(summary: Summary) -> str:
    figures = {
        "cell days": f"{summary.days:.2f}",
        "trays": summary.trays,
        "blocks judged": summary.blocks,
        "readings": summary.readings,
        "faults struck": summary.faults,
        "deaths of the daemon": summary.deaths,
        "voids": summary.voids,
        "questions": sum(summary.questions.values()),
        "visits of a person": sum(summary.visits.values()),
        "faults without a visit": f"{summary.unaided:.1%}",
        "promises looked at": f"{sum(summary.checked.values()):,}",
        "processor seconds": f"{summary.cpu_s:.0f}",
    }
    cells = "".join(f"<div>{escape(k)}<b>{escape(str(v))}</b></div>" for k, v in figures.items())
    return f'<div class="figures">{cells}</div>'


def _failures(failed: Sequence[Report]) -> Iterator[str]:
    for report in failed:
        yield f'<h2 class="bad">Seed {report.seed}, profile {escape(report.profile)}</h2>'
        yield f"<p>Replay: <code>{escape(report.command)}</code></p>"
        lines = [f"{b.at} after event {b.seq}: {b.rule}: {b.what}" for b in report.breaches]
        lines += [report.failure] if report.failure else []
        yield f"<pre>{escape(chr(10).join(lines))}</pre>"
        if report.left:
            folder = report.left.rsplit("/", 1)[-1]
            links = (("journal", "journal.sqlite"), ("picture", "timeline.svg"))
            hrefs = " · ".join(f'<a href="{folder}/{file}">{name}</a>' for name, file in links)
            yield f"<p>{hrefs}</p>"


def _coverage(summary: Summary) -> str:
    head = "".join(f"<th>{step}</th>" for step in ("device", "fault", *STEPS, "all"))
    return f"<table><tr>{head}</tr>{''.join(_row(*row) for row in summary.table())}</table>"


def _row(device: str, fault: str, counts: list[int | None]) -> str:
    names = f'<td>{device}</td><td class="l">{fault}</td>'
    if counts[0] is None:
        why = next(why for (d, f), why in CANNOT.items() if (d, str(f)) == (device, fault))
        return f'<tr>{names}<td class="never" colspan="{len(STEPS) + 1}">cannot: {why}</td></tr>'
    numbers = [n or 0 for n in counts]
    cells = "".join(f"<td>{n or '·'}</td>" for n in numbers)
    return (
        f'<tr class="{"" if any(numbers) else "hole"}">{names}{cells}<td>{sum(numbers)}</td></tr>'
    )


def _tables(summary: Summary) -> Iterator[str]:
    yield from _counts("Recoveries", "what happened", summary.recoveries)
    yield from _counts("Questions", "kind", summary.questions)
    yield from _counts("Who answered", "who", summary.answers)
    yield from _counts("What a person came for", "what", summary.visits)
    yield from _counts("Promises, how often looked at", "promise", summary.checked)


def _counts(title: str, what: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"<h2>{title}</h2>"
    if not counts:
        yield "<p>None.</p>"
        return
    rows = "".join(
        f"<tr><td>{escape(k)}</td><td>{n:,}</td></tr>"
        for k, n in sorted(counts.items(), key=lambda item: -item[1])
    )
    yield f"<table><tr><th>{what}</th><th>times</th></tr>{rows}</table>"
