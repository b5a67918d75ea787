"""The remote I/O: its nameplate, its image, and outputs that fall with their owner."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import wago as codec
from drivers.interfaces import Done, Failure, IoState, NotDone, Unknown
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.wago_io import WagoIo
from hil_sim.devices.pilz_safety import SimPilzSafety
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.faults import Faults
from runtime import run_virtual
from tests.rig_modbus import clock, got

URL = "memory://io"
ON = (True, False, True, False)
OFF = (False,) * 4


class Rig:
    """A coupler with 8 inputs and 4 outputs; make it inside a running loop."""

    def __init__(self, inputs: int = 8, outputs: int = 4, **kwargs: Any) -> None:
        self.bench = Bench()
        self.sim = SimWagoIo(clock(), inputs=inputs, outputs=outputs, **kwargs)
        self.sim.listen(self.bench, URL)
        self.faults = Faults(self.sim)
        self.link = ModbusLink(self.bench, URL, reply_s=0.2)
        self.io = WagoIo(self.link, inputs=inputs, outputs=outputs)

    async def armed(self) -> WagoIo:
        assert await self.io.arm() == Done(None)
        return self.io

    def heard(self) -> list[str]:
        """Return the list to which every request goes from now on, without its header."""
        heard: list[str] = []
        inner = self.sim.port.to_device

        def tap(data: bytes, on: Any) -> None:
            heard.append(data[7:].hex(" ").upper())
            inner(data, on)

        self.sim.port.to_device = tap
        return heard


def is_write(data: bytes) -> bool:
    return data[7] == 16


def test_it_is_identified_armed_and_fed_in_these_bytes() -> None:
    async def main() -> None:
        rig = Rig()
        heard = rig.heard()
        assert await rig.io.identify() == Done(5)
        # The name plate once because the line is new, once because it was asked.
        assert heard == ["03 20 10 00 03", "03 20 10 00 03", "03 10 22 00 04"]
        heard.clear()
        got(await rig.io.arm())
        checks = ["03 10 06 00 01", "03 10 00 00 01"]
        seen = [*checks, "03 10 01 00 01", "03 10 03 00 01"]
        assert heard == [*seen, "10 10 00 00 01 02 00 0A", "10 10 03 00 01 02 00 01", *checks]
        heard.clear()
        got(await rig.io.feed())
        assert heard == ["10 10 03 00 01 02 00 02", *checks]
        heard.clear()
        got(await rig.io.write(ON))
        assert heard == [*checks, "10 00 00 00 01 02 00 05", "03 00 00 00 01", "03 02 00 00 01"]

    run_virtual(main())


@given(st.lists(st.booleans(), max_size=100))
def test_channels_survive_the_registers(channels: list[bool]) -> None:
    packed = codec.pack(channels)
    assert len(packed) == -(-len(channels) // 16)
    assert codec.unpack(packed, len(channels)) == tuple(channels)


@given(st.integers(-10, 100_000_00))
def test_only_whole_tenths_of_a_second_that_fit_are_a_watchdog(ms: int) -> None:
    if ms % 100 or not 100 <= ms <= 6_553_500:
        with pytest.raises(ValueError, match="watchdog"):
            codec.ticks(ms)
    else:
        assert codec.ticks(ms) * codec.TICK_MS == ms


@settings(max_examples=30, deadline=None)
@given(st.data(), st.integers(0, 40), st.integers(1, 40), st.integers(0, 3))
def test_every_channel_is_itself_behind_any_analogue_words(
    data: Any, inputs: int, outputs: int, analog: int
) -> None:
    levels = data.draw(st.lists(st.booleans(), min_size=inputs, max_size=inputs))
    wanted = data.draw(st.lists(st.booleans(), min_size=outputs, max_size=outputs))

    async def main() -> None:
        rig = Rig(inputs, outputs, analog_words=analog)
        rig.sim.inputs = levels
        io = await rig.armed()
        state = got(await io.write(wanted))
        assert state == IoState(tuple(levels), tuple(wanted))
        assert rig.sim.outputs == tuple(wanted)

    run_virtual(main())


def test_nothing_is_switched_on_that_nobody_could_take_back() -> None:
    async def main() -> None:
        rig = Rig()
        outcome = await rig.io.write(ON)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        outcome = await (await rig.armed()).write(ON[:3])
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_ARGUMENT
        assert rig.sim.outputs == OFF

    run_virtual(main())


def test_outputs_stay_while_fed_and_fall_with_their_owner() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        got(await io.write(ON))
        for _ in range(20):
            await asyncio.sleep(0.5)
            got(await io.feed())
            assert rig.sim.outputs == ON
        # Reading is no sign of life.
        for _ in range(3):
            await asyncio.sleep(0.4)
            await io.read()
        assert rig.sim.outputs == OFF

    run_virtual(main())


def test_a_fired_watchdog_is_one_clear_failure_until_it_is_armed_again() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        got(await io.write(ON))
        await asyncio.sleep(2)
        for outcome in (await io.read(), await io.identify(), await io.feed()):
            assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
            assert "watchdog fired" in outcome.detail
        again = await io.feed()
        assert isinstance(again, NotDone) and again.reason is Failure.NOT_READY
        assert await io.arm() == Done(None)
        assert got(await io.read()).outputs == OFF
        assert got(await io.write(ON)).outputs == ON

    run_virtual(main())


def test_a_coupler_restarted_between_two_feeds_gets_no_outputs() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        rig.sim.power_loss()
        outcome = await io.write(ON)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        await asyncio.sleep(60)
        assert rig.sim.outputs == OFF

    run_virtual(main())


def test_another_session_takes_over_a_running_watchdog() -> None:
    async def main() -> None:
        rig = Rig()
        got(await (await rig.armed()).write(ON))
        heir = WagoIo(ModbusLink(rig.bench, URL), inputs=8, outputs=4)
        got(await heir.arm())
        assert rig.sim.outputs == ON
        other = WagoIo(ModbusLink(rig.bench, URL), inputs=8, outputs=4, watchdog_ms=3000)
        got(await other.arm())
        assert rig.sim.outputs == OFF, "the time changes only while nothing is on"
        got(await other.write(ON))
        await asyncio.sleep(2.5)
        assert await other.feed() == Done(None)
        assert rig.sim.outputs == ON

    run_virtual(main())


@pytest.mark.parametrize("nth", range(1, 16))
def test_an_arming_that_breaks_off_anywhere_leaves_no_output_to_nobody(nth: int) -> None:
    async def main() -> None:
        rig = Rig()
        got(await (await rig.armed()).write(ON))
        heir = WagoIo(ModbusLink(rig.bench, URL), inputs=8, outputs=4, watchdog_ms=3000)
        rig.faults.inject("drop-connection", nth=nth, count=2)
        await heir.arm()
        await asyncio.sleep(3.1)
        assert rig.sim.outputs == OFF

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "late-packet"])
def test_a_sign_of_life_counts_although_the_one_before_was_lost(kind: str) -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        got(await io.write(ON))
        direction = None if kind == "late-packet" else "to_device"
        await asyncio.sleep(0.5)
        rig.faults.inject(kind, when=is_write, direction=direction, seconds=0.3)
        assert isinstance(await io.feed(), Unknown)
        for _ in range(5):
            await asyncio.sleep(0.25)
            assert await io.feed() == Done(None)
        assert rig.sim.outputs == ON

    run_virtual(main())


def test_a_restarted_coupler_is_noticed_and_its_outputs_are_off() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        got(await io.write(ON))
        rig.faults.inject("power-loss")
        assert rig.sim.outputs == OFF
        outcome = await io.feed()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NOT_READY
        assert "restarted" in outcome.detail
        assert isinstance(await io.write(ON), NotDone)
        got(await io.arm())
        assert got(await io.write(ON)).outputs == ON

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "drop-connection"])
def test_a_write_whose_reply_is_lost_is_settled_by_reading_back(kind: str) -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        heard = rig.heard()
        rig.faults.inject(kind, nth=3)
        assert got(await io.write(ON)).outputs == ON
        assert sum(request.startswith("10") for request in heard) == 1
        rig.faults.inject(kind, direction="to_device", when=is_write)
        outcome = await io.write(OFF)
        assert isinstance(outcome, Unknown) and rig.sim.outputs == ON

    run_virtual(main())


def test_a_line_lost_after_the_write_is_unknown_and_before_it_not_done() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        real = rig.sim.server.answer

        def answer(request: bytes) -> bytes:
            if request[0] == 16:
                rig.sim.port.unplug()
            return real(request)

        rig.sim.server.answer = answer
        outcome = await io.write(ON)
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_LINK
        outcome = await io.write(ON)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK

    run_virtual(main())


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"item": 341}, "750-341 instead of 750-352"),
        ({"series": 768}, "768-352"),
        ({"inputs": 16}, "16 digital inputs instead of 8"),
        ({"outputs": 2}, "2 digital outputs instead of 4"),
    ],
)
def test_another_coupler_or_other_modules_get_no_command(made: Any, said: str) -> None:
    async def main() -> None:
        rig = Rig()
        other = SimWagoIo(clock(), **{"inputs": 8, "outputs": 4, **made})
        other.listen(rig.bench, URL)
        for outcome in (await rig.io.read(), await rig.io.arm()):
            assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
            assert said in outcome.detail
        plain = ModbusLink(rig.bench, URL)
        assert got(await plain.read(codec.RUNNING)) == [0]

    run_virtual(main())


def test_modules_changed_while_the_line_was_down_are_noticed() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        rig.sim.port.unplug()
        outcome = await io.read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        SimWagoIo(clock(), inputs=16, outputs=4).listen(rig.bench, URL)
        for outcome in (await io.read(), await io.write(ON)):
            assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY

    run_virtual(main())


def test_a_coupler_that_answers_a_sign_of_life_with_exception_4_has_fired() -> None:
    async def main() -> None:
        rig = Rig()
        io = await rig.armed()
        await asyncio.sleep(2)
        real = rig.sim.server.answer
        rig.sim.server.answer = lambda pdu: b"\x90\x04" if pdu[0] == 16 else real(pdu)
        outcome = await io.feed()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
        again = await io.feed()
        assert isinstance(again, NotDone) and again.reason is Failure.NOT_READY

    run_virtual(main())


def test_a_wrong_unit_does_not_answer() -> None:
    async def main() -> None:
        rig = Rig()
        other = WagoIo(ModbusLink(rig.bench, URL, unit=7, reply_s=0.2), inputs=8, outputs=4)
        outcome = await other.arm()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY

    run_virtual(main())


def test_another_product_is_told_apart_by_its_refusal() -> None:
    async def main() -> None:
        rig = Rig()
        SimPilzSafety(clock()).listen(rig.bench, URL)
        outcome = await rig.io.arm()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())


def test_a_station_of_outputs_only_reads_no_inputs() -> None:
    async def main() -> None:
        rig = Rig(inputs=0, outputs=4)
        assert got(await (await rig.armed()).write(ON)) == IoState((), ON)
        rig = Rig(inputs=3, outputs=0)
        rig.sim.inputs[1] = True
        assert got(await (await rig.armed()).write(())) == IoState((False, True, False), ())

    run_virtual(main())


KINDS = ["lose-reply", "delay", "duplicate", "drop-connection", "garble"]
# A packet that the network still holds dies with its connection when the coupler restarts,
# which the memory line does not model: one or the other.
# Nor is the packet held that clears the watchdog: coming late it would stop it again.
HELD = ["late-packet", "hang"]
CLEAR = bytes.fromhex("10 10 08")
DEED = st.one_of(
    st.tuples(st.just("write"), st.tuples(*[st.booleans()] * 4)),
    st.tuples(st.just("feed"), st.none()),
    st.tuples(st.just("arm"), st.none()),
    st.tuples(st.just("wait"), st.floats(0, 1.5)),
    st.tuples(st.sampled_from(KINDS), st.tuples(st.integers(1, 4), st.floats(0.1, 3))),
)
POWER = st.tuples(st.just("power"), st.none())
HOLD = st.tuples(st.sampled_from(HELD), st.tuples(st.integers(1, 9), st.floats(0.1, 3)))
LIVES = st.lists(DEED | POWER, max_size=25) | st.lists(DEED | HOLD, max_size=25)


@settings(max_examples=80, deadline=None)
@given(LIVES)
def test_outputs_are_as_proved_and_fall_after_the_owner_whatever_befell_the_line(
    steps: Any,
) -> None:
    async def main() -> None:
        rig = Rig()
        for what, detail in [("arm", None), *steps]:
            match what:
                case "write":
                    outcome = await rig.io.write(detail)
                    if isinstance(outcome, Done):
                        assert outcome.value.outputs == detail
                case "feed":
                    await rig.io.feed()
                case "arm":
                    await rig.io.arm()
                case "power":
                    rig.sim.power_loss()
                case "wait":
                    await asyncio.sleep(detail)
                case kind:
                    unless = (lambda data: CLEAR not in data) if kind in HELD else None
                    rig.faults.inject(kind, nth=detail[0], seconds=detail[1], when=unless)
        # The owner dies; what the network still holds comes within three seconds.
        rig.faults.clear()
        await asyncio.sleep(4.1)
        assert rig.sim.outputs == OFF

    run_virtual(main())
