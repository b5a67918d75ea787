"""Silence tells an answer from a stray one: it is had, but not waited for twice."""

import asyncio
from typing import Any

import pytest

from drivers.dialogue import Dialogue, Patience
from drivers.interfaces import Failure, NotDone
from drivers.lines import Bench
from drivers.textline import TextLine
from runtime import Clock, run_virtual

URL = "memory://gauge"
QUIET_S = 0.2


class Device(asyncio.Protocol):
    """Says what the test makes it say."""

    def __init__(self) -> None:
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def say(self, text: bytes = b"1.000\n") -> None:
        self.transport.write(text)


def silence(*said_s: float, asked_s: float) -> tuple[Any, float]:
    """Say something at these times, ask for silence; return the answer and how long it took."""

    async def main() -> tuple[Any, float]:
        loop, device, bench = asyncio.get_running_loop(), Device(), Bench()
        bench.listen(URL, lambda: device)
        patience = Patience(reply_s=1.0, quiet_s=QUIET_S)
        talk = Dialogue(bench, URL, Clock.starting(), TextLine, patience)
        assert await talk.connect() is None
        for at in said_s:
            loop.call_at(at, device.say)
        await asyncio.sleep(asked_s)
        return await talk.silence(), loop.time() - asked_s

    return run_virtual(main())


def test_a_line_that_was_just_opened_is_listened_to() -> None:
    assert silence(asked_s=0.0) == (True, pytest.approx(QUIET_S))


def test_a_silence_that_lasts_already_is_not_waited_for() -> None:
    assert silence(asked_s=1.0) == (True, 0.0)
    assert silence(asked_s=0.15) == (True, pytest.approx(0.05))


def test_what_came_before_is_discarded_and_no_silence() -> None:
    assert silence(0.5, asked_s=1.0) == (False, 0.0)


def test_what_came_just_now_is_waited_out() -> None:
    assert silence(0.9, asked_s=1.0) == (False, pytest.approx(0.1))
    assert silence(0.9, 1.05, asked_s=1.0) == (False, pytest.approx(0.25))


def test_a_line_that_does_not_stop_talking_is_given_up() -> None:
    heard, took = silence(*(0.1 * i for i in range(40)), asked_s=1.05)
    assert isinstance(heard, NotDone) and heard.reason is Failure.BAD_REPLY
    assert took == pytest.approx(1.05)
