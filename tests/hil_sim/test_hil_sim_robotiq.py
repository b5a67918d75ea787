"""The simulated gripper: what its registers show, and what becomes of the block."""

import asyncio
from typing import Any

import pytest

from drivers.codecs import robotiq as codec
from drivers.codecs.robotiq import Activation, Contact
from drivers.interfaces import Place, Station
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.faults import Faults
from hil_sim.modbus_server import Refused
from hil_sim.world import GRIPPER, World
from runtime import run_virtual
from tests.rig_modbus import block, clock

SLOT, FREE = Place(Station.SLOT, 1), Place(Station.SLOT, 2)


class Rig:
    """The gripper's registers, without a wire."""

    def __init__(self, **kwargs: Any) -> None:
        self.world = World()
        self.world.add(block(), SLOT)
        self.at: Place | None = SLOT
        self.sim = SimRobotiqGripper(self.world, clock(), lambda: self.at, **kwargs)
        self.bank = self.sim.server.bank

    def order(self, **kwargs: Any) -> None:
        self.bank.write(codec.COMMAND.start, codec.command(**kwargs))

    def seen(self) -> Any:
        return codec.report(self.bank.read(codec.STATUS.start, 3))

    async def go(self, position: int, seconds: float = 2.0) -> Any:
        self.order(activate=True, go=True, position=position, speed=255, force=255)
        await asyncio.sleep(seconds)
        return self.seen()

    async def gripping(self) -> Any:
        self.order(activate=True)
        await asyncio.sleep(2)
        return await self.go(255)

    @property
    def held(self) -> bool:
        return self.world.occupant(GRIPPER) is not None


def test_activation_takes_its_time_and_ends_open() -> None:
    async def main() -> None:
        rig = Rig(activate_s=1.5)
        assert rig.seen().activation is Activation.RESET
        rig.order(activate=True)
        assert rig.seen().activation is Activation.RUNNING
        rig.order(activate=True, go=True, position=255)
        assert rig.seen().fault == 0x05
        await asyncio.sleep(2)
        seen = rig.seen()
        assert seen.activation is Activation.ACTIVE and seen.position == 3

    run_virtual(main())


def test_contact_shows_motion_then_the_block_then_the_free_stop() -> None:
    async def main() -> None:
        rig = Rig()
        assert (await rig.gripping()).contact is Contact.CLOSING and rig.held
        assert (await rig.go(255, seconds=0)).contact is Contact.CLOSING, "asked again: no motion"
        rig.at = FREE
        moving = await rig.go(0, seconds=0.01)
        assert (moving.contact, moving.requested) == (Contact.MOVING, 0)
        assert moving.current_ma > 0
        await asyncio.sleep(2)
        assert rig.seen().contact is Contact.AT_REQUEST
        assert rig.world.occupant(FREE) is not None
        rig.at = None
        shut = await rig.go(255)
        assert (shut.contact, shut.position) == (Contact.AT_REQUEST, 230)

    run_virtual(main())


def test_a_motion_asked_for_again_goes_on_and_one_that_holds_keeps_holding() -> None:
    async def main() -> None:
        rig = Rig()
        rig.order(activate=True)
        await asyncio.sleep(2)
        rig.at = None
        await rig.go(255, seconds=0.4)
        assert (await rig.go(255, seconds=0.3)).contact is Contact.AT_REQUEST
        rig = Rig()
        await rig.gripping()
        assert (await rig.go(240)).contact is Contact.CLOSING and rig.held

    run_virtual(main())


def test_fingers_that_stop_short_of_the_block_hold_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        rig.order(activate=True)
        await asyncio.sleep(2)
        assert (await rig.go(30)).contact is Contact.AT_REQUEST
        assert not rig.held

    run_virtual(main())


@pytest.mark.parametrize("self_locking", [True, False])
def test_power_loss_keeps_the_block_as_the_gears_do_but_activation_opens(
    self_locking: bool,
) -> None:
    async def main() -> None:
        rig = Rig(self_locking=self_locking)
        await rig.gripping()
        rig.at = None
        Faults(rig.sim).inject("power-loss")
        assert rig.held is self_locking
        assert rig.seen().activation is Activation.RESET
        rig.order(activate=True)
        await asyncio.sleep(2)
        assert not rig.held
        assert rig.world.accidents == ["B1 dropped between places"]

    run_virtual(main())


def test_a_block_that_slips_out_shows_as_no_part() -> None:
    async def main() -> None:
        rig = Rig()
        await rig.gripping()
        Faults(rig.sim).inject("slip")
        assert rig.seen().contact is Contact.AT_REQUEST and not rig.held
        assert rig.world.accidents == ["B1 slipped out of the gripper"]

    run_virtual(main())


def test_a_stuck_contact_sensor_lies_about_the_grip_only_on_the_wire() -> None:
    async def main() -> None:
        rig = Rig()
        Faults(rig.sim).inject("stuck-sensor", contact=Contact.CLOSING)
        rig.at = None
        assert (await rig.gripping()).contact is Contact.CLOSING
        assert not rig.held

    run_virtual(main())


def test_a_second_of_silence_shows_once_as_a_minor_fault() -> None:
    async def main() -> None:
        rig = Rig()
        rig.seen()
        await asyncio.sleep(1.0)
        assert [rig.seen().fault, rig.seen().fault] == [0x09, 0]

    run_virtual(main())


def test_its_status_cannot_be_written() -> None:
    async def main() -> None:
        with pytest.raises(Refused):
            Rig().bank.write(codec.STATUS.start, [0x3100])

    run_virtual(main())
