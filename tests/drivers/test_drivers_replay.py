"""A recording plays either side, and tells the first byte that is not as it was."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import assembly
from drivers.conversations import LineStory, tell
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.linelog import Record, Sign, Start, log_files, read_log
from drivers.lines import Bench, LineError
from drivers.modbus import ModbusLink
from drivers.recorded_lines import RecordedLines
from drivers.replay import ReplayedLine, ReplayedLines, replay_driver
from drivers.station_plc import StationPlc
from drivers.textline import TextLine
from hil_sim.faults import Fault, Faults
from hil_sim.scenario.crash import walk
from runtime import Clock, run_virtual, within
from tests.labs import lab_config, tray, truths
from tests.rig_modbus import STATION_URL, StationRig, order

URL = "memory://device"
CLOCK = Clock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
START = Start("device", URL, CLOCK.origin)


def script(*steps, connection=1):
    """A story from (second, sign, bytes)."""
    records = [Record(round(at * 1e6), connection, Sign(sign), data) for at, sign, data in steps]
    return tell([START, *records])


def both(*stories):
    return LineStory(tuple(talk for s in stories for talk in s.conversations), 0)


ASKED = script((1, "+", b""), (2, ">", b"ask\n"), (2.5, "<", b"answer\n"), (4, "<", b"more\n"))


async def connected(line):
    _, port = await ReplayedLines([line]).connect(line.url, lambda: TextLine("t"))
    return port


# -- the device's side -------------------------------------------------------------


def test_answers_keep_their_distance_from_what_they_answer():
    async def main():
        line, loop = ReplayedLine(ASKED), asyncio.get_running_loop()
        port = await connected(line)
        await asyncio.sleep(10)
        asked = loop.time()
        port.write(b"ask\n")
        first = await port.line(5), loop.time() - asked
        second = await port.line(5), loop.time() - asked
        return line, first, second

    line, first, second = run_virtual(main())
    assert first == (b"answer", pytest.approx(0.5))
    assert second == (b"more", pytest.approx(2.0))
    assert line.divergence is None and line.unsaid == 0


def test_the_first_divergent_byte_is_told_with_both_sides_and_the_time():
    async def main():
        line = ReplayedLine(ASKED)
        port = await connected(line)
        port.write(b"as")
        port.write(b"x\n")
        ended = await port.line(5)
        with pytest.raises(LineError, match="has ended"):
            await connected(line)
        return line, ended

    line, ended = run_virtual(main())
    found = line.divergence
    assert ended is Failure.NO_LINK
    assert (found.conversation, found.offset, found.at_us) == (1, 2, 2_000_000)
    assert (found.recorded, found.replayed) == (b"k\n", b"x\n")
    for word in ("2.000000 s", "connection 1", "byte 2 of the driver", "6b 0a", "78 0a"):
        assert word in str(found)


def test_a_lenient_replay_goes_on_by_counting():
    async def main():
        line = ReplayedLine(ASKED, strict=False)
        port = await connected(line)
        port.write(b"axk\n")
        return line, await port.line(5)

    line, answer = run_virtual(main())
    assert answer == b"answer"
    assert line.divergence.offset == 1


def test_what_the_driver_says_beyond_the_recording_diverges():
    async def main():
        line = ReplayedLine(ASKED)
        port = await connected(line)
        port.write(b"ask\n!")
        await asyncio.sleep(5)
        return line.divergence

    found = run_virtual(main())
    assert (found.offset, found.recorded, found.replayed) == (4, b"", b"!")


def test_a_driver_that_hangs_up_early_diverges_and_one_that_stays_silent_owes():
    async def main():
        early, mute = ReplayedLine(ASKED), ReplayedLine(ASKED)
        port = await connected(early)
        port.write(b"as")
        await asyncio.sleep(0)
        port.close()
        port = await connected(mute)
        await asyncio.sleep(100)
        return early, mute, port.closed

    early, mute, closed = run_virtual(main())
    assert (early.divergence.offset, early.divergence.recorded) == (2, b"k\n")
    assert "closed" in str(early.divergence)
    assert mute.divergence is None and mute.unsaid == 4 and not closed


def test_refusals_silence_and_loss_are_played_again():
    story = both(
        script((0, "!", b"no device answers")),
        script((1, "!", b""), connection=2),
        script((2, "+", b""), (3, "<", b"hi\n"), (4, "-", b"pulled"), connection=3),
    )

    async def main():
        line = ReplayedLine(story)
        with pytest.raises(LineError, match="no device answers"):
            await connected(line)
        with pytest.raises(TimeoutError):
            async with within(3, "open"):
                await connected(line)
        port = await connected(line)
        said = [await port.line(1.5), await port.line(5)]
        assert line.divergence is None
        with pytest.raises(LineError, match="no further"):
            await connected(line)
        return said, line.divergence

    said, found = run_virtual(main())
    assert said == [b"hi", Failure.NO_LINK]
    assert "once more" in str(found)


# -- the driver's side -------------------------------------------------------------


def recorded_rig(folder, meanwhile=None, calls=None):
    """Let a driver work on a simulated station and record its line."""

    async def main():
        rig = StationRig()
        if meanwhile is not None:
            meanwhile(rig)
        lines = RecordedLines(rig.bench, rig.clock, folder, {STATION_URL: "station"})
        return await (calls or cycle)(StationPlc(ModbusLink(lines, STATION_URL), rig.clock))

    outcome = run_virtual(main())
    return outcome, tell(read_log(*log_files(folder)["station"]))


async def cycle(plc):
    claimed = await plc.claim(1)
    indented = await plc.indent(order(), claimed.value)
    return claimed, indented, await plc.climate()


def play_against(story, change=None):
    async def main():
        rig = StationRig()
        if change is not None:
            change(rig)
        tally = await replay_driver(story, rig.bench)
        return tally, rig.marks

    return run_virtual(main())


def test_a_simulated_device_answers_the_recorded_driver_byte_for_byte(tmp_path):
    _, story = recorded_rig(tmp_path)
    tally, marks = play_against(story)
    assert tally.divergence is None
    assert tally.said == len(story.conversations[0].said(Sign.SENT))
    assert tally.compared == len(story.conversations[0].said(Sign.HEARD))
    assert len(marks) == 1, "the device really made the indentation"


def test_a_device_that_answers_otherwise_is_found_at_the_byte(tmp_path):
    _, story = recorded_rig(tmp_path)
    tally, marks = play_against(story, lambda rig: setattr(rig.sim, "humidity_pct", 45.01))
    found = tally.divergence
    assert found.side == "device" and found.conversation == 1
    # MBAP header 7, function and length 2, then humidity is register 25 of STATUS: low byte.
    # Before it came the name plate, by which the driver knows its device: 13 bytes.
    assert found.offset == 13 + 9 + 2 * 25 + 1
    assert (found.recorded[0], found.replayed[0]) == (4500 & 0xFF, 4501 & 0xFF)
    assert not marks, "strict: nothing more is said after the first divergence"


def test_a_device_that_stays_silent_is_told_and_not_waited_for_for_ever(tmp_path):
    _, story = recorded_rig(tmp_path)
    tally, _ = play_against(story, lambda rig: rig.faults.inject("lose-reply", count=None))
    assert "silent" in str(tally.divergence)
    assert tally.divergence.replayed == b""


def test_a_device_that_hangs_up_early_is_told():
    class Rude(asyncio.Protocol):
        def connection_made(self, transport):
            asyncio.get_running_loop().call_later(1.2, transport.close)

    async def main():
        bench = Bench()
        bench.listen(URL, Rude)
        return await replay_driver(ASKED, bench)

    found = run_virtual(main()).divergence
    assert (found.side, found.offset, found.recorded) == ("device", 0, b"answer\nmore\n")
    assert "closed" in str(found)


def test_no_line_to_the_device_is_told():
    with pytest.raises(LineError, match="no device answers"):
        run_virtual(replay_driver(ASKED, Bench()))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("<>"), st.binary(min_size=1, max_size=20), st.integers(0, 3000)),
        max_size=12,
    )
)
def test_a_recording_is_a_perfect_partner_of_itself(steps):
    """Device's side against driver's side of one recording: no divergence, all bytes passed."""
    at, records = 0, [Record(0, 1, Sign.OPENED)]
    for sign, data, gap in steps:
        at += gap
        records.append(Record(at, 1, Sign(sign), data))
    story = tell([START, *records])

    async def main():
        device = ReplayedLine(story)
        tally = await replay_driver(story, ReplayedLines([device]))
        return device, tally

    device, tally = run_virtual(main())
    assert device.divergence is None and tally.divergence is None
    assert device.unsaid == 0
    assert tally.compared == len(story.conversations[0].said(Sign.HEARD))


# -- a fault seen in a lab becomes a test -------------------------------------------


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (Fault.LOSE_REPLY, Done),
        (Fault.DROP_CONNECTION, Done),
        (Fault.GARBLE, Done),
        (Fault.STALE_REPLY, Done),
        (Fault.HANG, Unknown),
    ],
)
def test_a_fault_on_the_wire_replays_to_the_same_outcome(fault, last, tmp_path):
    def strike(rig):
        def is_indent(data):
            return data[7] == 16 and data[18] == 2

        def after_indent(data):
            return data[7] == 16 and rig.sim.machine.interrupted

        direction = "to_device" if fault is Fault.HANG else "to_client"
        when = is_indent if fault is Fault.HANG else after_indent
        rig.faults.inject(fault, when=when, direction=direction, seconds=60.0)

    outcome, story = recorded_rig(tmp_path, strike)
    assert isinstance(outcome[1], last), outcome
    line = ReplayedLine(story)

    async def main():
        lines = ReplayedLines([line])
        return await cycle(StationPlc(ModbusLink(lines, STATION_URL), CLOCK))

    assert run_virtual(main()) == outcome
    assert line.divergence is None and line.unsaid == 0


def strikes_the_reading(fault):
    """Put one fault on the first answer after the indenter has met the block."""

    def strike(rig):
        def after_contact(data):
            return rig.sim.machine.interrupted

        rig.faults.inject(fault, when=after_contact, direction="to_client", count=1)

    return strike


@pytest.mark.parametrize("fault", [Fault.STALE_REPLY, Fault.GARBLE])
def test_a_fault_seen_in_a_lab_is_shown_by_a_sound_device_and_made_again_by_a_faulty_one(
    fault, tmp_path
):
    """Played to a device in order, the recording names the byte that was wrong in the lab."""
    _, story = recorded_rig(tmp_path, strikes_the_reading(fault))
    sound, marks = play_against(story)
    assert sound.divergence is not None and sound.divergence.side == "device"
    before = sound.compared
    faulty, marks = play_against(story, strikes_the_reading(fault))
    assert len(marks) == 1
    assert faulty.divergence is None and faulty.compared > before


@dataclass
class Call:
    """A call of a driver: when, what, and which calls had ended before it began."""

    at: float
    name: str
    args: tuple
    after: frozenset
    outcome: object = None


class Witness:
    """Stands before a driver and writes down what it is asked and what comes of it."""

    def __init__(self, driver):
        self._driver, self.calls, self._ended = driver, [], set()

    def __getattr__(self, name):
        async def call(*args):
            at = asyncio.get_running_loop().time()
            seen = Call(at, name, args, frozenset(self._ended))
            number = len(self.calls)
            self.calls.append(seen)
            seen.outcome = await getattr(self._driver, name)(*args)
            self._ended.add(number)
            return seen.outcome

        return call


async def called_again(calls, driver):
    """Make the same calls at the same times, each after those that it had followed."""
    tasks = []

    async def make(call):
        for number in call.after:
            await asyncio.shield(tasks[number])
        await asyncio.sleep(call.at - asyncio.get_running_loop().time())
        return await getattr(driver, call.name)(*call.args)

    for call in calls:
        tasks.append(asyncio.ensure_future(make(call)))
    return await asyncio.gather(*tasks)


def test_a_fault_of_a_whole_run_replays_against_the_driver_alone(tmp_path, monkeypatch):
    """A cell works, the wire fails; the log alone then gives the driver the same fate again."""
    witnesses, connect = [], assembly.connect_devices
    config = lab_config()
    url = config.devices.station.url

    def watched(config, lines, clock, spool, hands):
        lines = RecordedLines(lines, clock, tmp_path / "lines", {url: "station"})
        devices = connect(config, lines, clock, spool, hands)
        witnesses.append(Witness(devices.tester))
        roles = ("tester", "sensors", "sizing", "climate", "heartbeat")
        seen = dict.fromkeys(roles, witnesses[0])
        beat = replace(devices.signs["station"], ask=witnesses[0].beat, nod=None)
        seen["signs"] = {**devices.signs, "station": beat}
        return assembly.Devices(
            **{name: seen.get(name, getattr(devices, name)) for name in devices.__slots__}
        )

    async def trouble(lab, clock):
        await clock.sleep(108)
        faults = Faults(lab.cell.station)
        faults.inject(Fault.LOSE_REPLY, count=3)
        await clock.sleep(60)
        faults.inject(Fault.DROP_CONNECTION, count=2)
        await clock.sleep(10)
        faults.inject(Fault.GARBLE, count=4)

    monkeypatch.setattr(assembly, "connect_devices", watched)
    run_ = walk(config, tray("2007-102"), truths(), tmp_path, trouble=trouble)
    assert run_.broken == ()
    (witness,) = witnesses
    story = tell(read_log(*log_files(tmp_path / "lines")["station"]))
    assert len(story.conversations) > 3, "the faults made the driver open its line again"

    line = ReplayedLine(story)

    async def main():
        link = ModbusLink(ReplayedLines([line]), url, reply_s=config.devices.station.timeout_s)
        times = config.durations.cycle.times()
        plc = StationPlc(link, Clock(CLOCK.origin), times, measure_s=config.durations.measure_s)
        return await called_again(witness.calls, plc)

    again = run_virtual(main())
    assert line.divergence is None, str(line.divergence)
    assert again == [call.outcome for call in witness.calls]
    assert line.unsaid == 0
    assert any(isinstance(outcome, NotDone | Unknown) for outcome in again), "it told of trouble"
