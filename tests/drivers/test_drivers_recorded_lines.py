"""Recording changes nothing for driver and device, and misses nothing."""

import asyncio
import os
import pty
import tty
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.conversations import tell
from drivers.interfaces import Done
from drivers.linelog import Sign, log_files, read_log
from drivers.lines import Bench, LineError, SystemLines
from drivers.modbus import ModbusLink
from drivers.recorded_lines import RecordedLines, name_of
from drivers.station_plc import StationPlc
from drivers.textline import TextLine
from runtime import Clock, run_virtual, within
from tests.rig_modbus import STATION_URL, StationRig, order

CLOCK = Clock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


class Echo(asyncio.Protocol):
    """Sends back what it hears, and closes at a Q."""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"hello\n")

    def data_received(self, data):
        self.transport.write(data)
        if b"Q" in data:
            self.transport.close()


def recorded(lines, folder, names=None):
    return RecordedLines(lines, CLOCK, folder, names)


def story(folder, name):
    return tell(read_log(*log_files(folder)[name]))


def signs(talk):
    return "".join(record.sign for record in talk.records)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=50).filter(lambda b: b"Q" not in b), max_size=8))
def test_both_directions_are_kept_as_they_passed(tmp_path_factory, packets):
    folder = tmp_path_factory.mktemp("lines")

    async def main():
        bench = Bench()
        bench.listen("memory://echo", Echo)
        lines = recorded(bench, folder, {"memory://echo": "echo"})
        transport, port = await lines.connect("memory://echo", lambda: TextLine("echo"))
        assert isinstance(port, TextLine)
        await asyncio.sleep(1)
        for packet in packets:
            transport.write(packet)
            await asyncio.sleep(1)
        heard = port.buffer.take()
        transport.close()
        await asyncio.sleep(0)
        lines.close()
        return heard

    heard = run_virtual(main())
    (talk,) = story(folder, "echo").conversations
    assert talk.said(Sign.SENT) == b"".join(packets)
    assert talk.said(Sign.HEARD) == heard == b"hello\n" + b"".join(packets)
    assert signs(talk).startswith("+") and signs(talk).endswith("x")
    sent = [r for r in talk.records if r.sign is Sign.SENT]
    assert [r.data for r in sent] == packets
    assert [r.at_us for r in sent] == [(i + 1) * 1_000_000 for i in range(len(packets))]


def test_who_closed_a_line_is_kept(tmp_path):
    async def main():
        bench = Bench()
        bench.listen("memory://echo", Echo)
        lines = recorded(bench, tmp_path)
        for last in (b"Q", b"mine"):
            transport, _ = await lines.connect("memory://echo", lambda: TextLine("echo"))
            transport.write(last)
            await asyncio.sleep(1)
            transport.close()
            assert transport.is_closing()
            transport.write(b"nobody hears")
            await asyncio.sleep(1)

    run_virtual(main())
    first, second = story(tmp_path, "memory-echo").conversations
    assert signs(first)[-1] == Sign.LOST and signs(second)[-1] == Sign.CLOSED
    assert first.said(Sign.SENT) == b"Q" and second.said(Sign.SENT) == b"mine"


def test_a_line_that_cannot_be_opened_leaves_its_reason(tmp_path):
    class Never:
        async def connect(self, url, factory):
            await asyncio.Event().wait()

    async def main():
        with pytest.raises(LineError, match="no device answers"):
            await recorded(Bench(), tmp_path).connect("memory://gone", lambda: TextLine("x"))
        with pytest.raises(TimeoutError):
            async with within(2, "open"):
                await recorded(Never(), tmp_path).connect("memory://mute", lambda: TextLine("x"))

    run_virtual(main())
    (gone,) = story(tmp_path, "memory-gone").conversations
    assert "no device answers" in gone.refused
    (mute,) = story(tmp_path, "memory-mute").conversations
    assert mute.refused == "" and mute.at_us == 2_000_000


def test_a_modbus_driver_behaves_the_same_recorded_or_not(tmp_path):
    async def life(wrap):
        rig = StationRig()
        plc = StationPlc(ModbusLink(wrap(rig.bench), STATION_URL), rig.clock)
        claimed = await plc.claim(1)
        assert isinstance(claimed, Done)
        rig.faults.inject("lose-reply", when=lambda data: data[7] == 16)
        ended = await plc.indent(order(), claimed.value)
        return claimed, ended, await plc.climate(), asyncio.get_running_loop().time(), rig.records

    plain = run_virtual(life(lambda bench: bench))
    wrapped = run_virtual(life(lambda bench: recorded(bench, tmp_path)))
    assert wrapped == plain
    first, second = story(tmp_path, "memory-station").conversations
    assert signs(first)[-1] == Sign.CLOSED, "given up by the driver after the lost reply"
    assert len(second.said(Sign.HEARD)) > 0


def test_a_serial_line_is_recorded_too(tmp_path):
    """The transport exists before its protocol hears of it."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    async def main():
        lines = recorded(SystemLines(), tmp_path, {f"serial://{os.ttyname(slave)}": "tester"})
        _, port = await lines.connect(f"serial://{os.ttyname(slave)}", lambda: TextLine("t"))
        os.write(master, b"result\r\n")
        assert await port.line(5) == b"result"
        port.write(b"thanks")
        assert os.read(master, 6) == b"thanks"
        port.close()
        await asyncio.sleep(0)

    asyncio.run(main())
    os.close(master)
    os.close(slave)
    (talk,) = story(tmp_path, "tester").conversations
    assert (talk.said(Sign.SENT), talk.said(Sign.HEARD)) == (b"thanks", b"result\r\n")
    assert signs(talk)[0] == Sign.OPENED and signs(talk)[-1] == Sign.CLOSED


def test_a_disk_that_refuses_does_not_disturb_the_line(tmp_path, caplog):
    (tmp_path / "lines").write_text("in the way")

    async def main():
        bench = Bench()
        bench.listen("memory://echo", Echo)
        lines = recorded(bench, tmp_path / "lines")
        _, port = await lines.connect("memory://echo", lambda: TextLine("echo"))
        port.write(b"still here\n")
        return [await port.line(1), await port.line(1)]

    assert run_virtual(main()) == [b"hello", b"still here"]
    assert "not recorded" in caplog.text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("tcp://192.168.10.20:502", "tcp-192-168-10-20-502"),
        ("serial:///dev/ttyUSB0?baud=9600", "serial-dev-ttyUSB0-baud-9600"),
        ("://", "line"),
    ],
)
def test_a_line_without_a_name_is_called_after_its_url(url, name):
    assert name_of(url) == name
