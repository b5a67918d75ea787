"""The second kind of positioner: the arm itself pushes the block over the rigid anvil.

The arm lowers a collar that lies loosely around the block, pushes it in small
steps up both axes to the point asked for, draws back so that no side force is
left, and rises; the collar touches nothing during the force cycle. All of that is
one job of the arm's script, which stops when the block does not follow.

What confirms the position is not the arm: two edge probes at the anvil see where
the block lies, and a slip sensor whether it moved since. While it pushes, the arm
is busy, and it cannot push while it holds a block.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

from drivers.codecs.arm import ArmFault
from drivers.interfaces import (
    TESTER,
    Arm,
    ArmStatus,
    Done,
    Failure,
    NotDone,
    Outcome,
    PositionerStatus,
    Sensors,
    Unknown,
)
from drivers.timing import PushMotion
from runtime import Clock

XY = tuple[float, float]
CENTRE: XY = (0.0, 0.0)


class PushingArm(Arm, Protocol):
    """An arm with a collar and edge probes at the anvil; its status tells ``probed_mm``."""

    async def push(
        self, x_mm: float, y_mm: float, after: ArmStatus, expected_s: float
    ) -> Outcome[ArmStatus]:
        """Push until this point of the block is under the indenter. Idempotent by target."""
        ...


class ArmPushPositioner:
    """Implements `Positioner` with the arm of the cell: the very object that carries the blocks.

    Coordinates are block coordinates in mm, as everywhere: point (x, y) of the
    block is the one under the indenter; the arm places and takes it at (0, 0).
    """

    def __init__(
        self, arm: PushingArm, sensors: Sensors, clock: Clock, motion: PushMotion | None = None
    ) -> None:
        self._arm = arm
        self._sensors = sensors
        self._clock = clock
        self._motion = motion or PushMotion()

    async def read(self) -> Outcome[PositionerStatus]:
        """Read what the probes see; (0, 0) while nothing lies on the anvil."""
        status = await self._arm.read()
        return Done(_seen(status.value)) if isinstance(status, Done) else status

    async def home(self) -> Outcome[PositionerStatus]:
        """Have the arm leave an unknown pose; the probes themselves are absolute."""
        status = await self._arm.read()
        if isinstance(status, Done) and _is_lost(status.value):
            status = await self._arm.retreat(status.value)
        if not isinstance(status, Done):
            return status
        return Done(replace(_seen(status.value), homed=True))

    async def load_position(self) -> Outcome[PositionerStatus]:
        """Have the block, if one lies there, where the arm takes it. Idempotent."""
        status = await self._arm.read()
        if not isinstance(status, Done):
            return status
        probed = status.value.probed_mm
        # An arm still on its way to an empty anvil has nothing to bring anywhere.
        if probed is None or (status.value.resting and self._near(probed, CENTRE)):
            return Done(_seen(status.value))
        return await self.move(*CENTRE)

    async def move(self, x_mm: float, y_mm: float) -> Outcome[PositionerStatus]:
        """Push the point under the indenter, draw back, settle, confirm by probes and slip."""
        if not max(abs(x_mm), abs(y_mm)) <= self._motion.reach_mm:
            return NotDone(Failure.BAD_ARGUMENT, f"out of reach: {x_mm}, {y_mm}")
        status = await self._over_anvil()
        if not isinstance(status, Done):
            return status
        probed = status.value.probed_mm
        if probed is None:
            return NotDone(Failure.NOT_READY, "the edge probes see no block on the anvil")
        expected_s = self._motion.push_s(math.dist(probed, (x_mm, y_mm)))
        pushed = await self._arm.push(x_mm, y_mm, status.value, expected_s)
        if not isinstance(pushed, Done):
            return pushed
        fault = _fault(pushed.value)
        return fault if fault is not None else await self._confirmed((x_mm, y_mm))

    async def _over_anvil(self) -> Outcome[ArmStatus]:
        """Have the arm over the anvil, its gripper empty."""
        status = await self._arm.read()
        if not isinstance(status, Done):
            return status
        if status.value.holding:
            return NotDone(Failure.BUSY, "the arm holds a block and cannot push another")
        if status.value.at == TESTER and status.value.resting:
            return status
        carried = await self._arm.carry(TESTER, status.value)
        if isinstance(carried, Done) and carried.value.at != TESTER:
            return NotDone(Failure.FAULT, f"the arm stands over {carried.value.at}")
        return carried

    async def _confirmed(self, target: XY) -> Outcome[PositionerStatus]:
        """Let it settle, then ask what is at the anvil; the arm's own pose proves nothing."""
        await self._clock.sleep(self._motion.settle_s)
        status = await self._arm.read()
        if not isinstance(status, Done):
            return Unknown(status.reason, f"pushed, not confirmed: {status.detail}")
        inputs = await self._sensors.inputs()
        if not isinstance(inputs, Done):
            return Unknown(inputs.reason, f"pushed, slip not read: {inputs.detail}")
        probed = status.value.probed_mm
        if probed is None:
            return NotDone(Failure.FAULT, "the edge probes lost the block")
        if inputs.value.slipped:
            return NotDone(Failure.FAULT, "the slip sensor tripped")
        if not self._near(probed, target):
            there, asked = (f"{x:.2f}, {y:.2f}" for x, y in (probed, target))
            return NotDone(Failure.FAULT, f"the block lies at {there} instead of {asked}")
        return Done(_seen(status.value))

    def _near(self, one: XY, other: XY) -> bool:
        return math.dist(one, other) <= self._motion.tolerance_mm


def _seen(status: ArmStatus) -> PositionerStatus:
    x, y = status.probed_mm or CENTRE
    detail = "" if status.probed_mm is not None else "no block on the anvil"
    return PositionerStatus(x, y, idle=status.resting, homed=not _is_lost(status), detail=detail)


def _is_lost(status: ArmStatus) -> bool:
    """Return whether the arm rests at a pose that only a retreat may leave."""
    return status.resting and status.at is None


def _fault(status: ArmStatus) -> NotDone | None:
    """Tell why a push that ended did not reach its end; where the block lies is read anew."""
    if not status.fault:
        return None
    names = {int(fault): fault.name.lower().replace("_", " ") for fault in ArmFault}
    return NotDone(Failure.FAULT, f"push: {names.get(status.fault, f'fault {status.fault}')}")
