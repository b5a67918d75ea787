"""The durable truth of the simulated lab: blocks, where they are, and every indentation suffered.

Nothing above the wire reads this. Each change is one JSON line, flushed before
it counts, so that a killed simulator comes back as a cell after a power loss:
blocks and indentations where they were, retentive counters kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from drivers.interfaces import Place, Station
from hil_sim.physics import XY, HardnessField
from vision.rendering import Flaw


@dataclass(frozen=True, slots=True)
class Indentation:
    """One indentation the world suffered: block coordinates and diameter in mm.

    ``cycle`` is 0 for marks that were there before, else the tester's cycle count.
    ``slip_x`` and ``slip_y`` (mm) are how far the block slid at contact, ``flaw`` what
    else went wrong in the cycle, ``record`` the number of the record that the tester
    published of it (0: none) and ``shown`` the hardness on it.
    """

    x: float
    y: float
    diameter: float
    scale: str
    cycle: int = 0
    at_s: float = 0.0
    complete: bool = True
    slip_x: float = 0.0
    slip_y: float = 0.0
    flaw: str = ""
    record: int = 0
    shown: str = ""

    @property
    def aim(self) -> XY:
        """Where the frame had brought the block: the place that was asked for."""
        return self.x - self.slip_x, self.y - self.slip_y


@dataclass(slots=True)
class WorldBlock:
    """One metal block; ``code`` is what its label shows, None when it cannot be read.

    ``flaws`` are what its face shows besides indentations.
    """

    name: str
    scale: str
    hardness: HardnessField
    code: str | None
    shape: str = "round"
    width_mm: float = 60.0
    depth_mm: float = 60.0
    thickness_mm: float = 10.0
    marks: list[Indentation] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self)
        data["hardness"] = self.hardness.to_json()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> WorldBlock:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **data,
                "hardness": HardnessField.from_json(data["hardness"]),
                "marks": [Indentation(**mark) for mark in data["marks"]],
                "flaws": [Flaw(**flaw) for flaw in data.get("flaws", ())],
            }
        )


GRIPPER = "gripper"

Listener = Callable[[dict[str, Any]], None]
"""Hears of every change of the world just after it happened, as the line that is kept."""


class World:
    """Holds the truth and writes every change down before it counts.

    ``accidents`` lists what must never happen (a collision, an indentation with
    nobody there); tests read it, the controller cannot.
    """

    def __init__(self, log: IO[str] | None = None) -> None:
        self.blocks: dict[str, WorldBlock] = {}
        self.where: dict[str, str] = {}
        self.retentive: dict[str, int] = {}
        self.accidents: list[str] = []
        self.stage: XY = (0.0, 0.0)
        self.listeners: list[Listener] = []
        self.changes = 0
        """How often anything changed that is kept: who shows it need not look in between."""
        self._log = log

    @classmethod
    def open(cls, path: Path) -> World:
        """Open or create the world's file and restore what happened.

        A torn last line did not happen; it is cut off, lest the next one be glued to it.
        """
        world = cls()
        if path.exists():
            whole = world._replay(path)
            if whole < path.stat().st_size:
                os.truncate(path, whole)
        world._log = path.open("a", encoding="utf-8")
        return world

    @classmethod
    def read(cls, path: Path) -> World:
        """Return the world as its file has it now; whoever writes it is not disturbed."""
        world = cls()
        world._replay(path)
        return world

    def _replay(self, path: Path) -> int:
        """Apply every whole line of a file; return how many bytes they are."""
        written = path.read_bytes()
        whole = written[: written.rfind(b"\n") + 1]
        for line in whole.split(b"\n")[:-1]:
            self._apply(json.loads(line))
        return len(whole)

    def close(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()
            self._log = None

    # -- what is where -------------------------------------------------------

    def occupant(self, place: Place | str) -> WorldBlock | None:
        """Return the block at a place, or in the `GRIPPER`."""
        there = str(place)
        name = next((n for n, at in self.where.items() if at == there), None)
        return self.blocks[name] if name is not None else None

    def occupied(self, station: Station) -> frozenset[int]:
        """Return the occupied indices of a station."""
        places = (Place.parse(at) for at in self.where.values() if at != GRIPPER)
        return frozenset(p.index for p in places if p.station is station)

    def add(self, block: WorldBlock, place: Place) -> None:
        """Put a new block into the world."""
        self._do({"do": "add", "block": block.to_json(), "at": str(place)})

    def grip(self, place: Place) -> bool:
        """Close the gripper at a place; return whether it holds a block now."""
        block = self.occupant(place)
        if self.occupant(GRIPPER) is not None:
            self.accident(f"gripper closed at {place} while holding a block")
            return True
        if block is None:
            return False
        self._do({"do": "move", "block": block.name, "at": GRIPPER})
        return True

    def let_go(self, place: Place) -> None:
        """Open the gripper at a place."""
        held = self.occupant(GRIPPER)
        if held is None:
            return
        if self.occupant(place) is not None:
            self.accident(f"{held.name} released over the occupied {place}")
        self._do({"do": "move", "block": held.name, "at": str(place)})

    def carry_away(self, name: str) -> None:
        """Take a block out of the world, as a person would."""
        self._do({"do": "remove", "block": name})

    # -- the anvil -----------------------------------------------------------

    def slide(self, x: float, y: float) -> None:
        """Bring a point of the block on the anvil under the indenter (not kept: a frame is)."""
        self.stage = (x, y)

    def indent(self, mark: Indentation) -> WorldBlock | None:
        """Suffer an indentation at the anvil, wherever the block now stands under the indenter."""
        self._do({"do": "indent", "mark": asdict(mark)})
        return self.occupant(Place(Station.TESTER))

    def complete(self, cycle: int) -> None:
        """Note that the indentation of this cycle got its full force."""
        self._do({"do": "complete", "cycle": cycle})

    def spoil(self, cycle: int, flaw: str) -> None:
        """Note what went wrong in a cycle, for those who judge the software afterwards."""
        self._do({"do": "spoil", "cycle": cycle, "flaw": flaw})

    def publish(self, cycle: int, number: int, shown: str) -> None:
        """Note which record the tester published of a cycle."""
        self._do({"do": "publish", "cycle": cycle, "number": number, "shown": shown})

    # -- retentive memory and accidents --------------------------------------

    def retain(self, **values: int) -> None:
        """Keep numbers as a device's retentive memory does."""
        changed = {k: v for k, v in values.items() if self.retentive.get(k) != v}
        if changed:
            self._do({"do": "retain", "values": changed})

    def accident(self, what: str) -> None:
        """Record something that must never happen."""
        self._do({"do": "accident", "what": what})

    def indentations(self) -> Iterable[tuple[WorldBlock, Indentation]]:
        """Yield every indentation made since the world began, with its block."""
        for block in self.blocks.values():
            for mark in block.marks:
                if mark.cycle:
                    yield block, mark

    # -- one way in ----------------------------------------------------------

    def _do(self, change: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.write(json.dumps(change) + "\n")
            self._log.flush()
        self._apply(change)
        for listener in self.listeners:
            listener(change)

    def _apply(self, change: dict[str, Any]) -> None:
        self.changes += 1
        match change["do"]:
            case "add":
                block = WorldBlock.from_json(change["block"])
                self.blocks[block.name] = block
                self.where[block.name] = change["at"]
            case "move":
                self.where[change["block"]] = change["at"]
            case "remove":
                del self.where[change["block"]]
            case "indent":
                self._suffer(Indentation(**change["mark"]))
            case "complete":
                self._amend(change["cycle"], complete=True)
            case "spoil":
                self._amend(change["cycle"], flaw=change["flaw"])
            case "publish":
                self._amend(change["cycle"], record=change["number"], shown=change["shown"])
            case "retain":
                self.retentive.update(change["values"])
            case "accident":
                self.accidents.append(change["what"])

    def _suffer(self, mark: Indentation) -> None:
        block = self.occupant(Place(Station.TESTER))
        if block is None:
            self.accidents.append(f"cycle {mark.cycle}: the indenter struck the bare anvil")
        else:
            block.marks.append(mark)

    def _amend(self, cycle: int, **facts: Any) -> None:  # noqa: ANN401  as read from a line
        for block in self.blocks.values():
            for i, mark in enumerate(block.marks):
                if mark.cycle == cycle:
                    block.marks[i] = replace(mark, **facts)
