import asyncio
import os
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from drivers.lines import Bench, LabLines, LineError, SystemLines, open_serial
from runtime import run_virtual
from tests.processes import free_ports


class Ear(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = b""
        self.lost: list[Exception | None] | None = None
        self.transport: Any = None
        self.changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        self.heard += data
        self.changed.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = [error]
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait on a real loop until what came fulfils the condition."""
        async with asyncio.timeout(5):
            while not condition():
                await self.changed.wait()
                self.changed.clear()


@contextmanager
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        with suppress(OSError):
            os.close(master)


def test_memory_bytes_arrive_in_order_on_the_next_turn() -> None:
    async def main() -> None:
        bench, device = Bench(), Ear()
        bench.listen("memory://a", lambda: device)
        transport, client = await bench.connect("memory://a", Ear)
        for i in range(10):
            transport.write(bytes([i]))
        assert device.heard == b""
        await asyncio.sleep(0)
        assert device.heard == bytes(range(10))
        device.transport.write(b"x")
        await asyncio.sleep(0)
        assert client.heard == b"x"

    run_virtual(main())


def test_unplugging_drops_and_refuses_and_closing_is_seen_at_both_ends() -> None:
    async def main() -> None:
        bench = Bench()
        port = bench.listen("memory://a", Ear)
        _, client = await bench.connect("memory://a", Ear)
        port.unplug()
        await asyncio.sleep(0)
        assert client.lost == [None]
        with pytest.raises(LineError, match="memory://a: no device answers"):
            await bench.connect("memory://a", Ear)
        port.plugged = True
        transport, client = await bench.connect("memory://a", Ear)
        transport.close()
        transport.write(b"into the void")
        await asyncio.sleep(0)
        assert transport.is_closing() and client.lost == [None]

    run_virtual(main())


def test_a_tap_put_on_later_acts_on_an_open_line() -> None:
    async def main() -> None:
        bench, device = Bench(), Ear()
        port = bench.listen("memory://a", lambda: device)
        transport, _ = await bench.connect("memory://a", Ear)
        port.to_device = lambda data, forward: forward(data.upper())
        transport.write(b"x")
        await asyncio.sleep(0)
        assert device.heard == b"X"

    run_virtual(main())


def test_cut_lines_are_dropped_for_good() -> None:
    async def main() -> None:
        bench = Bench()
        bench.listen("memory://a", Ear)
        lines = LabLines(bench)
        _, client = await lines.connect("memory://a", Ear)
        lines.cut()
        await asyncio.sleep(0)
        assert client.lost == [None]
        with pytest.raises(LineError, match="cut"):
            await lines.connect("memory://a", Ear)

    run_virtual(main())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://nobody", "no device"),
        ("memory:nobody", "write memory://name"),
        ("tcp://host-only", "not a line"),
        ("gopher://x:1", "not a line"),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1"),
        ("serial:///dev/does-not-exist", "does-not-exist"),
        ("serial:///dev/null?baud=fast", "fast"),
    ],
)
def test_a_line_that_cannot_be_opened_says_which_and_why(url: Any, said: Any) -> None:
    with pytest.raises(LineError, match=said):
        asyncio.run(LabLines(Bench()).connect(url, Ear))


def test_memory_lines_need_a_bench() -> None:
    with pytest.raises(LineError, match="same process"):
        asyncio.run(LabLines().connect("memory://a", Ear))


def test_serial_bytes_go_both_ways_however_many() -> None:
    async def main() -> None:
        with pty() as (master, path):
            _, client = await SystemLines().connect(f"serial://{path}?baud=115200", Ear)
            await client.until(lambda: client.transport is not None)
            os.write(master, b"hello")
            await client.until(lambda: client.heard == b"hello")
            sent = os.urandom(60_000)
            client.transport.write(sent)
            client.transport.write(b"end")
            got = b""

            def read() -> None:
                nonlocal got
                got += os.read(master, 65536)
                client.changed.set()

            asyncio.get_running_loop().add_reader(master, read)
            await client.until(lambda: len(got) >= 60_003)
            asyncio.get_running_loop().remove_reader(master)
            assert got == sent + b"end"
            client.transport.close()
            await client.until(lambda: client.lost is not None)
            assert client.lost == [None]
            client.transport.close()
            client.transport.write(b"too late")

    asyncio.run(main())


def test_a_serial_hang_up_is_a_disconnection() -> None:
    async def main() -> None:
        with pty() as (master, path):
            _, client = open_serial(path, 9600, Ear)
            await client.until(lambda: client.transport is not None)
            os.close(master)
            await client.until(lambda: client.lost is not None)
            assert client.lost[0] is not None
            assert client.transport.is_closing()

    asyncio.run(main())


def test_a_serial_port_is_opened_by_one_only() -> None:
    async def main() -> None:
        with pty() as (_, path):
            transport, _ = open_serial(path, 9600, Ear)
            with pytest.raises(LineError, match="cannot open at 9600 baud: another process has it"):
                open_serial(path, 9600, Ear)
            transport.close()
            again, _ = open_serial(path, 9600, Ear)
            again.close()
            await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("tcp://127.0.0.1:{port}", "refused: the machine answers, but nothing listens"),
        ("tcp://localhost:{port}", "refused: the machine answers, but nothing listens"),
        ("tcp://no-such-host.invalid:502", "no machine of this name is known"),
        ("serial:///dev/none?baud=9600", "/dev/none: cannot open at 9600 baud: no such port"),
    ],
)
def test_why_a_line_cannot_be_opened_is_said_in_plain_words(url: str, words: str) -> None:
    async def main() -> None:
        (port,) = free_ports(1)
        with pytest.raises(LineError) as said:
            await SystemLines().connect(url.format(port=port), Ear)
        assert words in str(said.value) and "Errno" not in str(said.value)

    asyncio.run(main())
