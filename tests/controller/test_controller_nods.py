"""A device that answers is felt in passing; one that falls silent is noticed as before."""

from __future__ import annotations

import asyncio

from controller.devices import Sign
from controller.pulse import PULSE_S, Feeler
from drivers.interfaces import Done, Failure, NotDone
from runtime import run_virtual

PATIENCE_S = 0.9


class Device:
    """Answers in full at once, and nods ``answers`` in turn: seconds, an outcome, or no."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.nodded: list[float] = []
        self.asked: list[float] = []

    async def ask(self):
        self.asked.append(asyncio.get_running_loop().time())
        return Done(None)

    def nod(self, heard) -> bool:
        loop = asyncio.get_running_loop()
        after_s, outcome = self.answers.pop(0)
        if outcome is False:
            return False
        self.nodded.append(loop.time())
        if after_s == 0:
            heard(outcome)
        elif after_s is not None:
            loop.call_later(after_s, heard, outcome)
        return True


def felt(*answers, until_s=20.0, patience_s=PATIENCE_S, rest_s=0.0):
    device, told, beats = Device(*answers), [], []

    async def lost(trouble):
        told.append((asyncio.get_running_loop().time(), trouble.alarm))

    async def main():
        loop = asyncio.get_running_loop()
        sign = Sign(device.ask, patience_s, "tcp://one:1", device.nod)
        feeler = Feeler("one", sign, lost, beat=lambda: beats.append(loop.time()))

        async def feel():
            while True:
                await feeler.feel()

        feeling = asyncio.ensure_future(feel())
        await asyncio.sleep(until_s)
        feeling.cancel()
        await asyncio.sleep(rest_s)

    run_virtual(main())
    return device, told, beats


LIVES = Done(None)


def test_a_device_that_answers_is_asked_in_full_once_and_then_in_passing() -> None:
    device, told, beats = felt(*[(0.1, LIVES)] * 9, until_s=8.5)
    assert device.asked == [0.0]
    assert device.nodded == beats == [PULSE_S * n for n in range(1, 9)]
    assert told == []


def test_an_answer_may_come_in_the_same_instant() -> None:
    device, told, _ = felt(*[(0, LIVES)] * 9, until_s=3.5)
    assert device.nodded == [1.0, 2.0, 3.0] and told == []


def test_a_silent_device_is_lost_when_its_patience_has_passed_and_asked_in_full_at_once() -> None:
    device, told, _ = felt((0.1, LIVES), (None, LIVES), *[(0.1, LIVES)] * 3, until_s=5.5)
    assert told == [(2 + PATIENCE_S, f"device-{Failure.NO_REPLY}")]
    assert told[0][0] - device.nodded[0] <= 2 * PULSE_S
    assert device.asked == [0.0, 2 + PATIENCE_S]
    # It answered: from then on in passing again.
    assert device.nodded == [1.0, 2.0, 3.9, 4.9]


def test_a_late_answer_ends_no_question_that_was_put_since() -> None:
    device, told, _ = felt((0.95, LIVES), (0.1, LIVES), (0.1, LIVES), until_s=3.5)
    assert [round(at, 6) for at, _ in told] == [1.9]
    assert device.asked == [0.0, 1.9] and device.nodded == [1.0, 2.9]


def test_a_failure_is_told_and_what_is_not_plain_is_asked_in_full() -> None:
    dead = NotDone(Failure.NO_LINK, "unplugged")
    _, told, _ = felt((0.1, dead), *[(0.1, LIVES)] * 3, until_s=2.5)
    assert told == [(1.1, f"device-{Failure.NO_LINK}")]
    device, told, _ = felt((0.1, None), *[(0.1, LIVES)] * 3, until_s=2.5)
    assert told == [] and device.asked == [0.0, 1.1]


def test_a_busy_device_lives() -> None:
    _, told, _ = felt((0.1, NotDone(Failure.BUSY, "homing")), *[(0.1, LIVES)] * 3, until_s=3.5)
    assert told == []


def test_who_cannot_be_asked_in_passing_is_asked_in_full_in_the_same_beat() -> None:
    device, told, _ = felt((0, False), (0.1, LIVES), (0.1, LIVES), until_s=2.5)
    assert device.asked == [0.0, 1.0] and device.nodded == [2.0] and told == []


def test_a_patience_longer_than_a_beat_puts_no_second_question() -> None:
    device, told, _ = felt((2.2, LIVES), (0.1, LIVES), (0.1, LIVES), until_s=4.5, patience_s=3.0)
    assert device.nodded == [1.0, 3.2, 4.2] and told == []
    assert device.asked == [0.0]


def test_who_is_cancelled_with_a_question_under_way_misses_nobody() -> None:
    device, told, _ = felt((0.1, LIVES), (None, LIVES), until_s=2.5, rest_s=3.0)
    assert device.nodded == [1.0, 2.0] and told == []
