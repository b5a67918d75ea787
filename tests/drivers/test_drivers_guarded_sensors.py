import asyncio
from dataclasses import replace
from itertools import product

import pytest

from drivers.guarded_sensors import GuardedSensors
from drivers.interfaces import (
    TESTER,
    Done,
    Failure,
    Inputs,
    NotDone,
    Outcome,
    SafetyState,
    Unknown,
)
from drivers.watchdog_beat import WatchdogBeat

GOOD = SafetyState(
    e_stop_ok=True, door_ok=True, reset_required=False, closed=True, stop_requested=False
)
SEEN = Inputs(True, True, True, frozenset({TESTER}))
SILENT = NotDone(Failure.NO_REPLY, "silent")


class Plc:
    def __init__(self, answer: Outcome[Inputs]) -> None:
        self.answer = answer

    async def inputs(self) -> Outcome[Inputs]:
        return self.answer


class Chain:
    """Answers as told, and remembers what it was asked to do."""

    def __init__(self, shown: Outcome[SafetyState] = Done(GOOD)) -> None:  # noqa: B008  # frozen
        self.shown = shown
        self.armed: list[Outcome[SafetyState]] = []
        self.fed: list[Outcome[None]] = []
        self.done: list[str] = []

    async def read(self) -> Outcome[SafetyState]:
        return self.shown

    async def arm(self) -> Outcome[SafetyState]:
        self.done.append("arm")
        return self.armed.pop(0) if self.armed else Done(GOOD)

    async def feed(self) -> Outcome[None]:
        self.done.append("feed")
        return self.fed.pop(0) if self.fed else Done(None)

    async def request_stop(self) -> Outcome[None]:
        raise AssertionError("nobody asked for a stop")


def inputs(plc: Outcome[Inputs], chain: Outcome[SafetyState]) -> Outcome[Inputs]:
    return asyncio.run(GuardedSensors(Plc(plc), Chain(chain)).inputs())


def test_motion_is_allowed_only_where_both_allow_it() -> None:
    for door, closed, bad in product(
        (True, False), (True, False), ("", "e_stop_ok", "reset_required", "closed", "door_ok")
    ):
        shown = replace(GOOD, **{bad: not getattr(GOOD, bad)}) if bad else GOOD
        seen = inputs(Done(replace(SEEN, door_closed=door, safety_closed=closed)), Done(shown))
        assert isinstance(seen, Done)
        assert seen.value.motion_allowed is (door and closed and not bad)
        assert seen.value.door_closed is (door and bad != "door_ok")
        assert (seen.value.occupied, seen.value.slipped) == (SEEN.occupied, SEEN.slipped)


def test_the_softwares_own_stop_forbids_motion_too() -> None:
    seen = inputs(Done(SEEN), Done(replace(GOOD, stop_requested=True)))
    assert isinstance(seen, Done) and not seen.value.safety_closed


@pytest.mark.parametrize("silence", [SILENT, Unknown(Failure.TIMED_OUT)])
def test_a_chain_that_does_not_answer_counts_as_open(silence: NotDone | Unknown) -> None:
    seen = inputs(Done(SEEN), silence)
    assert seen == Done(replace(SEEN, safety_closed=False))


def test_silent_sensors_stay_silent_whatever_the_chain_shows() -> None:
    assert inputs(SILENT, Done(GOOD)) is SILENT


def test_the_first_beat_arms_and_the_others_feed() -> None:
    chain = Chain()
    beat(chain, 4)
    assert chain.done == ["arm", "feed", "feed", "feed"]


def test_arming_is_tried_until_it_is_done() -> None:
    chain = Chain()
    chain.armed = [SILENT, Unknown(Failure.NO_REPLY)]
    outcomes = beat(chain, 4)
    assert chain.done == ["arm", "arm", "arm", "feed"]
    assert outcomes == [SILENT, Unknown(Failure.NO_REPLY), Done(None), Done(None)]


def test_a_lapse_is_told_once_and_the_watchdog_armed_again() -> None:
    chain, lapse = Chain(), NotDone(Failure.FAULT, "fired")
    chain.fed = [Done(None), lapse]
    assert beat(chain, 5) == [Done(None), Done(None), lapse, Done(None), Done(None)]
    assert chain.done == ["arm", "feed", "feed", "arm", "feed"]


@pytest.mark.parametrize("silence", [SILENT, Unknown(Failure.NO_REPLY), NotDone(Failure.NO_LINK)])
def test_a_feed_that_was_not_answered_is_no_lapse(silence: Outcome[None]) -> None:
    chain = Chain()
    chain.fed = [silence]
    beat(chain, 3)
    assert chain.done == ["arm", "feed", "feed"]


def beat(chain: Chain, times: int) -> list[Outcome[None]]:
    heart = WatchdogBeat(chain)

    async def main() -> list[Outcome[None]]:
        return [await heart.beat() for _ in range(times)]

    return asyncio.run(main())
