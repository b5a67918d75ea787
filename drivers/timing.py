"""How long things take, in seconds of process time: what a driver sleeps before it polls.

The same figures give the cell's bound and, unless told otherwise, the
simulated devices' own speeds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArmTimes:
    """Durations of the arm's jobs."""

    carry_s: float = 5.0
    pick_s: float = 3.0
    release_s: float = 3.0
    retreat_s: float = 4.0

    @property
    def transfer_s(self) -> float:
        """From one place to another: over the source, pick, over the target, release."""
        return 2 * self.carry_s + self.pick_s + self.release_s


@dataclass(frozen=True, slots=True)
class CycleTimes:
    """Durations of one force cycle besides the dwells that the order gives."""

    approach_s: float = 2.0
    loading_s: float = 4.0
    unloading_s: float = 1.0
    retract_s: float = 2.0

    def cycle_s(self, preliminary_s: float, total_s: float, recovery_s: float) -> float:
        """Return the whole cycle for these dwells."""
        fixed = self.approach_s + self.loading_s + self.unloading_s + self.retract_s
        return fixed + preliminary_s + total_s + recovery_s


@dataclass(frozen=True, slots=True)
class StageMotion:
    """Motion of the XY frame: feed in mm/min, relief in mm, settling in s."""

    feed_mm_min: float = 900.0
    relief_mm: float = 0.2
    settle_s: float = 0.5

    def travel_s(self, distance_mm: float) -> float:
        """Return the time of one straight move (acceleration neglected)."""
        return distance_mm / self.feed_mm_min * 60


@dataclass(frozen=True, slots=True)
class PushMotion:
    """An arm pushing the block over the anvil: feed in mm/s, lengths in mm, times in s.

    ``overhead_s`` is lowering the collar, drawing back and rising; ``step_mm`` the
    length after which the script looks whether the block follows; ``tolerance_mm``
    how far from the target the probes may see the block at the end.
    """

    feed_mm_s: float = 5.0
    overhead_s: float = 6.0
    settle_s: float = 0.5
    step_mm: float = 1.0
    relief_mm: float = 0.5
    tolerance_mm: float = 0.1
    reach_mm: float = 30.0

    def push_s(self, distance_mm: float) -> float:
        """Return the time of one push, its last leg from outside the target included."""
        return self.overhead_s + (distance_mm + 4 * self.relief_mm) / self.feed_mm_s
