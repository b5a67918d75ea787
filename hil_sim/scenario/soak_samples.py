"""What processes use over the hours, and what a rise in it amounts to."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import linear_regression, median
from urllib.request import urlopen

WARM_UP = 0.15
"""Share of a soak in which caches fill; it counts for no rise."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one time: hours of lab time, MB resident, open descriptors, threads, tasks.

    ``tasks`` is -1 for a process that does not tell.
    """

    hour: float
    process: str
    resident_mb: float
    descriptors: int
    threads: int
    tasks: int = -1


@dataclass(frozen=True, slots=True)
class Course:
    """How one quantity of one process went after the warm-up."""

    process: str
    quantity: str
    first: float
    last: float
    largest: float
    per_day: float


def sample(hour: float, process: str, pid: int, tasks: int = -1) -> Sample:
    """Look at a process. Raises OSError if it is gone."""
    proc = Path("/proc") / str(pid)
    resident = int((proc / "statm").read_text().split()[1]) * _PAGE / 1e6
    threads = sum(1 for _ in (proc / "task").iterdir())
    return Sample(hour, process, resident, sum(1 for _ in (proc / "fd").iterdir()), threads, tasks)


def add_to(file: Path, samples: Sequence[Sample]) -> None:
    """Write samples behind those that are in a CSV file, so that none is lost with the process."""
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        if new:
            writer.writerow(each.name for each in fields(Sample))
        writer.writerows(astuple(each) for each in samples)


def metrics(url: str, timeout: float) -> Mapping[str, float]:
    """Return what a daemon tells, by name and labels. Blocks; raises OSError."""
    with urlopen(url, timeout=timeout) as page:
        text = page.read().decode()
    found = (_SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {f"{m[1]}{{{m[2] or ''}}}": float(m[3]) for m in found if m}


def courses(samples: Sequence[Sample]) -> Iterator[Course]:
    """Yield how each quantity of each process went; first and last are medians of a tenth."""
    for process in dict.fromkeys(each.process for each in samples):
        own = [each for each in samples if each.process == process]
        own = own[int(len(own) * WARM_UP) :]
        for quantity in ("resident_mb", "descriptors", "threads", "tasks"):
            values = [float(getattr(each, quantity)) for each in own]
            if len(values) < 2 or min(values) < 0:
                continue
            tenth = max(1, len(values) // 10)
            slope = linear_regression([each.hour for each in own], values).slope
            first, last = median(values[:tenth]), median(values[-tenth:])
            yield Course(process, quantity, first, last, max(values), 24 * slope)
