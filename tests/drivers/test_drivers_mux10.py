import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import mux10
from drivers.codecs.mux10 import Dialect, GaugeError, Reading, Rejected, encode, parse
from drivers.interfaces import Dimensions, Done, Failure, NotDone
from drivers.lines import Bench
from drivers.mux10_gauge import GaugeChannels, Mux10Gauge
from runtime import Clock, run_virtual

URL = "memory://gauge"
GOLDEN = b"01A-001.2340"


def test_the_published_frame_keeps_its_digits() -> None:
    frame = parse(GOLDEN, Dialect())
    assert frame == Reading(1, Decimal("-1.2340"))
    assert isinstance(frame, Reading) and str(frame.value) == "-1.2340"
    assert encode(frame) == GOLDEN + b"\r"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"01A-001.234",
        b"01A-001.23400",
        b"01A 001.2340",
        b"01A-1.2.3400",
        b"01A-.0012340",
        b"01A-0012340.",
        b"01a-001.2340",
        b"00A-001.2340",
        b"01A-001,2340",
        b"01A-001.2340\r",
        b"\xb001A-001.2340",
        b"910",
    ],
)
def test_what_differs_in_one_place_is_rejected(raw: bytes) -> None:
    assert isinstance(parse(raw, Dialect()), Rejected)


def test_error_frames_are_known_by_the_dialect_alone() -> None:
    assert isinstance(parse(b"911", Dialect()), GaugeError)
    assert parse(b"E7", Dialect(errors={b"E7": "broken"})) == GaugeError("E7", "broken")
    assert isinstance(parse(b"911", Dialect(errors={})), Rejected)


VALUES = st.decimals(-99, 999, places=4, allow_nan=False, allow_infinity=False)


@given(st.integers(1, 9), VALUES)
def test_a_frame_is_read_as_it_was_written(channel: int, value: Decimal) -> None:
    read = parse(encode(Reading(channel, value)).removesuffix(b"\r"), Dialect())
    assert isinstance(read, Reading)
    assert (read.channel, str(read.value)) == (channel, str(value))


@pytest.mark.parametrize("reading", [Reading(10, Decimal(1)), Reading(1, Decimal("1234567.89"))])
def test_what_does_not_fit_is_not_written(reading: Reading) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(reading)


@given(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255))
def test_a_mutated_frame_is_rejected_or_says_what_its_bytes_say(place: int, byte: int) -> None:
    raw = GOLDEN[:place] + bytes([byte]) + GOLDEN[place + 1 :]
    frame = parse(raw, Dialect())
    if isinstance(frame, Reading):
        sign = "-" if frame.value.is_signed() else "+"
        assert raw == f"0{frame.channel}A{sign}".encode() + raw[4:]
        assert Decimal(raw[4:].decode()) == abs(frame.value)


@given(st.binary(max_size=20))
def test_any_bytes_are_a_frame_or_rejected_and_never_an_exception(raw: bytes) -> None:
    assert isinstance(parse(raw, Dialect()), Reading | GaugeError | Rejected)


# -- the driver against a scripted far end ------------------------------------------


class FarEnd(asyncio.Protocol):
    """Answers each request with what ``answers`` says for it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.answers: dict[bytes, bytes] = {
            b"1\r": b"01A+010.0012\r",
            b"2\r": b"02A+060.0040\r",
            b"3\r": b"03A+059.9980\r",
        }
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        self.say(self.answers.get(data, b""))

    def say(self, data: bytes) -> None:
        assert self.transport is not None
        if data:
            self.transport.write(data)


@dataclass
class Rig:
    gauge: Mux10Gauge
    far: FarEnd
    clock: Clock
    bench: Bench


SIZE = Dimensions(Decimal("10.0012"), Decimal("60.0040"), Decimal("59.9980"))


def with_gauge(scene: Callable[[Rig], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        clock, bench, far = Clock.starting(datetime(2026, 3, 1, tzinfo=UTC)), Bench(), FarEnd()
        bench.listen(URL, lambda: far)
        await scene(Rig(Mux10Gauge(bench, URL, clock, **options), far, clock, bench))

    run_virtual(main())


def refused(outcome: object) -> Failure:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


def test_three_channels_make_one_block_with_the_digits_sent() -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.gauge.dimensions() == Done(SIZE)
        assert rig.far.heard == [b"1\r", b"2\r", b"3\r"]
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


def test_the_plugs_may_sit_otherwise_and_the_requests_be_others() -> None:
    async def scene(rig: Rig) -> None:
        rig.far.answers = {
            b"C": b"03A+010.0012\r",
            b"A": b"01A+060.0040\r",
            b"B": b"02A+059.9980\r",
        }
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(
        scene,
        channels=GaugeChannels(thickness=3, width=1, depth=2),
        dialect=Dialect(requests={1: b"A", 2: b"B", 3: b"C"}),
    )


def test_what_was_said_before_the_request_is_never_taken() -> None:
    async def scene(rig: Rig) -> None:
        assert await rig.gauge.dimensions() == Done(SIZE)
        rig.far.say(b"01A+099.0000\r02A+099.0000\r0")
        await asyncio.sleep(0.01)
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"02A+060.0040\r", Failure.BAD_REPLY),
        (b"01A+010.0012\r01A+010.0012\r", Failure.BAD_REPLY),
        (b"01A+01?.0012\r", Failure.BAD_REPLY),
        (b"Grbl 1.1h ['$' for help]\r\n", Failure.NO_REPLY),
        (b"GRBL\r\n", Failure.BAD_REPLY),
        (b"01A+" + b"9" * 500 + b"\r", Failure.NO_REPLY),
        (b"911\r", Failure.FAULT),
        (b"01A+000.0003\r", Failure.NOT_READY),
        (b"01A-010.0012\r", Failure.NOT_READY),
        (b"", Failure.NO_REPLY),
        (b"01A+010.0012", Failure.NO_REPLY),
    ],
    ids=repr,
)
def test_anything_but_the_answer_of_the_channel_voids_the_measurement(
    answer: bytes, reason: Failure
) -> None:
    async def scene(rig: Rig) -> None:
        good = rig.far.answers[b"1\r"]
        rig.far.answers[b"1\r"] = answer
        assert refused(await rig.gauge.dimensions()) is reason
        rig.far.answers[b"1\r"] = good
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


def test_a_frame_too_many_after_the_last_answer_voids_the_measurement() -> None:
    async def scene(rig: Rig) -> None:
        rig.far.answers[b"3\r"] += b"02A+060.0040\r"
        assert refused(await rig.gauge.dimensions()) is Failure.BAD_REPLY

    with_gauge(scene)


def test_an_answer_that_comes_late_never_answers_the_next_question() -> None:
    async def scene(rig: Rig) -> None:
        good = rig.far.answers.pop(b"1\r")
        asyncio.get_running_loop().call_later(4.5, rig.far.say, b"01A+099.0000\r")
        assert refused(await rig.gauge.dimensions()) is Failure.NO_REPLY
        rig.far.answers[b"1\r"] = good
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


def test_a_dribbling_peer_cannot_hold_the_caller() -> None:
    async def scene(rig: Rig) -> None:
        del rig.far.answers[b"1\r"]
        loop = asyncio.get_running_loop()
        for i in range(400):
            loop.call_later(1 + i * 0.1, rig.far.say, b"0")
        assert refused(await rig.gauge.dimensions()) is Failure.NO_REPLY
        assert rig.clock.link() < 5
        assert refused(await rig.gauge.dimensions()) is Failure.BAD_REPLY

    with_gauge(scene)


def test_a_caller_that_gave_up_leaves_no_answer_behind() -> None:
    async def scene(rig: Rig) -> None:
        good = rig.far.answers.pop(b"1\r")
        asyncio.get_running_loop().call_later(2.0, rig.far.say, b"01A+099.0000\r")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await rig.gauge.dimensions()
        rig.far.answers[b"1\r"] = good
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


def test_an_unplugged_multiplexer_is_no_link_and_comes_back() -> None:
    async def scene(rig: Rig) -> None:
        port = rig.bench.ports["gauge"]
        assert await rig.gauge.dimensions() == Done(SIZE)
        port.unplug()
        assert refused(await rig.gauge.dimensions()) is Failure.NO_LINK
        assert refused(await rig.gauge.dimensions()) is Failure.NO_LINK
        port.plugged = True
        assert await rig.gauge.dimensions() == Done(SIZE)

    with_gauge(scene)


def test_a_channel_without_a_request_is_a_bad_argument() -> None:
    async def scene(rig: Rig) -> None:
        assert refused(await rig.gauge.dimensions()) is Failure.BAD_ARGUMENT

    with_gauge(scene, dialect=Dialect(requests={}))


def test_every_channel_has_a_request_of_its_own() -> None:
    requests = Dialect().requests
    assert set(requests) == set(mux10.CHANNELS)
    assert len(set(requests.values())) == len(requests)
