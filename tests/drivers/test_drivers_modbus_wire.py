"""What comes on a Modbus connection: in pieces, from others, twice, or never."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import pytest

from drivers.codecs.registers import Field, Table
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.lines import Bench
from drivers.modbus import ModbusLink
from runtime import run_virtual

TABLE = Table((Field("a", 0), Field("b", 1)))
URL = "memory://device"
READ = struct.pack(">BBHH", 3, 4, 11, 22)
WRITTEN = struct.pack(">BHH", 16, 0, 2)

Say = Callable[[bytes], None]
Reaction = Callable[[int, Say], None]


class Device(asyncio.Protocol):
    """Answers as the test says; ``asked`` counts the frames that came."""

    def __init__(self, reaction: Reaction) -> None:
        self.asked = 0
        self._reaction = reaction
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.asked += 1
        (number,) = struct.unpack_from(">H", data)
        self._reaction(number, self._transport.write)


def frame(number: int, pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu


def talk(reaction: Reaction, write: bool = False) -> tuple[Any, ModbusLink, Device, float]:
    """Return what came of one transaction, who took part, and how long it took, s."""
    device = Device(reaction)

    async def main() -> Any:
        bench = Bench()
        bench.listen(URL, lambda: device)
        link = ModbusLink(bench, URL)
        outcome = await (link.write(TABLE, [1, 2]) if write else link.read(TABLE))
        took = asyncio.get_running_loop().time()
        await asyncio.sleep(5)
        return outcome, link, device, took

    return run_virtual(main())


def test_an_answer_may_come_byte_by_byte() -> None:
    def dribble(number: int, say: Say) -> None:
        for byte in frame(number, READ):
            say(bytes((byte,)))

    outcome, link, _, _ = talk(dribble)
    assert outcome == Done([11, 22]) and link.discarded == 0


@pytest.mark.parametrize("foreign", [(0, 9), (1, 1)])
def test_what_answers_another_question_is_passed_over_and_the_right_answer_heard(
    foreign: tuple[int, int],
) -> None:
    ahead, unit = foreign

    def interrupted(number: int, say: Say) -> None:
        say(frame(number + ahead, struct.pack(">BBHH", 3, 4, 6, 6), unit))
        say(frame(number, READ))

    outcome, _, device, _ = talk(interrupted)
    assert outcome == Done([11, 22]) and device.asked == 1


def test_if_nothing_else_comes_it_is_a_bad_reply_and_says_whose() -> None:
    def stranger(number: int, say: Say) -> None:
        say(frame(number, WRITTEN, unit=9))

    outcome, _, device, took = talk(stranger, write=True)
    assert isinstance(outcome, Unknown) and outcome.reason is Failure.BAD_REPLY
    assert "unit 9 answered" in outcome.detail
    assert device.asked == 1 and took == pytest.approx(1.0)


def test_an_answer_that_comes_twice_is_counted_as_stray_and_answers_nothing_more() -> None:
    def twice(number: int, say: Say) -> None:
        say(2 * frame(number, READ))

    outcome, link, _, _ = talk(twice)
    assert outcome == Done([11, 22]) and link.discarded == len(frame(1, READ))


def test_bytes_that_are_no_frame_are_waited_out() -> None:
    outcome, _, device, took = talk(lambda number, say: say(b"220 mail.example ready\r\n"))
    assert isinstance(outcome, NotDone) and outcome.reason is Failure.NO_REPLY
    assert device.asked == 2 and took == pytest.approx(2.0)


def test_a_line_that_is_lost_half_way_through_an_answer_is_known_at_once() -> None:
    async def main() -> None:
        bench = Bench()
        half = Device(lambda number, say: say(frame(number, WRITTEN)[:6]))
        port = bench.listen(URL, lambda: half)
        link = ModbusLink(bench, URL, reply_s=60.0)
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, port.hang_up)
        outcome = await link.write(TABLE, [1, 2])
        assert isinstance(outcome, Unknown) and "line lost" in outcome.detail
        assert half.asked == 1 and loop.time() == pytest.approx(0.1)

    run_virtual(main())


def test_a_cancellation_that_comes_together_with_the_answer_is_heeded() -> None:
    async def main() -> None:
        bench = Bench()
        tasks: list[asyncio.Task[Any]] = []

        def answer(number: int, say: Say) -> None:
            say(frame(number, READ))
            # After the answer has come, before who waits for it is woken.
            loop = asyncio.get_running_loop()
            loop.call_soon(tasks[0].cancel)

        bench.listen(URL, lambda: Device(answer))
        link = ModbusLink(bench, URL)
        tasks.append(asyncio.ensure_future(link.read(TABLE)))
        await asyncio.wait(tasks)
        assert tasks[0].cancelled()

    run_virtual(main())


def passing(reaction: Reaction, scene: Callable[[ModbusLink, list[Any]], Any]) -> Any:
    """Read once in full, so that the line stands, then play the scene."""

    async def main() -> Any:
        bench = Bench()
        bench.listen(URL, lambda: Device(reaction))
        link = ModbusLink(bench, URL)
        assert isinstance(await link.read(TABLE), Done)
        return await scene(link, [])

    return run_virtual(main())


def after_the_first(later: Reaction) -> Reaction:
    asked = [0]

    def react(number: int, say: Say) -> None:
        asked[0] += 1
        if asked[0] == 1:
            say(frame(number, READ))
        else:
            later(number, say)

    return react


def test_who_wants_the_line_waits_for_the_answer_to_a_question_in_passing() -> None:
    def slowly(number: int, say: Say) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, say, frame(number, READ))

    async def scene(link: ModbusLink, heard: list[Any]) -> None:
        assert link.read_in_passing(TABLE, heard.append)
        assert not link.read_in_passing(TABLE, heard.append), "one at a time"
        assert await link.read(TABLE) == Done([11, 22])
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)
        assert heard == [Done([11, 22])]

    passing(after_the_first(slowly), scene)


def test_a_question_in_passing_that_is_never_answered_holds_nobody_beyond_its_deadline() -> None:
    silent = [True]

    def once_silent(number: int, say: Say) -> None:
        if silent:
            silent.clear()
            # It comes when the line has been given up long since.
            asyncio.get_running_loop().call_later(1.5, say, frame(number, WRITTEN))
        else:
            say(frame(number, READ))

    async def scene(link: ModbusLink, heard: list[Any]) -> None:
        assert link.read_in_passing(TABLE, heard.append)
        assert await link.read(TABLE) == Done([11, 22])
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)
        # Put anew, in full: that is what None asks for.
        assert heard == [None]
        assert link.read_in_passing(TABLE, heard.append)
        await asyncio.sleep(2)
        assert heard == [None, Done([11, 22])]

    passing(after_the_first(once_silent), scene)


def test_a_write_in_passing_is_judged_as_one_in_full() -> None:
    refused = bytes((16 | 0x80, 2))

    async def scene(link: ModbusLink, heard: list[Any]) -> None:
        assert link.write_in_passing(TABLE, [1, 2], heard.append)
        await asyncio.sleep(0.1)
        (outcome,) = heard
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.EXCEPTION_REPLY

    passing(after_the_first(lambda number, say: say(frame(number, refused))), scene)


def test_a_line_that_is_closed_under_a_question_in_passing_lets_the_next_one_begin() -> None:
    async def scene(link: ModbusLink, heard: list[Any]) -> None:
        assert link.read_in_passing(TABLE, heard.append)
        link.close()
        await asyncio.sleep(0.1)
        assert heard == [None]
        assert not link.read_in_passing(TABLE, heard.append), "no line"

    passing(after_the_first(lambda number, say: None), scene)
