"""A witness beside the lab: checks every promise at every event, against the world's truth.

The end of a run is no good moment to look: what was doubled and then hidden, or
true only by luck, shows in between. So each rule is asked at each event of the
journal and at each change of the world, and what it says is kept with the time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from controller.events import AnyEvent
from controller.fold import fold
from controller.rig import Rig
from controller.state import CellState, Use
from hil_sim.cell import SimulatedCell
from hil_sim.scenario.witness import conduct, readings, surface
from hil_sim.scenario.witness.scene import Scene, read_spool
from hil_sim.world import World

__all__ = ["CHANGE_RULES", "EVENT_RULES", "Breach", "Scene", "Witness", "read_spool"]

EventRule: TypeAlias = Callable[[Scene, CellState, AnyEvent], Iterator[str]]
ChangeRule: TypeAlias = Callable[[Scene, dict[str, Any]], Iterator[str]]

CHANGE_RULES: Mapping[str, ChangeRule] = {
    "intended": surface.intended,
    "clearance": surface.clearance,
    "rim": surface.rim,
    "interlock": surface.interlock,
    "one owner": conduct.one_owner,
}
"""Asked at each change of the world."""

EVENT_RULES: Mapping[str, EventRule] = {
    "evident places": conduct.evident_places,
    "same block": conduct.same_block,
    "own slot": conduct.own_slot,
    "claimed first": conduct.claimed_first,
    "true measure": conduct.true_measure,
    "absent is absent": conduct.absent_is_absent,
    "own reading": readings.own_reading,
    "true count": readings.true_count,
    "grounded void": readings.void_has_a_ground,
    "no second choice": readings.no_second_choice,
    "spent is spent": readings.spent_is_spent,
    "sound verdict": readings.sound_verdict,
    "true climate": readings.true_climate,
    "all accounted": readings.all_accounted,
}
"""Asked at each event of the journal, with the state before it."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise was broken: which, how, when (UTC) and just after which event."""

    rule: str
    what: str
    at: str
    seq: int


class Witness:
    """Sees every event and every change, in all lives of the daemon.

    ``breaches`` are the broken promises, ``checked`` counts how often each rule was asked.
    """

    def __init__(
        self,
        world: World,
        cell: SimulatedCell,
        spool: Path,
        reach_mm: float,
        breaches: list[Breach] | None = None,
    ) -> None:
        self.breaches = [] if breaches is None else breaches
        self.checked: Counter[str] = Counter()
        self.seq = 0
        self._scene = Scene(world, cell, spool, reach_mm)
        self._accidents = len(world.accidents)
        self._rig: Rig | None = None
        self._disk: sqlite3.Connection | None = None
        world.listeners.append(self._changed)

    def attend(self, rig: Rig) -> None:
        """Begin with a life of the daemon; what the last one lost may show at once."""
        self.leave()
        self._rig = rig
        self._catch_up(rig)
        self._scene.claims.clear()
        path = rig.ledger.journal.path
        uri = f"{path.absolute().as_uri()}?mode=ro"
        self._disk = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        rig.ledger.listeners.append(self._heard)
        self._keep("nothing forgotten", self._forgotten())

    def _catch_up(self, rig: Rig) -> None:
        """Hear what the last life committed in the instant of its death, and forget the rest."""
        for row in rig.ledger.journal.rows(self.seq):
            self._scene.until = datetime.fromisoformat(row.at)
            self._judge(row.seq, row.event())
        self._scene.until = None
        self._scene.state = rig.state
        self.seq = rig.ledger.journal.seq

    def leave(self) -> None:
        """Let go of the life that has ended."""
        if self._disk is not None:
            self._disk.close()
            self._disk = None
        self._rig = None

    def _forgotten(self) -> Iterator[str]:
        """No restart forgets an indentation: each belongs to a position that is not free."""
        for name, index in self._scene.hits:
            block = self._scene.state.blocks.get(name)
            if block is not None and block.positions[index].use is Use.FREE:
                yield f"{name} position {index + 1}: indented, and free after a restart"

    def _heard(self, seq: int, event: AnyEvent) -> None:
        self._judge(seq, event)
        self._keep("on disk", conduct.on_disk(self._scene, self._committed(), seq, event))

    def _judge(self, seq: int, event: AnyEvent) -> None:
        before = self._scene.state
        self._scene.state = fold(before, event)
        self.seq = seq
        for name, rule in EVENT_RULES.items():
            self._keep(name, rule(self._scene, before, event))

    def _changed(self, change: dict[str, Any]) -> None:
        for name, rule in CHANGE_RULES.items():
            self._keep(name, rule(self._scene, change))
        accidents = self._scene.world.accidents
        self._keep("no accident", iter(accidents[self._accidents :]))
        self._accidents = len(accidents)

    def _committed(self) -> int:
        assert self._disk is not None
        with closing(self._disk.execute("SELECT max(seq) FROM event")) as answer:
            return int(answer.fetchone()[0] or 0)

    def _keep(self, rule: str, complaints: Iterable[str]) -> None:
        self.checked[rule] += 1
        for what in complaints:
            at = self._rig.clock.utc().isoformat(timespec="milliseconds") if self._rig else ""
            self.breaches.append(Breach(rule, what, at, self.seq))
