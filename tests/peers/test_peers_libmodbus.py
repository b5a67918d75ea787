"""A station PLC in C on libmodbus is driven by our ModbusLink and StationPlc."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from drivers.codecs import station
from drivers.codecs.registers import Field, Table
from drivers.interfaces import (
    Activity,
    CycleEnd,
    Done,
    Failure,
    IndentOrder,
    NotDone,
    Sized,
    Unknown,
)
from drivers.lines import SystemLines
from drivers.mailbox import Pace
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.station_plc import StationPlc
from drivers.timing import CycleTimes
from tests.peers.programs import cable, running
from tests.processes import free_ports
from tests.rig_modbus import clock, got

REPLY_S = 0.2
WRITES = Table((Field("writes", 200),))
MISHAP = Table((Field("mishap", 201), Field("argument", 202)))
LATE, TORN, EXCEPTION, SILENT = 1, 2, 3, 4
NOT_THERE = Table((Field("nothing", 300),))
AT_ONCE = CycleTimes(0.0, 0.0, 0.0, 0.0)


def order(tag=7):
    """Ask for the shortest cycle: the C program's takes no time anyway."""
    return IndentOrder("HRC", tag, 10, 20, 10)


class Rig:
    """Our side of one line to the C program."""

    def __init__(self, url, framing):
        self.framing = framing
        self.link = ModbusLink(
            SystemLines(), url, framing=framing, reply_s=REPLY_S, quiet_s=2.5 * REPLY_S
        )
        self.plc = StationPlc(self.link, clock(), AT_ONCE, pace=Pace(3.0), measure_s=0.0)

    async def befall(self, mishap, argument=0):
        """Let something happen to the next request."""
        assert await self.link.write(MISHAP, [mishap, argument]) == Done(None)

    async def writes(self):
        """Return how many writes the PLC has carried out."""
        return got(await self.link.read(WRITES))[0]


@asynccontextmanager
async def tcp(program, socat, folder):
    port = free_ports(1)[0]
    async with running(program, "tcp", port):
        rig = Rig(f"tcp://127.0.0.1:{port}", "tcp")
        yield rig
        rig.link.close()


@asynccontextmanager
async def rtu(program, socat, folder):
    async with cable(socat, folder) as (here, there), running(program, "rtu", there):
        rig = Rig(f"serial://{here}?baud=115200", "rtu")
        yield rig
        rig.link.close()


@pytest.fixture(params=[tcp, rtu], ids=["tcp", "rtu"])
def line(request, libmodbus_plc, tmp_path):
    """Return what brings one line with the C program up."""
    socat = request.getfixturevalue("socat") if request.param is rtu else None
    return lambda: request.param(libmodbus_plc, socat, tmp_path)


def test_claim_indent_and_measure(line):
    async def main():
        async with line() as rig:
            before = got(await rig.plc.claim(70_001))
            assert (before.fence.boot, before.fence.epoch) == (70_000, 70_001)
            after = got(await rig.plc.indent(order(tag=7), before))
            assert after.cycle.count == before.cycle.count + 1
            assert (before.cycle.results, after.cycle.results) == (0, 1)
            assert (after.cycle.end, after.cycle.tag) == (CycleEnd.COMPLETE, 7)
            assert after.cycle.total_force_n == Decimal("1471.0")
            assert after.activity is Activity.IDLE
            inputs = got(await rig.plc.inputs())
            assert inputs.door_closed and inputs.safety_closed
            assert got(await rig.plc.climate()).temperature_c == Decimal("-5.25")
            sized = Sized(Decimal("6.012"), Decimal("70.001"), Decimal("64.002"), "LIB-7")
            assert got(await rig.plc.measure()) == sized

    asyncio.run(main())


def test_an_older_session_is_refused(line):
    async def main():
        async with line() as rig:
            before = got(await rig.plc.claim(5))
            late = StationPlc(rig.link, clock(), AT_ONCE)
            got(await late.claim(6))
            outcome = await rig.plc.indent(order(), before)
            assert not isinstance(outcome, Done)
            assert outcome.reason is Failure.OLD_EPOCH
            assert got(await rig.plc.read()).cycle.count == 0

    asyncio.run(main())


@pytest.mark.parametrize("code", [2, 6])
def test_a_refusal_by_exception_is_not_done(line, code):
    async def main():
        async with line() as rig:
            await rig.befall(EXCEPTION, code)
            outcome = await rig.link.write(station.MEASURE, [9])
            assert isinstance(outcome, NotDone), outcome
            assert outcome.reason is Failure.EXCEPTION_REPLY
            assert await rig.link.read(station.MEASURE) == Done([0])

    asyncio.run(main())


def test_a_device_failure_leaves_it_open_whether_it_was_done(line):
    async def main():
        async with line() as rig:
            await rig.befall(EXCEPTION, 4)
            outcome = await rig.link.write(station.MEASURE, [9])
            assert isinstance(outcome, Unknown), outcome
            assert outcome.reason is Failure.EXCEPTION_REPLY

    asyncio.run(main())


def test_undefined_registers_are_refused(line):
    async def main():
        async with line() as rig:
            for outcome in (await rig.link.read(NOT_THERE), await rig.link.write(NOT_THERE, [1])):
                assert isinstance(outcome, NotDone), outcome
                assert outcome.reason is Failure.EXCEPTION_REPLY
                assert "exception 2 on registers from 300" in outcome.detail

    asyncio.run(main())


@pytest.mark.parametrize("mishap", [LATE, SILENT])
def test_a_write_without_an_answer_in_time_is_sent_once(line, mishap):
    async def main():
        async with line() as rig:
            await rig.befall(mishap, int(2000 * REPLY_S))
            outcome = await rig.link.write(station.MEASURE, [9])
            assert isinstance(outcome, Unknown), outcome
            assert outcome.reason is Failure.NO_REPLY
            # The mishap itself was the first write.
            assert await settled(rig) == 2
            assert await rig.link.read(station.MEASURE) == Done([9])

    asyncio.run(main())


async def settled(rig):
    """Return the number of writes carried out, once the PLC answers again."""
    for _ in range(10):
        outcome = await rig.link.read(WRITES)
        if isinstance(outcome, Done):
            return outcome.value[0]
    raise AssertionError(outcome)


@pytest.mark.parametrize("mishap", [LATE, SILENT])
def test_an_indentation_whose_acknowledgement_is_lost_is_made_once(line, mishap):
    """The status tells that the command was taken; the count of cycles proves it was once."""

    async def main():
        async with line() as rig:
            before = got(await rig.plc.claim(1))
            await rig.befall(mishap, int(2000 * REPLY_S))
            after = got(await rig.plc.indent(order(tag=8), before))
            assert (after.cycle.count, after.cycle.tag) == (1, 8)
            # Claim, mishap, command.
            assert await rig.writes() == 3

    asyncio.run(main())


def test_a_late_answer_is_not_taken_for_the_next(line):
    """Same unit, function and count: on RTU nothing but silence tells the answers apart."""
    one, other = Table((Field("a", 126),)), Table((Field("b", 127),))

    async def main():
        async with line() as rig:
            await rig.befall(LATE, int(1500 * REPLY_S))
            # Cancelled as by a deadline above: the answer is still on its way.
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5 * REPLY_S):
                    await rig.link.read(one)
            assert await rig.link.read(other) == Done([1])
            if rig.framing == "rtu":
                assert rig.link.discarded > 0
            assert await rig.link.read(one) == Done([0x4853])

    asyncio.run(main())


def test_the_input_area_is_read_where_a_device_shows_its_state_there(line):
    async def main():
        async with line() as rig:
            identity = Table((Field("identity", 126), Field("map_version", 127)))
            rig.link.close()
            shown = InputRegisterLink(
                SystemLines(), rig.link.url, framing=rig.framing, reply_s=REPLY_S
            )
            assert await shown.read(identity) == Done([0x4853, 1])
            nothing = await shown.read(NOT_THERE)
            assert isinstance(nothing, NotDone), nothing
            assert nothing.reason is Failure.EXCEPTION_REPLY
            assert await shown.write(station.MEASURE, [4]) == Done(None)
            assert await shown.read(station.MEASURE) == Done([4])
            shown.close()

    asyncio.run(main())


def test_a_read_that_is_answered_late_is_asked_again(line):
    async def main():
        async with line() as rig:
            await rig.befall(LATE, int(1500 * REPLY_S))
            outcome = await rig.plc.read()
            assert isinstance(outcome, Done), outcome

    asyncio.run(main())


def test_a_line_lost_in_mid_answer(libmodbus_plc, tmp_path):
    async def main():
        async with tcp(libmodbus_plc, None, tmp_path) as rig:
            await rig.befall(TORN)
            assert await rig.link.read(station.MEASURE) == Done([0])
            await rig.befall(TORN)
            outcome = await rig.link.write(station.MEASURE, [9])
            assert isinstance(outcome, Unknown), outcome
            # Two mishaps and the write.
            assert await rig.writes() == 3
            assert await rig.link.read(station.MEASURE) == Done([9])

    asyncio.run(main())


def test_an_indentation_whose_answer_is_torn_is_made_once(libmodbus_plc, tmp_path):
    async def main():
        async with tcp(libmodbus_plc, None, tmp_path) as rig:
            before = got(await rig.plc.claim(1))
            await rig.befall(TORN)
            after = got(await rig.plc.indent(order(tag=9), before))
            assert (after.cycle.count, after.cycle.tag) == (1, 9)

    asyncio.run(main())


def test_a_plc_that_dies_is_a_lost_link_until_it_is_back(libmodbus_plc, tmp_path):
    async def main():
        port = free_ports(1)[0]
        rig = Rig(f"tcp://127.0.0.1:{port}", "tcp")
        async with running(libmodbus_plc, "tcp", port) as process:
            got(await rig.plc.read())
            process.kill()
            await process.wait()
            outcome = await rig.plc.read()
            assert isinstance(outcome, NotDone), outcome
        async with running(libmodbus_plc, "tcp", port):
            got(await rig.plc.read())
        rig.link.close()

    asyncio.run(main())
