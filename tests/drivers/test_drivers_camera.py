import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera_worker import WorkerCamera
from drivers.codecs import camera_worker as codec
from drivers.codecs.camera_worker import FrameHeader, Malformed, Refusal, parse_header
from drivers.interfaces import Done, Failure, NotDone, Photograph
from drivers.lines import Bench
from runtime import Clock, run_virtual

URL = "memory://camera"
PIXELS = bytes(range(6))
GOOD = codec.encode_frame(7, 3, 2, 20.0, PIXELS)


def test_the_bytes_of_a_frame() -> None:
    header, _, pixels = GOOD.partition(b"\n")
    assert json.loads(header) == {
        "height": 2,
        "id": 7,
        "length": 6,
        "px_per_mm": 20.0,
        "sha256": "17e88db187afd62c16e5debf3e6527cd006bc012bc90b51a810cd80c2d511f43",
        "width": 3,
    }
    assert pixels == PIXELS


@given(st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 40), st.floats(0.1, 500))
def test_a_frame_reads_back(number: int, width: int, height: int, scale: float) -> None:
    pixels = bytes(width * height)
    header, _, sent = codec.encode_frame(number, width, height, scale, pixels).partition(b"\n")
    read = parse_header(header)
    assert isinstance(read, FrameHeader)
    assert (read.id, read.width, read.height, read.px_per_mm) == (number, width, height, scale)
    assert read.fits(sent)
    assert not read.fits(sent[:-1])
    assert not read.fits(sent[:-1] + b"\x01")


def test_requests_and_refusals_read_back() -> None:
    assert codec.parse_request(codec.encode_request(12)) == 12
    assert parse_header(codec.encode_refusal(12, "no camera")) == Refusal(12, "no camera")


def test_pixels_that_do_not_fill_the_frame_are_not_sent() -> None:
    with pytest.raises(ValueError, match="no picture"):
        codec.encode_frame(1, 3, 3, 20.0, PIXELS)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(GOOD.partition(b"\n")[0]), **fields}).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        changed(id="7"),
        changed(id=True),
        changed(id=-1),
        changed(width=4),
        changed(width=None),
        changed(width=0, length=0),
        changed(sha256=5),
        changed(px_per_mm=0),
        changed(px_per_mm=float("nan")),
        changed(px_per_mm=True),
        changed(width=1 << 20, height=1 << 20, length=1 << 40),
    ],
    ids=lambda line: line[:40].decode("latin-1"),
)
def test_a_header_that_is_none_is_malformed(line: bytes) -> None:
    assert isinstance(parse_header(line), Malformed)


@given(st.binary(max_size=60))
def test_noise_never_raises(noise: bytes) -> None:
    parse_header(noise)
    assert isinstance(codec.parse_request(noise), Malformed)


# -- the driver ------------------------------------------------------------------


class Worker(asyncio.Protocol):
    """A far end whose answers a test decides, by the number of the request."""

    def __init__(self, answer: Callable[[int], list[bytes]]) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for line in data.split(b"\n")[:-1]:
            number = codec.parse_request(line)
            assert isinstance(number, int)
            for piece in self._answer(number):
                self._transport.write(piece)


def picture(number: int, grey: int = 5) -> bytes:
    return codec.encode_frame(number, 4, 2, 20.0, bytes([grey]) * 8)


def with_camera(
    answer: Callable[[int], list[bytes]],
    scene: Callable[[WorkerCamera, Bench], Coroutine[Any, Any, None]],
) -> None:
    async def main() -> None:
        bench = Bench()
        bench.listen(URL, lambda: Worker(answer))
        clock = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC))
        await scene(WorkerCamera(bench, URL, clock, capture_s=5), bench)

    run_virtual(main())


async def fails_then_works(camera: WorkerCamera, reason: Failure) -> None:
    failed = await camera.capture()
    assert isinstance(failed, NotDone)
    assert failed.reason is reason
    again = await camera.capture()
    assert isinstance(again, Done)
    assert set(again.value.pixels) == {5}


def test_a_complete_frame_is_used_even_if_it_comes_in_pieces() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        for _ in range(3):
            assert await camera.capture() == Done(Photograph(4, 2, bytes([5]) * 8, 20.0))

    with_camera(lambda number: [bytes([b]) for b in picture(number)], scene)


BROKEN: dict[str, tuple[Callable[[int], bytes], Failure]] = {
    "incomplete": (lambda n: picture(n)[:-1], Failure.BAD_REPLY),
    "wrong pixel": (lambda n: picture(n)[:-1] + b"\x09", Failure.BAD_REPLY),
    "no header": (lambda n: b"hello\n" + picture(n), Failure.BAD_REPLY),
    "half a header": (lambda n: picture(n)[:20], Failure.NO_REPLY),
    "silence": (lambda n: b"", Failure.NO_REPLY),
    "only another's": (lambda n: picture(n + 5, 9), Failure.NO_REPLY),
    "refusal": (lambda n: codec.encode_refusal(n, "lamp is out"), Failure.FAULT),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_frame_that_is_not_whole_is_never_used(kind: str) -> None:
    broken, reason = BROKEN[kind]
    answers = iter([broken])

    def answer(number: int) -> list[bytes]:
        return [next(answers, picture)(number)]

    with_camera(answer, lambda camera, _: fails_then_works(camera, reason))


def test_stale_answers_are_drained() -> None:
    def answer(number: int) -> list[bytes]:
        late = codec.encode_refusal(number - 1, "late")
        return [picture(number - 1, 9), late, picture(number)]

    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        for _ in range(3):
            got = await camera.capture()
            assert isinstance(got, Done) and set(got.value.pixels) == {5}

    with_camera(answer, scene)


def test_a_dribbling_worker_cannot_hold_the_caller() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        async def dribble() -> None:
            while True:
                await asyncio.sleep(0.5)
                for wire in bench.ports["camera"].open:
                    assert wire.peer is not None
                    wire.peer.write(b"x")

        task = asyncio.create_task(dribble())
        loop = asyncio.get_running_loop()
        failed = await camera.capture()
        assert isinstance(failed, NotDone) and failed.reason is Failure.NO_REPLY
        assert loop.time() == pytest.approx(5, abs=0.01)
        assert not task.done()
        task.cancel()

    with_camera(lambda number: [], scene)


def test_a_dead_worker_is_no_link_and_a_new_one_is_found() -> None:
    async def scene(camera: WorkerCamera, bench: Bench) -> None:
        bench.ports["camera"].unplug()
        failed = await camera.capture()
        assert isinstance(failed, NotDone) and failed.reason is Failure.NO_LINK
        bench.ports["camera"].plugged = True
        assert isinstance(await camera.capture(), Done)
        bench.ports["camera"].hang_up()
        assert isinstance(await camera.capture(), Done)

    with_camera(lambda number: [picture(number)], scene)


def test_a_cancelled_capture_leaves_nothing_for_the_next() -> None:
    async def scene(camera: WorkerCamera, _: Bench) -> None:
        task = asyncio.create_task(camera.capture())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        got = await camera.capture()
        assert isinstance(got, Done) and set(got.value.pixels) == {5}

    first = iter([True])
    with_camera(lambda n: [picture(n, 9)[:-3] if next(first, False) else picture(n)], scene)


# -- a sign of life meanwhile ----------------------------------------------------


class Exposing(asyncio.Protocol):
    """A worker that exposes for 8 s; it answers pings meanwhile until it hangs."""

    def __init__(self, hangs_after_s: float) -> None:
        self._hangs_after_s = hangs_after_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._since = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._since > self._hangs_after_s:
            return
        for line in data.split(b"\n")[:-1]:
            ping, number = codec.parse_ping(line), codec.parse_request(line)
            if isinstance(ping, int):
                self._transport.write(codec.encode_sign(ping))
            elif isinstance(number, int) and self._hangs_after_s > 8:
                loop.call_later(8, self._transport.write, picture(number))


def felt_every_second(hangs_after_s: float) -> tuple[list[Any], Any]:
    """Take a picture and ask for a sign of life every second; return both."""

    async def main() -> tuple[list[Any], Any]:
        bench = Bench()
        bench.listen(URL, lambda: Exposing(hangs_after_s))
        camera = WorkerCamera(
            bench, URL, Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), capture_s=30
        )
        capture, signs = asyncio.create_task(camera.capture()), []
        loop = asyncio.get_running_loop()
        while not capture.done() and len(signs) < 20:
            due = loop.time() + 1
            signs.append((loop.time(), await camera.alive()))
            await asyncio.sleep(max(0, due - loop.time()))
        return signs, await capture

    return run_virtual(main())


def test_a_long_exposure_gives_signs_of_life() -> None:
    signs, got = felt_every_second(hangs_after_s=100)
    assert len(signs) == 9 and all(sign == Done(None) for _, sign in signs)
    assert isinstance(got, Done) and set(got.value.pixels) == {5}


def test_a_worker_that_hangs_in_a_capture_is_noticed_long_before_its_deadline() -> None:
    signs, got = felt_every_second(hangs_after_s=3.5)
    lost = [at for at, sign in signs if isinstance(sign, NotDone)]
    assert lost and 3.5 <= lost[0] + 1.0 <= 5.5
    words = [sign.detail for _, sign in signs if isinstance(sign, NotDone)]
    assert "no sign of life within 1 s while it takes a picture" in words[0]
    assert isinstance(got, NotDone) and got.reason is Failure.NO_REPLY
