"""What a rule may look at: the world's truth, the devices, and what the journal folds to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from controller.state import Block, CellState
from drivers.codecs import versitron
from drivers.spool_file import Damaged, Kind, decode
from hil_sim.cell import SimulatedCell
from hil_sim.world import Indentation, World, WorldBlock

CYCLE = "plc.cycle_count"
"""Where the world retains how many cycles the tester has made."""


@dataclass(slots=True)
class Scene:
    """The lab as the witness sees it; ``state`` follows the journal event by event.

    ``hits`` tells which cycles were aimed at each position of each block, ``bearers``
    which block a cycle struck. ``claims`` are the epochs that this session claimed,
    ``ever`` the last that any session did.
    ``proved`` are the readings (by op) that were found to be the tester's own, the last of
    them of the ``proved_cycle``,
    ``doubted`` the ops whose fate a picture settles. ``reach_mm`` is how far an
    indentation may lie from its plan. ``until`` is set while an event is heard later than
    it happened: what the recorder kept since then was not known.
    """

    world: World
    cell: SimulatedCell
    spool: Path
    reach_mm: float
    state: CellState = field(default_factory=CellState)
    hits: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    bearers: dict[int, WorldBlock] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    ever: dict[str, int] = field(default_factory=dict)
    proved: set[str] = field(default_factory=set)
    proved_cycle: int = 0
    doubted: set[str] = field(default_factory=set)
    until: datetime | None = None

    def mark(self, cycle: int) -> tuple[WorldBlock, Indentation] | None:
        """Return the indentation of a cycle, and the block that bears it."""
        block = self.bearers.get(cycle)
        if block is None:
            return None
        return block, next(mark for mark in reversed(block.marks) if mark.cycle == cycle)

    def position_of(self, block: Block, mark: Indentation) -> int | None:
        """Return the planned position that an indentation was aimed at, if there is one."""
        x, y = mark.aim
        near = ((math.hypot(x - p.x, y - p.y), i) for i, p in enumerate(block.positions))
        distance, index = min(near, default=(math.inf, -1))
        return index if distance <= self.reach_mm else None

    def cycles_at(self, block: str, position: int) -> list[int]:
        """Return the cycles that indented a position."""
        return self.hits.get((block, position), [])

    def kept_records(self) -> list[tuple[int, bytes]]:
        """Return number and bytes of every record that the recorder kept, oldest first."""
        return read_spool(self.spool, self.until)


def read_spool(path: Path, until: datetime | None = None) -> list[tuple[int, bytes]]:
    """Return number and bytes of every whole record in a spool; none if it does not exist.

    With ``until``, of those alone that had been received by then.
    """
    if not path.exists():
        return []
    text = path.read_bytes()
    kept = []
    for line in text[: text.rfind(b"\n") + 1].split(b"\n")[:-1]:
        entry = decode(line)
        if isinstance(entry, Damaged) or entry.kind is not Kind.LINE:
            continue
        if until is not None and entry.received > until:
            continue
        record = versitron.parse(entry.raw)
        if not isinstance(record, versitron.Rejected):
            kept.append((record.number, entry.raw))
    return kept
