import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.interfaces import Failure
from drivers.lines import Bench
from drivers.textline import LineBuffer, TextLine
from runtime import run_virtual

URL = "memory://peer"


class Peer(asyncio.Protocol):
    """The far end: a test writes through ``transport`` and reads ``heard``."""

    transport: asyncio.WriteTransport

    def __init__(self) -> None:
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data


def talk(scene: Callable[[TextLine, Peer], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        bench, peer = Bench(), Peer()
        bench.listen(URL, lambda: peer)
        _, line = await bench.connect(URL, lambda: TextLine(URL, **options))
        assert isinstance(line, TextLine)
        await scene(line, peer)

    run_virtual(main())


def buffer(longest: int = 20, most: int = 1000, *, keep_long: bool = False) -> LineBuffer:
    return LineBuffer("test", longest=longest, most=most, keep_long=keep_long)


def lines_of(text: LineBuffer) -> list[bytes]:
    return list(iter(text.line, None))


LINES = st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"").rstrip(b"\r")))


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.lists(st.integers(0, 400), max_size=8))
def test_the_pieces_in_which_bytes_arrive_do_not_matter(
    lines: list[bytes], end: bytes, cuts: list[int]
) -> None:
    stream = b"".join(line + end for line in lines)
    places = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    text, found = buffer(), list[bytes]()
    for start, stop in pairwise(places):
        text.feed(stream[start:stop])
        found += lines_of(text)
    assert found == lines
    assert text.discarded == 0


PIECES = st.one_of(st.binary(max_size=60).map(lambda b: b.replace(b"\r", b"")), st.just(b"\n"))


@given(st.lists(PIECES, max_size=30))
def test_every_byte_is_given_out_or_counted_as_discarded(pieces: list[bytes]) -> None:
    text, given_out = buffer(), 0
    for piece in pieces:
        text.feed(piece)
        found = lines_of(text)
        assert all(len(line) <= 21 and b"\n" not in line for line in found)
        given_out += sum(len(line) + 1 for line in found)
    assert given_out + text.discarded + len(text) == sum(map(len, pieces))
    assert len(text) <= 21


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_a_keeping_buffer_loses_nothing_but_line_ends(stream: bytes, cuts: list[int]) -> None:
    text, found = buffer(keep_long=True), b""
    places = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    for start, stop in pairwise(places):
        text.feed(stream[start:stop])
        found += b"".join(lines_of(text))
    found += text.take()
    ends = bytes.maketrans(b"", b"")
    assert found.translate(ends, b"\r\n") == stream.translate(ends, b"\r\n")
    assert text.discarded == 0


def test_an_over_long_line_is_dropped_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    text = buffer(longest=20)
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            text.feed(b"x" * 10)
            assert text.line() is None
        text.feed(b"tail\ngood\n")
        assert lines_of(text) == [b"good"]
    assert text.discarded == 105
    assert "discarded" in caplog.text


def test_a_caller_that_never_reads_does_not_fill_the_memory() -> None:
    text = buffer(longest=20, most=100)
    for number in range(1000):
        text.feed(b"line %d\n" % number)
        assert len(text) <= 100
    found = lines_of(text)
    assert found[-1] == b"line 999"
    # What is left of a cut line is never taken for a line.
    assert all(line in [b"line %d" % n for n in range(1000)] for line in found)


def test_a_peer_that_dribbles_cannot_hold_the_reader() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        async def dribble() -> None:
            while True:
                await asyncio.sleep(0.1)
                peer.transport.write(b"x")

        task = asyncio.create_task(dribble())
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await line.line(2.0) is Failure.NO_REPLY
        assert loop.time() - began == pytest.approx(2.0)
        task.cancel()
        # The bytes are not lost: the line may still come to its end.
        peer.transport.write(b"end\n")
        late = await line.line(1.0)
        assert isinstance(late, bytes) and late.endswith(b"xend")

    talk(scene)


def test_a_line_that_is_gone_first_gives_out_what_had_arrived() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        peer.transport.write(b"first\nsecond\nhalf")
        await asyncio.sleep(0)
        peer.transport.close()
        assert await line.line(1.0) == b"first"
        await asyncio.sleep(1)
        assert await line.line(1.0) == b"second"
        assert await line.line(None) is Failure.NO_LINK
        assert line.buffer.take() == b"half"
        assert await line.arrival() is Failure.NO_LINK
        assert not line.write(b"?")

    talk(scene)


def test_a_waiting_reader_is_woken_by_the_loss_of_the_line() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        asyncio.get_running_loop().call_later(3, peer.transport.close)
        assert await line.line(None) is Failure.NO_LINK
        assert asyncio.get_running_loop().time() == pytest.approx(3)

    talk(scene)


def test_an_exact_count_may_hold_line_ends_and_has_a_deadline() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        peer.transport.write(b"header\n\x00\n\r\xffnext\nabc")
        assert await line.line(1.0) == b"header"
        assert await line.exactly(4, 1.0) == b"\x00\n\r\xff"
        assert await line.line(1.0) == b"next"
        assert await line.exactly(4, 1.0) is Failure.NO_REPLY
        peer.transport.write(b"d")
        assert await line.exactly(4, 1.0) == b"abcd"

    talk(scene)


def test_a_cancelled_reader_leaves_the_line_usable() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        task = asyncio.create_task(line.line(None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert line.write(b"hello")
        peer.transport.write(b"world\r\n")
        assert await line.line(1.0) == b"world"
        assert peer.heard == b"hello"

    talk(scene)


def test_who_waits_without_a_deadline_is_not_ended_by_one_that_passed_before() -> None:
    async def scene(line: TextLine, peer: Peer) -> None:
        assert await line.line(0.5) is Failure.NO_REPLY
        waiting = asyncio.ensure_future(line.line(None))
        await asyncio.sleep(1)
        peer.transport.write(b"half ")
        await asyncio.sleep(1)
        assert not waiting.done()
        peer.transport.write(b"a line\r\n")
        assert await waiting == b"half a line"

    talk(scene)
