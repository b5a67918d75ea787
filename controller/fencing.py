"""Fence older commands out, then wait until the device is at rest: only then is evidence read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from controller.events import EpochClaimed
from controller.rig import Rig, Trouble
from drivers.interfaces import ArmStatus, Done, Failure, Fence, NotDone, Outcome, TesterStatus

REST_POLL_S = 0.2
REST_LIMIT_S = 120.0


class _Status(Protocol):
    @property
    def fence(self) -> Fence: ...
    @property
    def resting(self) -> bool: ...


S = TypeVar("S", bound=_Status)


async def fence_arm(rig: Rig) -> ArmStatus | Trouble:
    """Claim a higher epoch on the arm; return its status at rest."""
    arm = rig.devices.arm
    return await _fence(rig, "arm", arm.read, arm.claim)


async def fence_tester(rig: Rig) -> TesterStatus | Trouble:
    """Claim a higher epoch on the tester's PLC; return its status at rest."""
    tester = rig.devices.tester
    return await _fence(rig, "tester", tester.read, tester.claim)


async def _fence(
    rig: Rig,
    device: str,
    read: Callable[[], Awaitable[Outcome[S]]],
    claim: Callable[[int], Awaitable[Outcome[S]]],
) -> S | Trouble:
    before = await read()
    if not isinstance(before, Done):
        return Trouble.of(_owner(rig, device), before)
    epoch = max(rig.state.epochs.get(device, 0), before.value.fence.epoch) + 1
    rig.boundary(f"{device}-before-claim")
    claimed = await claim(epoch)
    if not isinstance(claimed, Done):
        return Trouble.of(_owner(rig, device), claimed)
    await rig.ledger.record(EpochClaimed(device, epoch, claimed.value.fence.boot))
    return await _at_rest(rig, device, read)


async def _at_rest(rig: Rig, device: str, read: Callable[[], Awaitable[Outcome[S]]]) -> S | Trouble:
    """Wait for the end of whatever a dead session had started."""
    deadline = rig.clock.process() + REST_LIMIT_S
    while rig.clock.process() < deadline:
        status = await read()
        if not isinstance(status, Done):
            return Trouble.of(_owner(rig, device), status)
        if status.value.resting:
            return status.value
        await rig.clock.sleep(REST_POLL_S)
    return Trouble.of(
        _owner(rig, device), NotDone(Failure.TIMED_OUT, "the device does not come to rest")
    )


def _owner(rig: Rig, device: str) -> str:
    """Return whom an alarm names: a start channel that lives on the station PLC fails with it."""
    return rig.devices.tester_name if device == "tester" else device
