"""One run as it is ordered and as it is reported: plain data, for processes and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """What one run shall be; the same order gives the same result, wherever it is run.

    ``days`` of process time, trays of ``blocks`` blocks. ``out`` is where a run that
    failed leaves its journal and its picture; ``config`` and ``mutant`` may be empty.
    """

    seed: int
    days: float
    profile: str
    blocks: int
    out: str
    config: str = ""
    mutant: str = ""

    def command(self) -> str:
        """Return the command that repeats this run alone."""
        parts = ["hardlab campaign --runs 1 --workers 1", f"--seed {self.seed}"]
        parts += [f"--days {self.days:g}", f"--faults {self.profile}", f"--blocks {self.blocks}"]
        parts += [f"--config {self.config}"] if self.config else []
        parts += [f"--mutant {self.mutant}"] if self.mutant else []
        return " ".join([*parts, f"--out {self.out}/replay-{self.seed}"])


@dataclass(frozen=True, slots=True)
class Breakage:
    """A broken promise: the rule, what was seen, when in the run and after which event."""

    rule: str
    what: str
    at: str
    seq: int


@dataclass(slots=True)
class Report:
    """What one run gave. ``coverage`` counts "device|fault|step"; all counts by kind.

    ``digest`` is the hash of the journal's last row: two runs of one order have the same.
    """

    seed: int
    profile: str
    days: float = 0.0
    trays: int = 0
    lives: int = 0
    blocks: int = 0
    events: int = 0
    digest: str = ""
    cpu_s: float = 0.0
    readings: int = 0
    voids: int = 0
    coverage: Counter[str] = field(default_factory=Counter)
    recoveries: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    breaches: list[Breakage] = field(default_factory=list)
    failure: str = ""
    command: str = ""
    left: str = ""

    @property
    def ok(self) -> bool:
        """Whether the run came to its end and kept every promise."""
        return not self.breaches and not self.failure

    @property
    def faults(self) -> int:
        """How many faults struck."""
        return sum(self.coverage.values())

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        body = {name: getattr(self, name) for name in self.__slots__}
        body["breaches"] = [
            {"rule": b.rule, "what": b.what, "at": b.at, "seq": b.seq} for b in self.breaches
        ]
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in body.items()}
