"""Bring a block from place to place: pick and release, each intent → act → confirm.

Sensors at both ends are checked first; the gripper is opened only when the pose
read is the target and the target is sensed empty; an unknown pose is left only
by its taught retreat.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from controller.actions import MoveBlock, StandBy
from controller.decisions import ask, ask_where
from controller.events import (
    ArmMoved,
    NotHappened,
    TransferConfirmed,
    TransferIntended,
)
from controller.evidence import Happened, Unspent, arm_evidence, weigh_transfer
from controller.fencing import fence_arm
from controller.folding.keys import transfer_key
from controller.looking import find_reference, read_arm, read_inputs
from controller.rig import Asked, Rig, Stop, Trouble
from controller.state import GRIPPER
from drivers.interfaces import TESTER, ArmStatus, Done, Place, Station


async def move_block(rig: Rig, action: MoveBlock) -> Stop | None:
    """Carry out, or go on with, one transfer."""
    if rig.state.blocks[action.block].at != GRIPPER:
        return await _step(rig, action, "pick")
    return await _step(rig, action, "release")


async def stand_by(rig: Rig, action: StandBy) -> Stop | None:
    """Wait over a place; what goes on beneath is not disturbed."""
    status = await read_arm(rig)
    if isinstance(status, ArmStatus):
        status = await _carry(rig, Place.parse(action.place), status)
    return status if isinstance(status, Trouble) else None


async def settle_transfer(
    rig: Rig, intent: TransferIntended, ended: ArmStatus | None = None
) -> Stop | None:
    """Find out what became of an intended step, and record it.

    ``ended`` is the status with which the arm ended it. Without one the arm is fenced
    first: the command may still be under way, or lie in a queue.
    """
    recovered = ended is None
    status = ended or await fence_arm(rig)
    if isinstance(status, ArmStatus) and status.at is None:
        status = await _leave_unknown_pose(rig, status)
    if isinstance(status, Trouble):
        return status
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    finding = weigh_transfer(
        intent,
        holding=status.holding,
        source=Place.parse(intent.source) in inputs.occupied,
        target=Place.parse(intent.target) in inputs.occupied,
    )
    rig.boundary("transfer-result")
    match finding:
        case Happened():
            done = TransferConfirmed(intent.op, arm_evidence(status), recovered)
            await rig.ledger.record(done)
            return None
        case Unspent(reason) if intent.attempt < rig.config.limits.attempts:
            await rig.ledger.record(NotHappened(intent.op, reason))
            return None
        case Unspent(reason):
            question = ask_where(rig, intent.block, f"{intent.attempt} tries: {reason}")
            await rig.ledger.record(NotHappened(intent.op, reason), *question)
            return Asked()
    return await _contradiction(rig, intent.block, finding.reason)


# -- one step -----------------------------------------------------------------


async def _step(rig: Rig, action: MoveBlock, step: Literal["pick", "release"]) -> Stop | None:
    place = Place.parse(action.source if step == "pick" else action.target)
    unfit = await _check_ends(rig, action, step)
    if unfit is not None:
        return unfit
    status = await _arm_over(rig, place)
    if isinstance(status, Trouble):
        return status
    # Getting there took a while: look once more at what is there.
    unfit = await _check_ends(rig, action, step)
    if unfit is not None:
        return unfit
    if status.holding is not (step == "release"):
        what = "is holding a block" if status.holding else "is empty"
        return await _contradiction(rig, action.block, f"the gripper {what} before {step}")
    intent = _intent(rig, action, step, status)
    await rig.ledger.record(intent)
    rig.boundary("transfer-before-send")
    act = rig.devices.arm.pick if step == "pick" else rig.devices.arm.release
    outcome = await act(place, status)
    rig.boundary("transfer-after-act")
    if isinstance(outcome, Done):
        return await settle_transfer(rig, intent, outcome.value)
    return await settle_transfer(rig, intent) or Trouble.of("arm", outcome)


def _intent(
    rig: Rig, action: MoveBlock, step: Literal["pick", "release"], status: ArmStatus
) -> TransferIntended:
    key = transfer_key(step, action.block, action.source, action.target)
    return TransferIntended(
        op=rig.next_op(),
        step=step,
        block=action.block,
        source=action.source,
        target=action.target,
        attempt=rig.state.attempts.get(key, 0) + 1,
        before=arm_evidence(status),
    )


async def _check_ends(rig: Rig, action: MoveBlock, step: Literal["pick", "release"]) -> Stop | None:
    """Check the interlocks and the presence sensors at both ends of the transfer."""
    inputs = await read_inputs(rig)
    if isinstance(inputs, Trouble):
        return inputs
    if not inputs.motion_allowed:
        return Trouble("interlock", "cell", "door or safety chain is open")
    source, target = Place.parse(action.source), Place.parse(action.target)
    if target in inputs.occupied:
        return await _contradiction(rig, action.block, f"{target} is sensed occupied")
    if step == "release" or source in inputs.occupied:
        return None
    if source.station is not Station.SLOT:
        return await _contradiction(rig, action.block, f"{source} is sensed empty")
    empty = ask(rig, "missing_block", action.block, f"{source} is sensed empty")
    await rig.ledger.record(*empty)
    return Asked()


async def _contradiction(rig: Rig, block: str, what: str) -> Asked:
    await rig.ledger.record(*ask_where(rig, block, what))
    return Asked()


# -- the arm ------------------------------------------------------------------


async def _arm_over(rig: Rig, place: Place) -> ArmStatus | Trouble:
    """Have the arm stand over a place; at the tester, the frame comes to meet it."""
    status = await read_arm(rig)
    if isinstance(status, Trouble):
        return status
    if place != TESTER:
        return await _carry(rig, place, status)
    status, meeting = await asyncio.gather(_carry(rig, place, status), _meet(rig))
    return meeting or status


async def _carry(rig: Rig, place: Place, status: ArmStatus) -> ArmStatus | Trouble:
    """Bring the arm over a place; nothing moves if the pose read is that place already."""
    if status.at is None:
        left = await _leave_unknown_pose(rig, status)
        if isinstance(left, Trouble):
            return left
        status = left
    if status.at != place or not status.resting:
        moved = await rig.devices.arm.carry(place, status)
        if not isinstance(moved, Done):
            return Trouble.of("arm", moved)
        status = moved.value
    if status.at != place:
        return Trouble("arm-pose", "arm", f"the pose read is {status.at}, not {place}")
    if rig.state.arm_at != str(place):
        await rig.ledger.record(ArmMoved(str(place)), durable=False)
    return status


async def _leave_unknown_pose(rig: Rig, status: ArmStatus) -> ArmStatus | Trouble:
    left = await rig.devices.arm.retreat(status)
    return left.value if isinstance(left, Done) else Trouble.of("arm", left)


async def _meet(rig: Rig) -> Trouble | None:
    async with rig.anvil:
        lost = await find_reference(rig)
        if lost is not None:
            return lost
        met = await rig.devices.positioner.load_position()
    return None if isinstance(met, Done) else Trouble.of("positioner", met)
