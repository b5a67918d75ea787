import asyncio
import os
import pty
import tty
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from drivers.interfaces import Failure
from drivers.lines import LineError, SystemLines
from drivers.textline import TextLine


@dataclass
class Pty:
    """A pseudo-terminal: ``url`` for the program, ``master`` is the device's end."""

    master: int
    slave: int
    url: str
    closed: bool = False

    def hang_up(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self.slave)
            os.close(self.master)


@pytest.fixture
def port() -> Iterator[Pty]:
    master, slave = pty.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    terminal = Pty(master, slave, f"serial://{os.ttyname(slave)}?baud=9600")
    yield terminal
    terminal.hang_up()


async def opened(url: str) -> TextLine:
    _, line = await SystemLines().connect(url, lambda: TextLine(url))
    assert isinstance(line, TextLine)
    # The protocol gets its transport on the next turn of the loop.
    await asyncio.sleep(0)
    return line


def test_lines_pass_through_a_pty_both_ways(port: Pty) -> None:
    async def main() -> None:
        line = await opened(port.url)
        os.write(port.master, b"000001:   61.20HRC   Ok\r\n\xff\x00\r\n")
        assert await line.line(5) == b"000001:   61.20HRC   Ok"
        assert await line.line(5) == b"\xff\x00"
        assert line.write(b"?$I\n")
        assert os.read(port.master, 100) == b"?$I\n"
        line.close()

    asyncio.run(main())


def test_a_second_opener_is_refused_until_the_first_closes(port: Pty) -> None:
    async def main() -> None:
        first = await opened(port.url)
        with pytest.raises(LineError, match="cannot open"):
            await opened(port.url)
        os.write(port.master, b"still mine\n")
        assert await first.line(5) == b"still mine"
        first.close()
        second = await opened(port.url)
        os.write(port.master, b"now mine\n")
        assert await second.line(5) == b"now mine"
        second.close()

    asyncio.run(main())


def test_a_hang_up_is_seen_as_a_lost_line(port: Pty) -> None:
    async def main() -> None:
        line = await opened(port.url)
        os.write(port.master, b"last words\nhal")
        assert await line.line(5) == b"last words"
        asyncio.get_running_loop().call_soon(port.hang_up)
        assert await line.line(5) is Failure.NO_LINK
        assert not line.write(b"?")
        with pytest.raises(LineError):
            await opened(port.url)

    asyncio.run(main())


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(LineError, match="/dev/no-such-port"):
        asyncio.run(opened("serial:///dev/no-such-port"))
