"""The simulated collar of an arm that pushes blocks over the anvil, and the edge probes there."""

from __future__ import annotations

import math

from drivers.codecs.arm import ArmFault
from drivers.interfaces import TESTER
from drivers.timing import PushMotion
from hil_sim.world import World
from runtime import Clock

XY = tuple[float, float]


class Collar:
    """Pushes the block that lies on the anvil; the world is told where it is at each step.

    ``placing`` is how far off the centre the arm lays a block down, ``spring_back``
    how far it moves when the collar draws back, both in mm of block coordinates.
    ``stuck`` is what the probes show whatever lies there; ``jammed`` blocks do not follow.
    """

    def __init__(self, world: World, clock: Clock, motion: PushMotion) -> None:
        self.placing: XY = (0.15, -0.1)
        self.spring_back: XY = (0.0, 0.0)
        self.stuck: XY | None = None
        self.jammed = False
        self._world = world
        self._clock = clock
        self._motion = motion

    def within_reach(self, target: XY) -> bool:
        """Return whether the script takes this target."""
        return max(abs(target[0]), abs(target[1])) <= self._motion.reach_mm

    def laid_down(self) -> None:
        """Note that the arm has just put a block on the anvil."""
        self._world.slide(*self.placing)

    def probed(self) -> XY | None:
        """Return what the edge probes see, None when they touch nothing."""
        if self.stuck is not None:
            return self.stuck
        return self._world.stage if self._world.occupant(TESTER) is not None else None

    async def push(self, target: XY) -> ArmFault:
        """Lower, push in steps with the last leg up both axes, draw back, rise."""
        await self._clock.sleep(self._motion.overhead_s / 2)
        outside = 2 * self._motion.relief_mm
        for leg in ((target[0] + outside, target[1] + outside), target):
            if not await self._slide(leg):
                return ArmFault.NOT_FOLLOWING
        dx, dy = self.spring_back
        self._world.slide(target[0] + dx, target[1] + dy)
        await self._clock.sleep(self._motion.overhead_s / 2)
        return ArmFault.NONE

    async def _slide(self, end: XY) -> bool:
        """Push to a point in steps; return whether the probes saw the block follow."""
        start = self._world.stage
        length = math.dist(start, end)
        steps = math.ceil(length / self._motion.step_mm)
        for step in range(1, steps + 1):
            await self._clock.sleep(length / steps / self._motion.feed_mm_s)
            x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            if not self.jammed:
                self._world.slide(x, y)
            seen = self.probed()
            if seen is None or math.dist(seen, (x, y)) > self._motion.step_mm / 2:
                return False
        return True
