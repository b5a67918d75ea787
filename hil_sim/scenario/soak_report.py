"""What a soak showed: figures for a person, the same for a program, and a picture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rich.table import Table

from controller.events import AlarmRaised, DecisionAsked, IndentConfirmed, IndentVoided
from controller.journal import Row, broken_links
from hil_sim.scenario.soak_run import Soaked
from hil_sim.scenario.soak_samples import Course, Sample, courses
from hil_sim.world import World

_WIDTH, _HEIGHT, _LEFT, _TOP = 900, 220, 70, 30
_COLOURS = {"daemon": "#0b62a4", "recorder": "#b5651d", "sim": "#7a7a7a"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the soak found. ``wrong`` says in words what must not be."""

    hours: float
    trays: int
    events: int
    indentations: int
    questions: Mapping[str, int]
    alarms: Mapping[str, int]
    communication_errors: Mapping[str, float]
    courses: tuple[Course, ...]
    wrong: tuple[str, ...]


def verdict(soaked: Soaked, rows: Sequence[Row], world: World) -> Verdict:
    """Compare the journal with the truth, and the last hours with the first."""
    events = [row.event() for row in rows]
    alarms = Counter(f"{e.alarm}:{e.source}" for e in events if isinstance(e, AlarmRaised))
    asked = Counter(e.kind for e in events if isinstance(e, DecisionAsked))
    made = len(list(world.indentations()))
    kept = sum(isinstance(e, IndentConfirmed | IndentVoided) for e in events)
    errors = {k: v for k, v in soaked.told.items() if k.startswith("hardlab_comm_errors_total")}
    went = tuple(courses(soaked.samples))
    wrong = [
        *world.accidents,
        *(f"event {seq} breaks the chain" for seq in broken_links(iter(rows))),
    ]
    if made != kept:
        wrong.append(f"{made} indentations were made, {kept} are accounted for")
    wrong += [f"alarm {name}, {n} times" for name, n in alarms.items()]
    wrong += [f"{name} ended with {code}" for name, code in soaked.exit_codes.items() if code]
    wrong += [_rise(course) for course in went if _rises(course)]
    hours = max((each.hour for each in soaked.samples), default=0.0)
    return Verdict(
        hours, soaked.trays, len(rows), made, dict(asked), dict(alarms), errors, went, tuple(wrong)
    )


def _rises(course: Course) -> bool:
    """Tell whether a program of ours grows: memory by more than a tenth a day, the rest at all.

    The simulator keeps the truth of every block there ever was, so its memory may grow.
    """
    if course.quantity == "resident_mb":
        return course.process != "sim" and course.last > course.first * 1.1
    return course.last > course.first + 1


def _rise(course: Course) -> str:
    return f"{course.process}: {course.quantity} rose from {course.first:g} to {course.last:g}"


def keep(folder: Path, found: Verdict, samples: Sequence[Sample]) -> None:
    """Write soak.json and soak.svg; soak.csv was written as the samples came."""
    text = json.dumps(_plain(found), ensure_ascii=False, indent=2)
    (folder / "soak.json").write_text(text + "\n", encoding="utf-8")
    (folder / "soak.svg").write_text(picture(samples), encoding="utf-8")


def _plain(found: Verdict) -> Mapping[str, Any]:
    return asdict(found)


def table(found: Verdict) -> Table:
    """Return the courses as a table."""
    grid = Table("process", "quantity", "first", "last", "largest", "per day", box=None)
    for course in found.courses:
        numbers = (course.first, course.last, course.largest, course.per_day)
        grid.add_row(course.process, course.quantity, *(f"{number:.1f}" for number in numbers))
    return grid


def picture(samples: Sequence[Sample]) -> str:
    """Return an SVG: resident memory and descriptors of each process over the hours."""
    rows = (("resident_mb", "resident memory, MB"), ("descriptors", "open descriptors"))
    parts = [_plot(samples, name, title, i) for i, (name, title) in enumerate(rows)]
    height = len(rows) * (_HEIGHT + 2 * _TOP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _LEFT} {height}"'
    return f'{head} font-family="sans-serif" font-size="13">\n' + "\n".join(parts) + "\n</svg>\n"


def _plot(samples: Sequence[Sample], name: str, title: str, row: int) -> str:
    top = _TOP + row * (_HEIGHT + 2 * _TOP)
    most = 1.1 * max((float(getattr(each, name)) for each in samples), default=1.0)
    hours = max((each.hour for each in samples), default=1.0)
    frame = f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" fill="none"'
    parts = [frame + ' stroke="#999"/>', f'<text x="{_LEFT}" y="{top - 8}">{escape(title)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = top + _HEIGHT * (1 - share)
        label = f"{share * most:.0f}"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{label}</text>')
    end = f"{hours:.1f} h of lab time"
    foot = top + _HEIGHT + 16
    parts.append(f'<text x="{_LEFT + _WIDTH}" y="{foot}" text-anchor="end">{end}</text>')
    for i, (process, colour) in enumerate(_COLOURS.items()):
        points = " ".join(
            f"{_LEFT + _WIDTH * each.hour / hours:.1f},"
            f"{top + _HEIGHT * (1 - getattr(each, name) / most):.1f}"
            for each in samples
            if each.process == process
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts.append(f'<text x="{_LEFT + 90 * i}" y="{foot}" fill="{colour}">{process}</text>')
    return "\n".join(parts)
