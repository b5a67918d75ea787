"""Read what is: the arm, the sensors. Readings that forbid to go on come back as trouble."""

from __future__ import annotations

from controller.rig import Rig, Trouble
from drivers.interfaces import (
    ArmStatus,
    Done,
    Failure,
    Inputs,
    NotDone,
    Outcome,
    PositionerStatus,
    TesterStatus,
)

POSITION_WAIT_S = 5.0
POSITION_POLL_S = 0.05


async def read_arm(rig: Rig) -> ArmStatus | Trouble:
    """Read the arm; trouble if it is silent or not ready to move."""
    status = await rig.devices.arm.read()
    if not isinstance(status, Done):
        return Trouble.of("arm", status)
    if not status.value.ready:
        return Trouble("arm-not-ready", "arm", f"safety {status.value.safety}")
    return status.value


async def read_tester(rig: Rig) -> TesterStatus | Trouble:
    """Read the tester's start channel; trouble if it is silent."""
    status = await rig.devices.tester.read()
    return status.value if isinstance(status, Done) else Trouble.of(rig.devices.tester_name, status)


async def read_inputs(rig: Rig) -> Inputs | Trouble:
    """Read all sensors; trouble if the station PLC is silent."""
    inputs = await rig.devices.sensors.inputs()
    return inputs.value if isinstance(inputs, Done) else Trouble.of("station", inputs)


async def find_reference(rig: Rig) -> Trouble | None:
    """Home the positioner if it lost its reference; the tester must be at rest.

    A controller that has just been asked may not have told its position yet: that is waited for.
    """
    deadline = rig.clock.link() + POSITION_WAIT_S
    where = await rig.devices.positioner.read()
    while _busy(where) and rig.clock.link() < deadline:
        await rig.clock.sleep_link(POSITION_POLL_S)
        where = await rig.devices.positioner.read()
    if isinstance(where, Done) and not where.value.homed:
        where = await rig.devices.positioner.home()
    return None if isinstance(where, Done) else Trouble.of("positioner", where)


def _busy(where: Outcome[PositionerStatus]) -> bool:
    return isinstance(where, NotDone) and where.reason is Failure.BUSY
