import asyncio
import base64
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import dmcc
from drivers.codecs.dmcc import Command, Dialect, Rejected, Reply
from drivers.dataman_reader import DataManReader
from drivers.interfaces import Dimensions, Done, Failure, NotDone, Outcome, Sized
from drivers.lines import Bench
from drivers.sizing import ComposedSizing
from runtime import Clock, run_virtual

URL = "memory://reader"


def test_the_published_commands_and_replies() -> None:
    assert dmcc.encode_command(Command("TRIGGER ON")) == b"||>TRIGGER ON\r\n"
    assert dmcc.encode_command(Command("TRIGGER ON", 123)) == b"||0:123>TRIGGER ON\r\n"
    assert dmcc.parse_reply(b"||[0]ON") == Reply(0, b"ON")
    assert dmcc.parse_reply(b"||0:123[0]") == Reply(0, b"", 123)
    assert dmcc.parse_reply(b"||0:7[101]") == Reply(101, b"", 7)
    assert dmcc.parse_command(b"||>GET SYMBOL.DATAMATRIX") == Command("GET SYMBOL.DATAMATRIX")


@pytest.mark.parametrize(
    "line", [b"", b"ON", b"|[0]", b"||0:1", b"||0:1[]", b"||1:5[0]ONx", b"||x[0]", b"||0:1[0000]"]
)
def test_a_line_that_is_no_reply_is_rejected(line: bytes) -> None:
    assert isinstance(dmcc.parse_reply(line), Rejected)


NUMBERS = st.none() | st.integers(1, 9999)
DATA = st.binary(max_size=40).filter(lambda b: b"\r" not in b and b"\n" not in b)


@given(st.integers(0, 999), DATA, NUMBERS)
def test_a_reply_is_read_as_it_was_written(status: int, data: bytes, number: int | None) -> None:
    reply = Reply(status, data, number)
    assert dmcc.parse_reply(dmcc.encode_reply(reply).removesuffix(b"\r\n")) == reply


TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40)


@given(TEXT, NUMBERS)
def test_a_command_is_read_as_it_was_written(text: str, number: int | None) -> None:
    sent = dmcc.encode_command(Command(text, number))
    assert dmcc.parse_command(sent.removesuffix(b"\r\n")) == Command(text.strip(), number)


@pytest.mark.parametrize("text", ["A\r\nB", "标", "A\x00"])
def test_a_command_that_breaks_its_line_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="not one line"):
        dmcc.encode_command(Command(text))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_reply_or_rejected_and_never_an_exception(line: bytes) -> None:
    reply = dmcc.parse_reply(line)
    assert isinstance(reply, Reply | Rejected)
    assert isinstance(dmcc.decode_read(line, Dialect()), str | Rejected | None)


@given(st.text(min_size=1, max_size=30).filter(lambda t: t.isprintable()), st.booleans())
def test_a_code_comes_through(code: str, encoded: bool) -> None:
    dialect = Dialect(no_read=frozenset(), encoded=encoded)
    assert dmcc.decode_read(dmcc.encode_read(code.encode(), dialect), dialect) == code


@pytest.mark.parametrize("data", [b"B1-CODE!", b"QQ", b"_w==", base64.b64encode(b"\xff\xfe")])
def test_what_is_no_text_in_base64_is_no_code(data: bytes) -> None:
    assert isinstance(dmcc.decode_read(data, Dialect()), Rejected)


@pytest.mark.parametrize("no_read", [b"", b"NO-READ", b"NOREAD"])
def test_a_no_read_is_none(no_read: bytes) -> None:
    assert dmcc.decode_read(base64.b64encode(no_read), Dialect()) is None


# -- the driver against a scripted far end ------------------------------------------


class FarEnd(asyncio.Protocol):
    """A reader that answers by script: ``{n}`` is the number of the command."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.setup = b"||0:{n}[0]\r\n"
        self.trigger = b"||0:{n}[0]\r\n||[1]QjEtQ09ERQ==\r\n"
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        command = dmcc.parse_command(data.removesuffix(b"\r\n"))
        assert isinstance(command, Command)
        script = self.trigger if command.text == dmcc.TRIGGER else self.setup
        self.say(script.replace(b"{n}", str(command.number).encode()))

    def say(self, data: bytes) -> None:
        assert self.transport is not None
        if data:
            self.transport.write(data)


@dataclass
class Rig:
    reader: DataManReader
    far: FarEnd
    clock: Clock
    bench: Bench


def with_reader(scene: Callable[[Rig], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        clock, bench, far = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), Bench(), FarEnd()
        bench.listen(URL, lambda: far)
        await scene(Rig(DataManReader(bench, URL, clock, **options), far, clock, bench))

    run_virtual(main())


def refused(outcome: object) -> Failure:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


def test_one_trigger_one_code_and_replies_are_switched_on_once_a_line() -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.reader.read_code() == Done("B1-CODE")
        assert await rig.reader.read_code() == Done("B1-CODE")
        assert rig.far.heard == [
            b"||0:1>SET COM.DMCC-RESPONSE 1\r\n",
            b"||0:2>TRIGGER ON\r\n",
            b"||0:3>TRIGGER ON\r\n",
        ]

    with_reader(scene)


def test_a_plain_code_is_read_when_the_reader_is_set_up_so() -> None:
    async def scene(rig: Rig) -> None:
        rig.far.trigger = b"||0:{n}[0]\r\n||0:0[1]B1-CODE\r\n"
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene, dialect=Dialect(encoded=False))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", Failure.NO_REPLY),
        (b"||0:{n}[0]\r\n", Failure.NO_REPLY),
        (b"||0:{n}[0]\r\n||[1]QjEtQ09ERQ==", Failure.NO_REPLY),
        (b"||0:{n}[101]\r\n", Failure.BAD_ARGUMENT),
        (b"||0:{n}[104]\r\n", Failure.NOT_READY),
        (b"||0:{n}[100]\r\n", Failure.EXCEPTION_REPLY),
        (b"||0:{n}[105]\r\n", Failure.EXCEPTION_REPLY),
        (b"||0:9999[0]\r\n||[1]QjEtQ09ERQ==\r\n", Failure.BAD_REPLY),
        (b"||[1]QjEtQ09ERQ==\r\n||0:{n}[0]\r\n", Failure.BAD_REPLY),
        (b"||0:{n}[0]\r\n||[1]QjEtQ09ERQ==\r\n||[1]QjI=\r\n", Failure.BAD_REPLY),
        (b"||0:{n}[0]\r\n||[1]B1-CODE\r\n", Failure.BAD_REPLY),
        (b"||0:{n}[0]\r\nB1-CODE\r\n", Failure.BAD_REPLY),
        (b"B1-CODE\r\n", Failure.BAD_REPLY),
        (b"x" * 1000 + b"\r\n", Failure.NO_REPLY),
        (b"Welcome to the printer\r\nlogin: ", Failure.BAD_REPLY),
    ],
    ids=repr,
)
def test_a_code_counts_only_as_the_one_answer_to_its_trigger(
    answer: bytes, reason: Failure
) -> None:
    async def scene(rig: Rig) -> None:
        good, rig.far.trigger = rig.far.trigger, answer
        assert refused(await rig.reader.read_code()) is reason
        rig.far.trigger = good
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene)


def test_a_code_that_was_pushed_before_the_trigger_is_never_taken() -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.reader.read_code() == Done("B1-CODE")
        rig.far.say(b"||[1]QjI=\r\n")
        await asyncio.sleep(0.01)
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene)


def test_a_code_that_comes_late_never_answers_the_next_trigger() -> None:
    async def scene(rig: Rig) -> None:
        good, rig.far.trigger = rig.far.trigger, b"||0:{n}[0]\r\n"
        asyncio.get_running_loop().call_later(5.0, rig.far.say, b"||[1]QjI=\r\n")
        assert refused(await rig.reader.read_code()) is Failure.NO_REPLY
        rig.far.trigger = good
        assert await rig.reader.read_code() == Done("B1-CODE")

    with_reader(scene)


def test_an_unplugged_reader_is_no_link_and_comes_back() -> None:
    async def scene(rig: Rig) -> None:
        port = rig.bench.ports["reader"]
        assert await rig.reader.read_code() == Done("B1-CODE")
        port.unplug()
        assert refused(await rig.reader.read_code()) is Failure.NO_LINK
        port.plugged = True
        assert await rig.reader.read_code() == Done("B1-CODE")
        assert rig.far.heard.count(b"||0:1>SET COM.DMCC-RESPONSE 1\r\n") == 1
        assert sum(b"DMCC-RESPONSE" in line for line in rig.far.heard) == 2

    with_reader(scene)


# -- any gauge with any reader --------------------------------------------------------

SIZE = Dimensions(Decimal("10.00"), Decimal("60.0"), Decimal("61"))


class Said:
    """A gauge and a reader that say what they were told to."""

    def __init__(self, size: Outcome[Dimensions], code: Outcome[str | None]) -> None:
        self._size, self._code = size, code

    async def dimensions(self) -> Outcome[Dimensions]:
        return self._size

    async def read_code(self) -> Outcome[str | None]:
        return self._code


@pytest.mark.parametrize("code", ["B1", None])
def test_a_block_is_sized_and_read(code: str | None) -> None:
    parts = Said(Done(SIZE), Done(code))
    sized = run_virtual(ComposedSizing(parts, parts).measure())
    assert sized == Done(Sized(Decimal("10.00"), Decimal("60.0"), Decimal("61"), code))


def test_a_part_that_fails_is_no_block_without_a_code() -> None:
    broken = NotDone(Failure.NO_LINK, "gone")
    for parts in (Said(broken, Done("B1")), Said(Done(SIZE), broken)):
        assert run_virtual(ComposedSizing(parts, parts).measure()) == broken
