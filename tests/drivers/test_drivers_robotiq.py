"""The Robotiq gripper: the frames of its manual, and the hazards of its line."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from drivers.codecs import robotiq as codec
from drivers.codecs.robotiq import Activation, Contact, Report, Severity
from drivers.interfaces import Done, Failure, Grip, NotDone, Place, Station, Unknown
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.robotiq_gripper import RobotiqGripper
from hil_sim.devices.hygrometer import SimHygrometer
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.faults import Faults
from hil_sim.world import GRIPPER, World
from runtime import run_virtual
from tests.rig_modbus import block, clock, got

URL = "memory://gripper"
SLOT = Place(Station.SLOT, 1)

READ = "09 04 07 D0 00 03 B1 CE"
ACKNOWLEDGED = "09 10 03 E8 00 03 01 30"
# What the maker's manual prints: bytes, unit and CRC included.
CLEAR = "09 10 03 E8 00 03 06 00 00 00 00 00 00 73 30"
ACTIVATE = "09 10 03 E8 00 03 06 01 00 00 00 00 00 72 E1"
POLL = "09 04 07 D0 00 01 30 0F"
ACTIVATING, ACTIVE = "09 04 02 11 00 54 A1", "09 04 02 31 00 4D 61"
CLOSE = "09 10 03 E8 00 03 06 09 00 00 FF FF FF 42 29"
OPEN = "09 10 03 E8 00 03 06 09 00 00 00 FF FF 72 19"
OPENING = "09 04 06 39 00 00 00 BB 10 71 06"
OPENED = "09 04 06 F9 00 00 00 0D 00 17 AA"
GRIPPED = "09 04 06 B9 00 00 FF BD 00 5C 9A"
OLDER = ["09 03 07 D0 00 01 85 CF", "09 03 06 F9 00 00 00 0D 00 56 4C"]
OLDER += ["09 03 02 11 00 55 D5", "09 03 02 31 00 4C 15"]
PRINTED = [READ, ACKNOWLEDGED, CLEAR, ACTIVATE, POLL, ACTIVATING, ACTIVE, CLOSE, OPEN]
PRINTED += [OPENING, OPENED, GRIPPED, *OLDER]


def sealed(text: str) -> str:
    body = bytes.fromhex(text)
    return (body + FramerRTU.compute_CRC(body).to_bytes(2, "big")).hex(" ").upper()


def words(frame: str) -> list[int]:
    data = bytes.fromhex(frame)[3:-2]
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


class Script(asyncio.Protocol):
    """A gripper that knows its lines: each request must be the next one, byte for byte."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.strange: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        request = data.hex(" ").upper()
        if not self.lines or request != self.lines[0]:
            self.strange.append(request)
            return
        self.transport.write(bytes.fromhex(self.lines[1]))
        del self.lines[:2]


class Rig:
    """A gripper over one slot with a block; make it inside a running loop."""

    def __init__(self, unit: int = 9, width_mm: float = 60.0, **kwargs: Any) -> None:
        self.world = World()
        part = block()
        part.width_mm = width_mm
        self.world.add(part, SLOT)
        self.at: Place | None = SLOT
        self.bench = Bench()
        self.clock = clock()
        self.sim = SimRobotiqGripper(self.world, self.clock, lambda: self.at, **kwargs)
        self.sim.listen(self.bench, URL)
        self.faults = Faults(self.sim)
        self.link = InputRegisterLink(self.bench, URL, unit=unit, framing="rtu", reply_s=0.3)
        self.gripper = RobotiqGripper(self.link, self.clock)

    async def activated(self) -> RobotiqGripper:
        got(await self.gripper.activate())
        return self.gripper

    @property
    def held(self) -> bool:
        return self.world.occupant(GRIPPER) is not None


def is_write(data: bytes) -> bool:
    return data[1] == 16


@pytest.mark.parametrize("frame", PRINTED)
def test_every_printed_frame_carries_its_crc(frame: str) -> None:
    assert sealed(frame[:-6]) == frame


def test_activation_and_motions_are_the_bytes_of_the_manual() -> None:
    async def main() -> None:
        bench = Bench()
        reset = sealed("09 04 06 00 00 00 00 00 00")
        ready = sealed("09 04 06 31 00 00 00 03 00")
        activation = [READ, reset, CLEAR, ACKNOWLEDGED, ACTIVATE, ACKNOWLEDGED]
        activation += [POLL, ACTIVATING, POLL, ACTIVE, READ, ready]
        closing = [READ, ready, CLOSE, ACKNOWLEDGED, READ, GRIPPED]
        opening = [READ, GRIPPED, OPEN, ACKNOWLEDGED, READ, OPENING, READ, OPENED]
        script = Script(*activation, *closing, *opening)
        bench.listen(URL, lambda: script)
        link = InputRegisterLink(bench, URL, unit=9, framing="rtu")
        gripper = RobotiqGripper(link, clock())
        assert got(await gripper.activate()).grip is Grip.EMPTY
        held = got(await gripper.close())
        assert (held.grip, held.position, held.requested) == (Grip.HOLDING, 189, 255)
        free = got(await gripper.open())
        assert (free.grip, free.position, free.requested) == (Grip.EMPTY, 13, 0)
        assert (script.lines, script.strange) == ([], [])

    run_virtual(main())


def test_older_firmware_is_read_by_function_3() -> None:
    async def main() -> None:
        bench = Bench()
        script = Script("09 03 07 D0 00 03 04 0E", "09 03 06 F9 00 00 00 0D 00 56 4C")
        bench.listen(URL, lambda: script)
        link = ModbusLink(bench, URL, unit=9, framing="rtu")
        assert got(await RobotiqGripper(link, clock()).read()).position == 13
        assert script.strange == []

    run_virtual(main())


def test_printed_statuses_decode_to_what_the_manual_says() -> None:
    moving = codec.report(words(OPENING))
    assert (moving.contact, moving.position, moving.current_ma) == (Contact.MOVING, 0xBB, 160)
    assert moving.going and moving.activation is Activation.ACTIVE
    assert codec.report(words(OPENED)).contact is Contact.AT_REQUEST
    assert codec.report(words(GRIPPED)).contact is Contact.CLOSING
    assert codec.activation(words(ACTIVATING)) is Activation.RUNNING
    assert codec.activation(words(ACTIVE)) is Activation.ACTIVE


BYTE = st.integers(0, 255)
REPORTS = st.builds(
    Report,
    activated=st.just(True),
    going=st.booleans(),
    activation=st.sampled_from(Activation),
    contact=st.sampled_from(Contact),
    fault=BYTE,
    requested=BYTE,
    position=BYTE,
    current_ma=BYTE.map(lambda tens: 10 * tens),
)


@given(REPORTS)
def test_a_report_survives_the_registers(shown: Report) -> None:
    assert codec.report(codec.encode(shown)) == shown


@given(st.lists(st.integers(0, 0xFFFF), min_size=3, max_size=3))
def test_any_registers_are_a_report_or_refused_and_never_two_things(registers: Any) -> None:
    try:
        shown = codec.report(registers)
    except ValueError:
        return
    assert codec.encode(shown) == registers


@pytest.mark.parametrize("status", [0x3101, 0x3300, 0x3500, 0x2100, 0x1000, 0x3000])
def test_a_status_that_a_2f_gripper_cannot_show_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="status"):
        codec.report([status, 0, 0])
    with pytest.raises(ValueError, match="status"):
        codec.activation([status])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *((0, Severity.NONE), (5, Severity.PRIORITY), (9, Severity.MINOR)),
        *((0x0E, Severity.MAJOR), (0x30, Severity.MAJOR), (0x03, Severity.MAJOR)),
    ],
)
def test_a_fault_nobody_knows_is_a_major_one(fault: int, kind: Severity) -> None:
    assert codec.severity(fault) is kind


@pytest.mark.parametrize("value", [-1, 256])
def test_a_command_outside_a_byte_is_refused(value: int) -> None:
    for name in ("position", "speed", "force"):
        with pytest.raises(ValueError, match=name):
            codec.command(activate=True, **{name: value})
    outcome = run_virtual(RobotiqGripper(ModbusLink(Bench(), URL), clock()).move(value))
    assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_ARGUMENT


def test_it_activates_grips_and_lets_go() -> None:
    async def main() -> None:
        rig = Rig()
        refused = await rig.gripper.close()
        assert isinstance(refused, NotDone) and refused.reason is Failure.NOT_READY
        gripper = await rig.activated()
        status = got(await gripper.close())
        assert status.grip is Grip.HOLDING and 3 < status.position < 230 and rig.held
        assert got(await gripper.open()).grip is Grip.EMPTY and not rig.held
        assert rig.world.occupant(SLOT) is not None and rig.world.accidents == []

    run_virtual(main())


def test_activating_an_active_gripper_drops_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        got(await gripper.close())
        rig.at = None
        assert got(await gripper.activate()).grip is Grip.HOLDING
        assert rig.held and rig.world.accidents == []

    run_virtual(main())


def test_closing_on_nothing_or_on_too_wide_a_block_is_done_and_empty() -> None:
    async def main() -> None:
        for rig in (Rig(), Rig(width_mm=90.0)):
            rig.faults.inject("slip")
            gripper = await rig.activated()
            assert got(await gripper.close()).grip is Grip.EMPTY
            assert not rig.held

    run_virtual(main())


def test_a_status_that_echoes_another_position_is_not_trusted() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        got(await gripper.close())
        other = InputRegisterLink(rig.bench, URL, unit=9, framing="rtu")
        order = codec.command(activate=True, go=True, position=0, speed=255)
        got(await other.write(codec.COMMAND, order))
        outcome = await gripper.read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert "echoes position 0" in outcome.detail
        # A driver that asked for nothing yet takes what it finds.
        assert got(await RobotiqGripper(rig.link, rig.clock).read()).requested == 0

    run_virtual(main())


def test_a_stale_status_ends_no_motion() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        got(await gripper.open())
        before = got(await gripper.read())
        assert before.requested == 0
        # The old answer, "open, at rest", comes once more instead of the next one.
        old = sealed("09 04 06 F9 00 00 00 03 00")
        real, lies = rig.sim.server.answer, [bytes.fromhex(old)[1:-2]]
        closing: list[bytes] = []

        def answer(request: bytes) -> bytes:
            reply = real(request)
            if request[0] == 16:
                closing.append(request)
            return lies.pop() if closing and request[0] == 4 and lies else reply

        rig.sim.server.answer = answer
        assert got(await gripper.close()).grip is Grip.HOLDING
        assert lies == [] and rig.held

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "delay", "drop-connection", "duplicate", "garble"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_whatever_befalls_one_packet_the_motion_is_sent_once_and_its_end_known(
    kind: str, nth: int
) -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        sent: list[bytes] = []
        real = rig.sim.server.answer
        rig.sim.server.answer = lambda pdu: sent.append(pdu) or real(pdu)
        rig.faults.inject(kind, nth=nth, seconds=0.5)
        assert got(await gripper.close()).grip is Grip.HOLDING
        assert rig.held and rig.world.accidents == []
        writes = [pdu for pdu in sent if pdu[0] == 16]
        assert len(writes) == (2 if kind == "duplicate" and nth == 2 else 1)

    run_virtual(main())


def test_a_lost_command_is_unknown_and_nothing_moved() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        rig.faults.inject("lose-reply", direction="to_device", when=is_write)
        outcome = await gripper.close()
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_REPLY
        assert "not acknowledged" in outcome.detail and not rig.held
        # Either echo is ours as long as the fate of the request is not known.
        assert got(await gripper.read()).requested == 0
        late = codec.command(activate=True, go=True, position=255, speed=255, force=255)
        got(await rig.link.write(codec.COMMAND, late))
        await asyncio.sleep(1)
        assert got(await gripper.read()).grip is Grip.HOLDING

    run_virtual(main())


def test_a_gripper_unplugged_while_closing_is_unknown_and_the_deadline_holds() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(0.1, rig.sim.port.unplug)
        outcome = await gripper.close()
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_LINK
        assert loop.time() - began < 6 and rig.held

    run_virtual(main())


def test_power_lost_while_closing_is_unknown_and_it_must_be_activated_again() -> None:
    async def main() -> None:
        rig = Rig(width_mm=20.0)
        gripper = await rig.activated()
        asyncio.get_running_loop().call_later(0.05, rig.sim.power_loss)
        outcome = await gripper.close()
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.FAULT
        assert got(await gripper.read()).grip is Grip.INACTIVE
        assert got(await gripper.activate()).grip is Grip.EMPTY

    run_virtual(main())


def test_what_was_asked_before_a_power_loss_is_forgotten_with_it() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        got(await gripper.close())
        rig.sim.power_loss()
        assert got(await gripper.read()).grip is Grip.INACTIVE
        got(await gripper.activate())
        assert got(await gripper.read()).grip is Grip.EMPTY

    run_virtual(main())


def test_a_major_fault_stops_it_and_a_minor_one_does_not() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        rig.sim.fault = 0x08
        assert got(await gripper.close()).fault == 0x08
        rig.sim.fault = 0x0E
        outcome = await gripper.open()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.FAULT
        assert "overcurrent" in outcome.detail and rig.held
        assert got(await gripper.activate()).fault == 0

    run_virtual(main())


def test_an_exception_reply_is_not_done() -> None:
    async def main() -> None:
        rig = Rig()
        gripper = await rig.activated()
        real = rig.sim.server.answer
        rig.sim.server.answer = lambda pdu: b"\x90\x03" if pdu[0] == 16 else real(pdu)
        outcome = await gripper.close()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY
        rig.sim.power_loss()
        rig.sim.server.answer = lambda pdu: (
            b"\x90\x03" if pdu[0] == 16 and pdu[6] == 1 else real(pdu)
        )
        outcome = await gripper.activate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())


@pytest.mark.parametrize("pdu", ["03 06 F9 00 00 00 03 00", "04 04 F9 00 00 00"])
def test_an_answer_to_another_question_is_no_answer(pdu: str) -> None:
    async def main() -> None:
        rig = Rig()
        rig.sim.server.answer = lambda request: bytes.fromhex(pdu)
        outcome = await rig.link.read(codec.STATUS)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY

    run_virtual(main())


def test_a_wrong_unit_does_not_answer() -> None:
    async def main() -> None:
        outcome = await Rig(unit=8).gripper.read()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY

    run_virtual(main())


def test_another_product_is_told_apart_by_its_registers_or_its_refusal() -> None:
    async def main() -> None:
        bench = Bench()
        SimHygrometer(unit=9).listen(bench, URL)
        gripper = RobotiqGripper(InputRegisterLink(bench, URL, unit=9, framing="rtu"), clock())
        outcome = await gripper.activate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY
        script = Script(READ, sealed("09 04 06 12 34 00 00 00 00"))
        bench.listen(URL, lambda: script)
        stranger = InputRegisterLink(bench, URL, unit=9, framing="rtu")
        outcome = await RobotiqGripper(stranger, clock()).activate()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert "Robotiq" in outcome.detail

    run_virtual(main())


KINDS = ["lose-reply", "delay", "late-packet", "duplicate", "drop-connection", "hang", "garble"]
STEP = st.one_of(
    st.sampled_from(["close", "open", "activate", "power", "slip"]),
    st.tuples(st.sampled_from(KINDS), st.integers(1, 4), st.floats(0.1, 3)),
    st.floats(0.1, 3),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, min_size=3, max_size=20))
def test_what_is_done_is_true_whatever_befell_the_line(steps: Any) -> None:
    async def main() -> None:
        rig = Rig()
        for step in ["activate", *steps]:
            match step:
                case "power":
                    rig.faults.inject("power-loss")
                case "slip":
                    rig.sim._slipping = True
                case "close" | "open" | "activate":
                    outcome = await getattr(rig.gripper, step)()
                    if isinstance(outcome, Done):
                        assert (outcome.value.grip is Grip.HOLDING) == rig.held
                        assert rig.held <= (step != "open")
                case (kind, nth, seconds):
                    rig.faults.inject(kind, nth=nth, seconds=seconds)
                case seconds:
                    await asyncio.sleep(seconds)
        assert rig.world.accidents == []

    run_virtual(main())
