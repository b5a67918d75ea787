"""The safety controller: identified, shown, fed, and only ever asked to stop."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import pilz as codec
from drivers.codecs.pilz import Request
from drivers.interfaces import Done, Failure, NotDone, SafetyState, Unknown
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.pilz_safety import PilzSafety
from hil_sim.devices.pilz_safety import SimPilzSafety
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.faults import Faults
from runtime import run_virtual
from tests.rig_modbus import clock, got

URL = "memory://safety"


class Rig:
    """A unit with a closed door and nobody at the E-stop; make it inside a running loop."""

    def __init__(self, watchdog_ms: int = 1000) -> None:
        self.bench = Bench()
        self.sim = SimPilzSafety(clock())
        self.sim.listen(self.bench, URL)
        self.faults = Faults(self.sim)
        self.link = InputRegisterLink(self.bench, URL, reply_s=0.2)
        self.chain = PilzSafety(self.link, watchdog_ms=watchdog_ms)

    async def running(self) -> PilzSafety:
        """Arm it and press reset, as a person does."""
        got(await self.chain.arm())
        self.sim.press_reset()
        assert got(await self.chain.read()).motion_allowed
        return self.chain

    def requests(self) -> int:
        return self.sim.server.bank.get(codec.REQUESTS)["bits"]


def is_write(data: bytes) -> bool:
    return data[7] == 16


def test_it_is_known_by_its_order_number_in_these_bytes() -> None:
    async def main() -> None:
        rig = Rig()
        heard: list[str] = []
        for name in ("to_device", "to_client"):

            def tap(data: bytes, on: Any) -> None:
                heard.append(data[6:].hex(" ").upper())
                on(data)

            setattr(rig.sim.port, name, tap)
        assert await rig.chain.identify() == Done(123_456)
        # Product 000B C804, serial 0001 E240: the examples of the maker's manual.
        # Once because the line is new, once because it was asked.
        assert heard == 2 * ["01 04 20 00 00 05", "01 04 0A 00 0B C8 04 00 01 E2 40 00 00"]
        heard.clear()
        got(await rig.chain.arm())
        assert heard[0] == "01 10 00 FF 00 01 02 C4 00"
        assert heard[4] == "01 10 00 00 00 01 02 00 03"

    run_virtual(main())


@pytest.mark.parametrize(
    ("ms", "word"),
    [
        *((100, 0xC100), (200, 0xC200), (500, 0xC300), (1000, 0xC400)),
        *((3000, 0xC500), (5000, 0xC600), (10_000, 0xC700)),
    ],
)
def test_the_control_register_selects_its_times(ms: int, word: int) -> None:
    assert codec.control(ms) == word
    assert codec.armed_ms(word) == codec.armed_ms(word & 0x7FFF | 0x3800) == ms


@given(st.integers(0, 100_000))
def test_no_other_time_is_taken(ms: int) -> None:
    if ms not in codec.WATCHDOG_MS.values():
        with pytest.raises(ValueError, match="no watchdog"):
            PilzSafety(ModbusLink(Bench(), URL), watchdog_ms=ms)


def test_the_chain_closes_only_after_a_person_pressed_reset() -> None:
    async def main() -> None:
        rig = Rig()
        first = got(await rig.chain.read())
        assert first == SafetyState(True, True, True, False, True)
        armed = got(await rig.chain.arm())
        assert not armed.motion_allowed and armed.reset_required and not armed.stop_requested
        rig.sim.press_reset()
        assert got(await rig.chain.read()) == SafetyState(True, True, False, True, False)

    run_virtual(main())


def test_e_stop_and_door_are_shown_and_need_a_reset() -> None:
    async def main() -> None:
        rig = Rig(watchdog_ms=10_000)
        chain = await rig.running()
        rig.sim.press_e_stop()
        assert not got(await chain.read()).e_stop_ok
        rig.sim.release_e_stop()
        seen = got(await chain.read())
        assert seen.e_stop_ok and seen.reset_required and not seen.motion_allowed
        rig.sim.press_reset()
        rig.sim.open_door()
        assert not got(await chain.read()).door_ok
        rig.sim.press_reset()
        assert not got(await chain.read()).motion_allowed
        rig.sim.close_door()
        rig.sim.press_reset()
        assert got(await chain.read()).motion_allowed

    run_virtual(main())


@given(st.tuples(*[st.booleans()] * 5))
def test_motion_is_allowed_in_one_state_only(bits: Any) -> None:
    state = SafetyState(*bits)
    assert state.motion_allowed == (bits == (True, True, False, True, False))


def test_feeding_holds_the_watchdog_off_and_forgetting_stops() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        for _ in range(30):
            await asyncio.sleep(0.4)
            assert await chain.feed() == Done(None)
            assert rig.sim.chain_closed
        await asyncio.sleep(0.9)
        assert rig.sim.chain_closed
        await asyncio.sleep(0.2)
        assert not rig.sim.chain_closed
        seen = got(await chain.read())
        assert seen.stop_requested and seen.reset_required
        late = await chain.feed()
        assert isinstance(late, NotDone) and late.reason is Failure.FAULT
        # Nor does any later feed bring the permission back.
        again = await chain.feed()
        assert isinstance(again, NotDone) and again.reason is Failure.NOT_READY
        assert rig.requests() == 0 and rig.sim.error_entries == 1
        await rig.running()

    run_virtual(main())


def test_reading_does_not_feed() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        for _ in range(6):
            await asyncio.sleep(0.3)
            await chain.read()
        assert not rig.sim.chain_closed

    run_virtual(main())


def test_a_requested_stop_stands_through_every_feed() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        assert await chain.request_stop() == Done(None)
        assert not rig.sim.chain_closed
        for _ in range(5):
            await asyncio.sleep(0.3)
            assert await chain.feed() == Done(None)
            assert rig.requests() == 1 << Request.ALIVE
        seen = got(await chain.read())
        assert seen.stop_requested and seen.e_stop_ok

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "drop-connection", "late-packet"])
def test_a_stop_whose_fate_is_unknown_is_repeated_by_the_next_feed(kind: str) -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        direction = None if kind == "late-packet" else "to_device"
        rig.faults.inject(kind, when=is_write, direction=direction, seconds=0.5)
        outcome = await chain.request_stop()
        assert isinstance(outcome, Unknown)
        assert await chain.feed() == Done(None)
        assert not rig.sim.chain_closed

    run_virtual(main())


def test_a_late_permission_after_a_stop_is_overwritten_and_moves_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        rig.faults.inject("late-packet", when=is_write, seconds=0.5)
        assert isinstance(await chain.feed(), Unknown)
        got(await chain.request_stop())
        await asyncio.sleep(0.4)
        assert codec.bit(rig.requests(), Request.RUN_PERMITTED), "the late packet came"
        assert not rig.sim.chain_closed
        assert await chain.feed() == Done(None)
        assert rig.requests() == 1 << Request.ALIVE

    run_virtual(main())


def test_a_unit_that_was_restarted_is_noticed_by_the_next_feed() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        rig.sim.power_loss()
        outcome = await chain.feed()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
        assert not rig.sim.chain_closed

    run_virtual(main())


@pytest.mark.parametrize("fault", ["hang", "lose-reply"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_an_arming_that_fails_anywhere_leaves_nothing_permitted_for_long(
    fault: str, nth: int
) -> None:
    async def main() -> None:
        rig = Rig()
        rig.faults.inject(fault, nth=nth, count=2, seconds=0.5)
        outcome = await rig.chain.arm()
        await asyncio.sleep(1.6)
        rig.sim.press_reset()
        assert not rig.sim.chain_closed
        if not isinstance(outcome, Done):
            assert isinstance(await rig.chain.feed(), NotDone)

    run_virtual(main())


def test_a_watchdog_that_does_not_take_its_time_is_not_armed() -> None:
    async def main() -> None:
        rig = Rig()
        real = rig.sim.server.bank.read
        rig.sim.server.bank.read = lambda start, n: [0] if start == 255 else real(start, n)
        outcome = await rig.chain.arm()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        assert rig.requests() == 0

    run_virtual(main())


def test_an_arming_that_fails_later_ends_the_feeding_of_the_one_before() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        rig.faults.inject("lose-reply", when=lambda data: data[7] == 16)
        assert isinstance(await chain.arm(), Unknown)
        outcome = await chain.feed()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_stop_requested_while_arming_prevails(after_s: float) -> None:
    async def main() -> None:
        rig = Rig(watchdog_ms=3000)
        rig.faults.inject("delay", count=None, seconds=0.15)
        arming = asyncio.create_task(rig.chain.arm())
        await asyncio.sleep(after_s)
        await rig.chain.request_stop()
        await arming
        assert await rig.chain.feed() == Done(None)
        rig.sim.press_reset()
        assert not codec.bit(rig.requests(), Request.RUN_PERMITTED)
        assert not rig.sim.chain_closed

    run_virtual(main())


def test_another_product_gets_no_command() -> None:
    async def main() -> None:
        rig = Rig()
        other = SimPilzSafety(clock(), product=773_100)
        other.listen(rig.bench, URL)
        for outcome in (
            await rig.chain.read(),
            await rig.chain.arm(),
            await rig.chain.request_stop(),
        ):
            assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
            assert "773100 instead of 772100" in outcome.detail
        assert other.server.bank.get(codec.CONTROL) == {"control": 0}
        SimWagoIo(clock(), inputs=8, outputs=8).listen(rig.bench, URL)
        stranger = PilzSafety(InputRegisterLink(rig.bench, URL))
        outcome = await stranger.arm()
        assert isinstance(outcome, NotDone) and outcome.reason in (
            Failure.EXCEPTION_REPLY,
            Failure.BAD_REPLY,
        )

    run_virtual(main())


def test_a_unit_exchanged_while_the_line_was_down_is_asked_again() -> None:
    async def main() -> None:
        rig = Rig()
        chain = await rig.running()
        rig.sim.port.unplug()
        outcome = await chain.read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        SimPilzSafety(clock(), product=1).listen(rig.bench, URL)
        outcome = await chain.feed()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY

    run_virtual(main())


def test_outputs_are_not_holding_registers() -> None:
    async def main() -> None:
        rig = Rig()
        outcome = await PilzSafety(ModbusLink(rig.bench, URL)).read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())


KINDS = ["lose-reply", "delay", "duplicate", "drop-connection"]
# A packet that the network still holds dies with its connection when the unit restarts,
# which the memory line does not model: one or the other.
HELD = ["late-packet", "hang"]
HIT = st.integers(1, 4), st.floats(0.1, 3)
DEED = st.one_of(
    st.sampled_from(["arm", "feed", "request_stop", "read", "reset"]),
    st.tuples(st.sampled_from(KINDS), *HIT),
    st.floats(0, 1.2),
)
HOLD = st.tuples(st.sampled_from(HELD), *HIT)
LIVES = st.lists(DEED | st.just("power"), max_size=25) | st.lists(DEED | HOLD, max_size=25)


@settings(max_examples=80, deadline=None)
@given(LIVES)
def test_a_stop_that_is_done_opened_the_chain_and_a_dead_owner_opens_it_too(steps: Any) -> None:
    async def main() -> None:
        rig = Rig()
        for step in ["arm", "reset", *steps]:
            match step:
                case "reset":
                    rig.sim.press_reset()
                case "power":
                    rig.sim.power_loss()
                case "request_stop":
                    if isinstance(await rig.chain.request_stop(), Done):
                        assert not rig.sim.chain_closed
                case str(deed):
                    await getattr(rig.chain, deed)()
                case (kind, nth, seconds):
                    rig.faults.inject(kind, nth=nth, seconds=seconds)
                case seconds:
                    await asyncio.sleep(seconds)
        # What the network still holds comes within three seconds.
        rig.faults.clear()
        await asyncio.sleep(4.1)
        assert not rig.sim.chain_closed

    run_virtual(main())
