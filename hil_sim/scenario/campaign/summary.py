"""All runs of a campaign together: figures for people, for machines, and the holes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hil_sim.scenario.campaign.menu import CANNOT, MENU, WIRE
from hil_sim.scenario.campaign.order import Report

STEPS = (
    *("idle", "Reconcile", "MoveBlock", "TransferIntended", "Measure", "Photograph"),
    *("Indent", "IndentIntended", "StandBy"),
)
"""What can be going on with a device when a fault strikes, in the order of a block's way."""


@dataclass(slots=True)
class Summary:
    """The sum of the reports."""

    runs: int = 0
    failed: list[Report] = field(default_factory=list)
    days: float = 0.0
    trays: int = 0
    blocks: int = 0
    events: int = 0
    readings: int = 0
    voids: int = 0
    deaths: int = 0
    cpu_s: float = 0.0
    coverage: Counter[str] = field(default_factory=Counter)
    recoveries: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        """Add one run."""
        self.runs += 1
        if not report.ok:
            self.failed.append(report)
        for name in ("days", "trays", "blocks", "events", "readings", "voids", "cpu_s"):
            setattr(self, name, getattr(self, name) + getattr(report, name))
        for name in ("coverage", "recoveries", "questions", "answers", "visits", "checked"):
            getattr(self, name).update(getattr(report, name))
        self.deaths += sum(n for key, n in report.coverage.items() if key.startswith("daemon|"))

    @property
    def faults(self) -> int:
        """How many faults struck."""
        return sum(self.coverage.values())

    @property
    def unaided(self) -> float:
        """The share of faults after which nobody had to come; 1 when nothing went wrong."""
        return 1 - min(1.0, sum(self.visits.values()) / self.faults) if self.faults else 1.0

    def by_fault(self) -> Mapping[tuple[str, str], int]:
        """Return how often each fault struck each device."""
        counts: Counter[tuple[str, str]] = Counter()
        for key, n in self.coverage.items():
            device, fault, _ = key.split("|")
            counts[device, fault] += n
        return counts

    def table(self) -> list[tuple[str, str, list[int | None]]]:
        """Return device, fault and the count per step; all None where it cannot be."""
        rows: list[tuple[str, str, list[int | None]]] = []
        for device, faults in MENU.items():
            possible = [str(fault) for fault in faults]
            never = [str(f) for d, f in CANNOT if d == device and str(f) not in possible]
            for fault in possible:
                counts = [self.coverage.get(f"{device}|{fault}|{step}", 0) for step in STEPS]
                rows.append((device, fault, list(counts)))
            rows += [(device, fault, [None] * len(STEPS)) for fault in never]
        return rows

    def holes(self) -> list[str]:
        """Return every device and fault that never struck."""
        struck = self.by_fault()
        return [
            f"{device} {fault}"
            for device, faults in MENU.items()
            for fault in faults
            if not struck.get((device, str(fault)))
        ]

    def plain(self) -> dict[str, Any]:
        """Return the summary as JSON has it."""
        names = [name for name in self.__slots__ if name != "failed"]
        body = {name: getattr(self, name) for name in names}
        return {
            "format": 1,
            **{
                k: dict(sorted(v.items())) if isinstance(v, Counter) else v for k, v in body.items()
            },
            "faults": self.faults,
            "unaided": round(self.unaided, 4),
            "holes": self.holes(),
            "failed": [report.plain() for report in self.failed],
        }


def summarise_runs(reports: Sequence[Report]) -> Summary:
    """Return the sum, in the order of the seeds, whatever order they came in."""
    summary = Summary()
    for report in sorted(reports, key=lambda report: report.seed):
        summary.add(report)
    summary.days, summary.cpu_s = round(summary.days, 3), round(summary.cpu_s, 1)
    return summary


def counted(number: int, what: str) -> str:
    """Return a number with its noun: ``1 run``, ``2 runs``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def is_wire(fault: str) -> bool:
    """Return whether a fault is one of the wire."""
    return fault in {str(one) for one in WIRE}
