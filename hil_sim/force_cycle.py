"""One force cycle of a Rockwell machine in process time, with evidence that outlives power.

The evidence is written down before it is overtaken, and always as bad as it
could be: a cycle that dies at any instant has already said how far it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from drivers.interfaces import TESTER, CycleEnd
from drivers.timing import CycleTimes
from hil_sim.physics import XY, TesterTruth
from hil_sim.world import Indentation, World
from metrology import diameter_mm, find_scale
from runtime import Clock

Publish = Callable[[int, str, Decimal], None]

PRINTING_S = 0.2
"""From the reading to its number on display and line, s; assumed."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the mailbox ordered: scale, tag and dwells in ms."""

    scale: str
    tag: int
    preliminary_dwell_ms: int
    total_dwell_ms: int
    recovery_dwell_ms: int


@dataclass(slots=True)
class Mishap:
    """What shall go wrong in the next cycle.

    Displacement in mm and whether the slip sensor sees it; change of the total dwell
    in ms and of the total force in N; change of the published value in HR.
    """

    slip: XY | None = None
    slip_seen: bool = True
    dwell_ms: int = 0
    force_n: float = 0.0
    value: Decimal = Decimal(0)


class ForceMachine:
    """Approach, contact, loads, dwells, reading, retract; the world suffers the indentation.

    Evidence is retained under ``prefix``, the tester's own record number under
    ``tester.number``. ``publish`` gets number, scale and hardness of each record.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        times: CycleTimes,
        tester: TesterTruth,
        rng: Random,
        publish: Publish,
        prefix: str,
    ) -> None:
        self.next = Mishap()
        self.slipped = False
        self._world = world
        self._clock = clock
        self._times = times
        self._tester = tester
        self._rng = rng
        self._publish = publish
        self._prefix = prefix
        names = ("cycle_count", "cycle_end", "cycle_tag", "results", *_MEASURED)
        self._evidence = tuple((name, prefix + name) for name in names)

    def begin(self, recipe: Recipe) -> None:
        """Note that a cycle with this tag was taken, in the same scan as its acceptance."""
        self._note(
            cycle_tag=recipe.tag,
            cycle_end=CycleEnd.BEFORE_CONTACT,
            preliminary_dwell_ms=0,
            loading_ms=0,
            total_dwell_ms=0,
            total_force_dn=0,
            running=1,
        )

    def abandon(self) -> None:
        """Note that whatever ran was broken off."""
        self._note(running=0)

    @property
    def interrupted(self) -> bool:
        """Whether power went while a cycle ran."""
        return bool(self._world.retentive.get(self._prefix + "running", 0))

    async def run(self, recipe: Recipe) -> bool:
        """Make one cycle; return whether the indenter met a block."""
        mishap, self.next = self.next, Mishap()
        await self._clock.sleep(self._times.approach_s)
        touched = self._touch(recipe, mishap)
        if touched is None:
            self.abandon()
            return False
        mark, truth = touched
        await self._load(recipe, mishap)
        self._world.complete(mark.cycle)
        self._note(cycle_end=CycleEnd.HELD)
        await self._clock.sleep(self._times.unloading_s + recipe.recovery_dwell_ms / 1000)
        self._note(cycle_end=CycleEnd.COMPLETE)
        # The reading is taken; the record comes while the indenter goes up already.
        printing_s = min(PRINTING_S, self._times.retract_s)
        await self._clock.sleep(printing_s)
        self._report(recipe.scale, mark.cycle, truth, mishap)
        await self._clock.sleep(self._times.retract_s - printing_s)
        self._note(running=0)
        return True

    def use_by_hand(self) -> None:
        """Make a test that nobody ordered, on a block that is none of ours."""
        number = self._world.retentive.get("tester.number", 0) + 1
        self._world.retain(**{"tester.number": number})
        self._note(cycle_count=self.evidence()["cycle_count"] + 1)
        self._publish(number, "HRC", Decimal("60.00"))
        self._show_result()

    def evidence(self) -> dict[str, int]:
        """Return the cycle fields of the status table."""
        kept = self._world.retentive
        return {name: kept.get(key, 0) for name, key in self._evidence}

    def _touch(self, recipe: Recipe, mishap: Mishap) -> tuple[Indentation, float] | None:
        """Contact: the counter first, for a mark that was not counted would be made again."""
        count = self.evidence()["cycle_count"] + 1
        self._note(cycle_count=count, cycle_end=CycleEnd.AFTER_CONTACT)
        x, y = self._world.stage
        if mishap.slip is not None:
            x, y = x + mishap.slip[0], y + mishap.slip[1]
            self.slipped = self.slipped or mishap.slip_seen
        block = self._world.occupant(TESTER)
        truth = block.hardness.at(x, y) if block is not None else 0.0
        size = diameter_mm(find_scale(recipe.scale), truth) if block is not None else 0.0
        now = self._clock.process()
        slid = mishap.slip or (0.0, 0.0)
        mark = Indentation(x, y, size, recipe.scale, count, now, False, *slid)
        met = self._world.indent(mark)
        return (mark, truth) if met is not None else None

    async def _load(self, recipe: Recipe, mishap: Mishap) -> None:
        await self._clock.sleep(recipe.preliminary_dwell_ms / 1000)
        self._note(preliminary_dwell_ms=recipe.preliminary_dwell_ms + self._scan_ms())
        await self._clock.sleep(self._times.loading_s)
        self._note(loading_ms=round(self._times.loading_s * 1000) + self._scan_ms())
        dwell_ms = max(0, recipe.total_dwell_ms + mishap.dwell_ms)
        await self._clock.sleep(dwell_ms / 1000)
        force = float(find_scale(recipe.scale).total_force_n) + mishap.force_n
        self._note(
            total_dwell_ms=dwell_ms + self._scan_ms(), total_force_dn=max(0, round(force * 10))
        )
        if mishap.dwell_ms or mishap.force_n:
            count = self.evidence()["cycle_count"]
            self._world.spoil(count, f"dwell {mishap.dwell_ms} ms, force {mishap.force_n} N off")

    def _report(self, scale: str, cycle: int, truth: float, mishap: Mishap) -> None:
        number = self._world.retentive.get("tester.number", 0) + 1
        self._world.retain(**{"tester.number": number})
        shown = self._tester.reading(truth, self._clock.process(), self._rng)
        # Written down before it is printed: somebody may look between the two.
        self._world.publish(cycle, number, str(shown + mishap.value))
        self._publish(number, scale, shown + mishap.value)
        self._show_result()

    def _show_result(self) -> None:
        """Count the tester's signal; after the tester has, who may lose power between the two."""
        self._note(results=self._world.retentive.get(self._prefix + "results", 0) + 1)

    def _scan_ms(self) -> int:
        """Return the few milliseconds by which a scanning controller measures longer."""
        return self._rng.randint(0, 5)

    def _note(self, **values: int) -> None:
        self._world.retain(**{self._prefix + name: int(value) for name, value in values.items()})


_MEASURED = ("preliminary_dwell_ms", "loading_ms", "total_dwell_ms", "total_force_dn")
