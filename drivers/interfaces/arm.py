"""The arm that carries the blocks, and the controller that runs its program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.interfaces.fence import Activity, Fence
from drivers.interfaces.outcome import Outcome
from drivers.interfaces.places import Place


@dataclass(frozen=True, slots=True)
class ArmStatus:
    """What the arm says of itself. ``at`` is the taught pose it stands over, if any.

    ``probed_mm`` is for arms that push the block over the anvil: the point of it under
    the indenter as the edge probes see it (block frame), None when they see no block.
    """

    fence: Fence
    activity: Activity
    fault: int
    holding: bool
    at: Place | None
    ready: bool
    safety: str
    pose_mm: tuple[float, float, float]
    probed_mm: tuple[float, float] | None = None

    @property
    def resting(self) -> bool:
        """Whether no job is running."""
        return self.activity is not Activity.RUNNING


class Arm(Protocol):
    """A robot arm with one gripper. Every motion takes the status read just before it."""

    async def read(self) -> Outcome[ArmStatus]:
        """Read state, pose and gripper sensor."""
        ...

    async def claim(self, epoch: int) -> Outcome[ArmStatus]:
        """Fence older sessions out; done when the arm has taken the epoch."""
        ...

    async def carry(self, to: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Move above a place, gripper as it is. Idempotent by target."""
        ...

    async def pick(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Lower, close, rise with the block."""
        ...

    async def release(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Lower, open, rise without the block."""
        ...

    async def retreat(self, after: ArmStatus) -> Outcome[ArmStatus]:
        """Leave an unknown pose by its taught retreat; the gripper stays as it is."""
        ...


class ArmController(Protocol):
    """The controller that runs the arm's program."""

    async def start(self) -> Outcome[object]:
        """Bring it to run its program, as far as that is needed; no stop is ever released here."""
        ...
