"""The notebook of a manual tester: what was asked and what was answered, kept over power.

A bench tester worked by hand has no counter that a program can read. The notebook
is the evidence instead, and it counts what a person *said*. It is a spool file
whose lines are pages in JSON; the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from drivers.spool_file import Damaged, Kind, Spool, decode
from runtime import Clock, offload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """The retentive evidence: as `Fence` and `Cycle`, and the order whose end nobody told yet.

    ``pending`` says what was asked for, empty when nothing is open. Dwells in ms,
    force in N as typed; 0 where nobody measured.
    """

    boot: int = 1
    epoch: int = 0
    accepted: int = 0
    count: int = 0
    end: int = 0
    tag: int = 0
    preliminary_dwell_ms: int = 0
    loading_ms: int = 0
    total_dwell_ms: int = 0
    total_force_n: str = "0"
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One answer about a result: the cycle it belongs to, and what was typed.

    ``scale`` and ``hardness`` are empty when the person had none to tell.
    """

    count: int
    scale: str = ""
    hardness: str = ""
    received: str = ""


class Notebook(Generic[T]):
    """All entries of one kind in a file, oldest first. Raises OSError if the file cannot be had.

    One process at a time writes; an entry is kept when `write` returns.
    """

    def __init__(self, path: Path, clock: Clock, kind: Callable[..., T]) -> None:
        self._kind = kind
        self._clock = clock
        self._spool = Spool(path)
        self.entries: list[T] = []
        for line in path.read_bytes().split(b"\n"):
            self._take(line)

    def _take(self, line: bytes) -> None:
        entry = decode(line)
        if not isinstance(entry, Damaged) and entry.kind is Kind.LINE:
            self.entries.append(self._kind(**json.loads(entry.raw)))

    async def write(self, entry: T) -> None:
        """Keep an entry, on the disk first. Raises OSError."""
        fields: dict[str, Any] = asdict(entry)  # type: ignore[call-overload]  # each entry is a dataclass
        raw = json.dumps(fields).encode()
        await offload(self._spool.append, self._clock.utc(), raw)
        self.entries.append(entry)

    def close(self) -> None:
        """Close the file."""
        self._spool.close()
