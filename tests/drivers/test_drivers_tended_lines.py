"""Lines that are tended: counted, and told of once when lost and once when back."""

import asyncio
import logging

import pytest

from controller.operating.metrics import Meters
from drivers.lines import Bench, LineError
from drivers.tended_lines import TendedLines
from drivers.textline import TextLine
from runtime import run_virtual

URL = "memory://device"


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def opened(lines):
    _, port = await lines.connect(URL, lambda: TextLine(URL))
    return port


async def talk(port):
    port.write(b"hello\n")
    return await port.line(1.0)


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "hardlab.lines")
    return lambda: [record.getMessage() for record in caplog.records]


def test_loss_and_return_are_told_once_each_however_often_it_is_tried(told):
    async def main():
        bench = Bench()
        bench.listen(URL, Echo)
        lines = TendedLines(bench, {URL: "device"})
        tally = lines.tallies[URL]
        assert (tally.up, tally.errors) == (None, 0)
        assert await talk(await opened(lines)) == b"hello"
        assert tally.up is True
        bench.ports["device"].unplug()
        await asyncio.sleep(3)
        for _ in range(5):
            with pytest.raises(LineError):
                await opened(lines)
        assert (tally.up, tally.lost, tally.refused) == (False, 1, 5)
        bench.ports["device"].plugged = True
        port = await opened(lines)
        await talk(port)
        assert tally.up is False, "one word at once might be a stranger's"
        await asyncio.sleep(1)
        await talk(port)
        assert (tally.up, tally.reconnects, tally.errors) == (True, 1, 6)

    run_virtual(main())
    assert told() == [
        "device: line lost: closed by the other side; it is opened again by itself",
        "device: line is back after 4.0 s",
    ]


def test_a_stranger_that_is_given_up_again_and_again_is_told_of_once(told):
    async def main():
        bench = Bench()
        bench.listen(URL, Echo)
        lines = TendedLines(bench, {URL: "device"})
        for _ in range(5):
            port = await opened(lines)
            await talk(port)
            port.close()
            await asyncio.sleep(1)
        assert lines.tallies[URL].given_up == 5

    run_virtual(main())
    assert told() == [
        "device: line lost: given up: no fit answer came in time; it is opened again by itself"
    ]


def test_a_caller_that_was_cancelled_has_nothing_against_the_line(told):
    async def main():
        bench = Bench()
        bench.listen(URL, Echo)
        lines = TendedLines(bench, {URL: "device"})

        async def caller():
            port = await opened(lines)
            await talk(port)
            try:
                await asyncio.sleep(60)
            finally:
                port.close()

        task = asyncio.ensure_future(caller())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(1)
        assert lines.tallies[URL].errors == 0 and lines.tallies[URL].up

    run_virtual(main())
    assert told() == []


def test_the_metrics_show_every_line():
    async def main():
        bench = Bench()
        bench.listen(URL, Echo)
        lines = TendedLines(bench, {URL: "device", "memory://other": "other"})
        await talk(await opened(lines))
        with pytest.raises(LineError):
            await lines.connect("memory://other", Echo)
        meters = Meters(lambda: 0.0)
        meters.tended(lines.tallies.values())
        return [
            list(metric.lines())
            for metric in (meters.line_up, meters.line_errors, meters.line_reconnects)
        ]

    shown = "\n".join(str(lines) for lines in run_virtual(main()))
    assert 'hardlab_line_up{line="device"} 1' in shown
    assert 'hardlab_line_up{line="other"} 0' in shown
    assert 'hardlab_line_errors_total{kind="refused",line="other"} 1' in shown
