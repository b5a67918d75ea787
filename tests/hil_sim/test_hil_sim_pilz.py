"""The simulated safety controller: the safety function holds whatever the wire says."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import pilz as codec
from drivers.codecs.pilz import State
from hil_sim.devices.pilz_safety import SimPilzSafety
from hil_sim.faults import Faults
from runtime import run_virtual
from tests.rig_modbus import clock

PERMIT = 3


class Rig:
    """The unit's registers, without a wire; make it inside a running loop."""

    def __init__(self) -> None:
        self.sim = SimPilzSafety(clock())
        self.bank = self.sim.server.bank

    def request(self, bits: int) -> None:
        self.bank.write(0, [bits])

    def arm(self, ms: int = 1000) -> None:
        self.bank.write(255, [codec.control(ms)])

    def shown(self, state: State) -> bool:
        return codec.bit(self.bank.read(512, 1)[0], state)


def test_the_watchdog_counts_writes_only_and_its_time_is_the_selected_one() -> None:
    async def main() -> None:
        for ms in codec.WATCHDOG_MS.values():
            rig = Rig()
            rig.arm(ms)
            rig.request(PERMIT)
            await asyncio.sleep(ms / 1000 - 0.01)
            assert rig.bank.read(0, 1) == [PERMIT]
            await asyncio.sleep(0.02)
            assert rig.bank.read(0, 1) == [0]

    run_virtual(main())


def test_without_a_watchdog_requests_stand_for_ever() -> None:
    async def main() -> None:
        rig = Rig()
        rig.request(PERMIT)
        await asyncio.sleep(1e6)
        assert rig.bank.read(0, 1) == [PERMIT]

    run_virtual(main())


def test_arming_late_does_not_revive_what_fell() -> None:
    async def main() -> None:
        rig = Rig()
        rig.arm()
        rig.request(PERMIT)
        await asyncio.sleep(2)
        rig.arm()
        assert rig.bank.read(0, 1) == [0]

    run_virtual(main())


def test_a_stuck_output_lies_on_the_wire_and_not_to_the_drives() -> None:
    async def main() -> None:
        rig = Rig()
        faults = Faults(rig.sim)
        faults.inject("stuck-sensor", state=State.CHAIN_CLOSED, on=True)
        assert rig.shown(State.CHAIN_CLOSED) and not rig.sim.chain_closed
        faults.inject("stuck-sensor", state=State.CHAIN_CLOSED, on=None)
        assert not rig.shown(State.CHAIN_CLOSED)

    run_virtual(main())


DEEDS = ["press_e_stop", "release_e_stop", "open_door", "close_door", "press_reset", "power_loss"]
STEP = st.one_of(
    st.sampled_from(DEEDS),
    st.tuples(st.just("request"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.floats(0, 2)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_the_chain_is_never_closed_while_a_link_is_open_nor_without_a_reset(steps: Any) -> None:
    async def main() -> None:
        rig = Rig()
        rig.arm()
        closed = False
        for step in ["close_door", ("request", PERMIT), "press_reset", *steps]:
            match step:
                case ("request", bits):
                    rig.request(bits)
                case ("wait", seconds):
                    await asyncio.sleep(seconds)
                case deed:
                    getattr(rig.sim, deed)()
            was, closed = closed, rig.sim.chain_closed
            if closed:
                assert rig.sim.e_stop_ok and rig.sim.door_ok and rig.bank.read(0, 1)[0] & 2
                assert was or step == "press_reset"

    run_virtual(main())
