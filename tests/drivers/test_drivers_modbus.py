"""Each hazard of the Modbus client: what the naive client does, and what the link does."""

import asyncio
import struct
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.framer.rtu import FramerRTU

from drivers.codecs.registers import Field, Table
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.lines import Bench, SystemLines
from drivers.modbus import ModbusLink
from hil_sim.faults import Faults
from hil_sim.modbus_server import ModbusServer, RegisterBank
from runtime import run_virtual

FIRST = Table(tuple(Field(f"a{i}", i) for i in range(3)))
SECOND = Table(tuple(Field(f"b{i}", 10 + i) for i in range(3)))
NOWHERE = Table((Field("n", 500),))
URL = "memory://device"


class Device:
    """Registers that count how often they were written."""

    def __init__(self, framing: Any = "tcp") -> None:
        self.writes = 0
        self.bank = RegisterBank((FIRST, SECOND), written=self._count)
        self.server = ModbusServer(self.bank, framing=framing)
        self.bench = Bench()
        self.port = self.bench.listen(URL, self.server)
        self.switches = {}
        self.faults = Faults(self)
        self.bank.put(FIRST, {"a0": 1111})
        self.bank.put(SECOND, {"b0": 2222})

    def _count(self) -> None:
        self.writes += 1

    async def naive(self, framer: Any = FramerType.SOCKET, **kwargs: Any) -> Any:
        client = AsyncModbusTcpClient("x", framer=framer, **kwargs)
        client.ctx.call_create = lambda: self.bench.connect(URL, lambda: client.ctx)
        assert await client.connect()
        return client


def test_a_late_reply_makes_the_naive_client_write_twice_and_the_link_once() -> None:
    async def main() -> None:
        device = Device()
        naive = await device.naive(timeout=0.5)
        device.faults.inject("delay", seconds=1.2)
        reply = await naive.write_register(0, 1)
        assert not reply.isError()
        assert device.writes == 2
        naive.close()

        device.writes = 0
        link = ModbusLink(device.bench, URL, reply_s=0.5)
        device.faults.inject("delay", seconds=1.2)
        outcome = await link.write(FIRST, [1, 2, 3])
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.NO_REPLY
        await asyncio.sleep(5)
        assert device.writes == 1

    run_virtual(main())


class SharedWire:
    """An RTU wire: what the device says late is heard by whoever has the port open then."""

    def __init__(self, device: Any) -> None:
        self.device = device
        self.listener = None
        self.delay = 0.0

    def connection_made(self, transport: Any) -> None:
        self.listener = transport

    def connection_lost(self, error: Exception | None) -> None:
        pass

    def data_received(self, data: bytes) -> None:
        delay, self.delay = self.delay, 0.0
        reply = self.device.server.answer(data[1:-2])
        body = data[:1] + reply
        frame = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        asyncio.get_running_loop().call_later(delay, lambda: self.listener.write(frame))


def test_a_stale_rtu_reply_is_data_to_the_naive_client_and_drained_by_the_link() -> None:
    async def main() -> None:
        device = Device("rtu")
        wire = SharedWire(device)
        device.bench.listen(URL, lambda: wire)

        naive = await device.naive(FramerType.RTU, timeout=0.5, retries=0)
        wire.delay = 0.7
        with pytest.raises(ModbusException):
            await naive.read_holding_registers(0, count=3)
        wire.delay = 0.3
        stale = await naive.read_holding_registers(10, count=3)
        assert stale.registers[0] == 1111, "asked for register 10, got register 0"
        naive.close()
        await asyncio.sleep(2)

        link = ModbusLink(device.bench, URL, framing="rtu", reply_s=0.5, quiet_s=1.0)
        wire.delay = 0.7
        # The first asking times out; its answer arrives while the second asking waits in silence.
        assert await link.read(FIRST) == Done([1111, 0, 0])
        assert link.discarded == 11
        assert await link.read(SECOND) == Done([2222, 0, 0])

    run_virtual(main())


def test_an_rtu_line_that_never_falls_silent_is_no_link() -> None:
    async def main() -> None:
        device = Device("rtu")
        wire = SharedWire(device)
        device.bench.listen(URL, lambda: wire)
        link = ModbusLink(device.bench, URL, framing="rtu", reply_s=0.5, quiet_s=1.0)
        wire.delay = 99

        async def babble() -> None:
            while True:
                await asyncio.sleep(0.4)
                if wire.listener is not None:
                    wire.listener.write(b"\x00")

        task = asyncio.create_task(babble())
        async with asyncio.timeout(30):
            outcome = await link.read(FIRST)
        task.cancel()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        assert "stray bytes" in outcome.detail

    run_virtual(main())


def test_an_exception_reply_is_not_raised_to_the_naive_client_and_not_done_to_us() -> None:
    async def main() -> None:
        device = Device()
        naive = await device.naive()
        reply = await naive.read_holding_registers(500, count=1)
        assert reply.registers == [], "no exception is raised: an unchecked reply is empty data"
        naive.close()

        link = ModbusLink(device.bench, URL)
        for outcome in (await link.read(NOWHERE), await link.write(NOWHERE, [1])):
            assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY
            assert "exception 2" in outcome.detail
        assert device.writes == 0

    run_virtual(main())


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (6, Failure.BUSY, "exception 6"),
        (2, Failure.EXCEPTION_REPLY, "exception 2"),
        (10, Failure.EXCEPTION_REPLY, "no device with unit number 1; is it switched on"),
        (11, Failure.EXCEPTION_REPLY, "no device with unit number 1; is it switched on"),
    ],
)
def test_a_read_exception_tells_the_busy_device_from_the_stranger_and_the_gateway(
    code: Any, reason: Failure, words: str
) -> None:
    async def main() -> None:
        device = Device()
        device.server.answer = lambda request: bytes((request[0] | 0x80, code))
        outcome = await ModbusLink(device.bench, URL).read(FIRST)
        assert isinstance(outcome, NotDone) and outcome.reason is reason
        assert words in outcome.detail

    run_virtual(main())


@pytest.mark.parametrize(("code", "kind"), [(6, NotDone), (4, Unknown), (11, Unknown)])
def test_a_write_exception_is_not_done_only_if_the_device_cannot_have_begun(
    code: Any, kind: Any
) -> None:
    async def main() -> None:
        device = Device()
        device.server.answer = lambda request: bytes((request[0] | 0x80, code))
        outcome = await ModbusLink(device.bench, URL).write(FIRST, [1, 2, 3])
        assert type(outcome) is kind and outcome.reason is Failure.EXCEPTION_REPLY

    run_virtual(main())


def test_a_lost_write_reply_is_unknown_a_closed_line_is_not_done_and_both_come_back() -> None:
    async def main() -> None:
        device = Device()
        link = ModbusLink(device.bench, URL)
        device.faults.inject("lose-reply")
        assert isinstance(await link.write(FIRST, [1, 2, 3]), Unknown)
        assert await link.read(FIRST) == Done([1, 2, 3])
        device.port.unplug()
        outcome = await link.write(FIRST, [4, 5, 6])
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        assert "plugged in" in outcome.detail
        device.port.plugged = True
        assert await link.write(FIRST, [4, 5, 6]) == Done(None)
        assert device.writes == 2

    run_virtual(main())


def test_a_line_that_falls_while_waiting_is_known_at_once_not_after_the_deadline() -> None:
    async def main() -> None:
        device = Device()
        link = ModbusLink(device.bench, URL, reply_s=60.0)
        device.faults.inject("drop-connection")
        loop = asyncio.get_running_loop()
        assert isinstance(await link.write(FIRST, [1, 2, 3]), Unknown)
        assert loop.time() < 0.001
        assert device.writes == 1

    run_virtual(main())


def test_a_read_is_asked_once_more() -> None:
    async def main() -> None:
        device = Device()
        link = ModbusLink(device.bench, URL)
        device.faults.inject("lose-reply")
        assert await link.read(FIRST) == Done([1111, 0, 0])
        device.faults.inject("lose-reply", count=2)
        outcome = await link.read(FIRST)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY

    run_virtual(main())


def test_a_reply_of_another_length_is_no_answer() -> None:
    async def main() -> None:
        device = Device()
        device.server.answer = lambda request: struct.pack(">BBH", 3, 2, 1)
        outcome = await ModbusLink(device.bench, URL).read(FIRST)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY

    run_virtual(main())


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_garbled_replies_never_break_the_link(framing: Any) -> None:
    async def main() -> None:
        device = Device(framing)
        link = ModbusLink(device.bench, URL, framing=framing)
        armed = device.faults.inject("garble", count=None)
        for _ in range(200):
            outcome = await link.read(FIRST)
            # TCP guards its payload itself; of RTU a CRC lets nothing false through.
            assert framing == "tcp" or isinstance(outcome, NotDone)
        assert armed.struck >= 200
        device.faults.clear()
        assert await link.read(FIRST) == Done([1111, 0, 0])

    run_virtual(main())


def test_a_cancelled_request_leaves_no_answer_for_the_next() -> None:
    async def main() -> None:
        device = Device()
        link = ModbusLink(device.bench, URL)
        device.faults.inject("delay", seconds=0.5)
        task = asyncio.create_task(link.read(FIRST))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await link.read(SECOND) == Done([2222, 0, 0])

    run_virtual(main())


def test_transactions_on_one_link_do_not_overlap() -> None:
    async def main() -> None:
        device = Device()
        link = ModbusLink(device.bench, URL)
        outcomes = await asyncio.gather(*(link.read((FIRST, SECOND)[i % 2]) for i in range(20)))
        assert [o.value[0] for o in outcomes] == [1111, 2222] * 10

    run_virtual(main())


def test_the_same_link_works_over_tcp_on_a_real_loop() -> None:
    async def main() -> None:
        device = Device()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(device.server, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        link = ModbusLink(SystemLines(), f"tcp://127.0.0.1:{port}")
        assert await link.write(FIRST, [7, 8, 9]) == Done(None)
        assert await link.read(FIRST) == Done([7, 8, 9])
        link.close()
        server.close()
        await server.wait_closed()
        outcome = await link.write(FIRST, [1, 1, 1])
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_LINK
        assert device.writes == 1

    asyncio.run(main())


def test_a_write_of_the_wrong_length_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="2 registers"):
        run_virtual(ModbusLink(Bench(), URL).write(FIRST, [1, 2]))
