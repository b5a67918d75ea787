"""The bus: commands once, views never wrong, and clear words when nobody is there."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import modes
from controller.bus import BusError, LocalBus
from controller.bus.core import REMEMBERED, Desk, Feed
from controller.events import Evidence
from controller.messages import (
    MAX_COMMAND_BYTES,
    VERBS,
    Command,
    Delta,
    Follower,
    MessageError,
    Reply,
    Snapshot,
    decode,
    encode,
    plain,
)
from controller.state import CellState, with_item
from runtime import run_virtual
from tests.controller.counting_daemon import START, Daemon

# -- messages -------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
).filter(lambda value: "inf" not in repr(value))
bodies = st.dictionaries(st.text(), json_values, max_size=4)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.builds(Command, texts, texts, bodies, texts)
    | st.builds(Reply, texts, st.booleans(), texts, bodies)
    | st.builds(Snapshot, texts, st.integers(), bodies)
    | st.builds(Delta, texts, st.integers(), texts, bodies)
)
def test_a_message_is_read_as_it_was_written(message: Any) -> None:
    try:
        raw = encode(message)
    except UnicodeEncodeError:
        return
    assert decode(raw, type(message)) == message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "a command has id, verb, args, by"),
        (b'{"id": "1"}', "a command has id, verb, args, by"),
        (b'{"id": 1, "verb": "start", "args": {}, "by": ""}', "id of a command must be str"),
        (b'{"id": "1", "verb": "start", "args": [], "by": ""}', "args of a command must be dict"),
        (b'{"id": "", "verb": "", "args": {}, "by": "", "x": 1}', "a command has"),
        (b" " * (MAX_COMMAND_BYTES + 1), "more than a message may have"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(raw: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        decode(raw, Command)


@given(st.binary(max_size=60))
def test_noise_is_never_more_than_a_message_error(raw: bytes) -> None:
    with pytest.raises(MessageError):
        decode(raw, Delta)


def test_hardness_passes_as_text_with_all_its_digits() -> None:
    body = {"hardness": Decimal("61.20"), "before": Evidence(1, 2, 3), "slots": frozenset({2, 1})}
    assert plain(body)["hardness"] == "61.20"
    assert plain(body)["slots"] == [1, 2]
    assert json.loads(json.dumps(plain(body)))["before"]["epoch"] == 2


def test_the_folded_state_can_be_a_snapshot() -> None:
    state = with_item(CellState().epochs, "station", 3)
    snapshot = Snapshot("s1", 0, plain(replace(CellState(), epochs=state)))
    assert decode(encode(snapshot), Snapshot).state["epochs"] == {"station": 3}


def test_the_bus_knows_the_verbs_that_the_cell_obeys() -> None:
    assert set(VERBS) == {*modes.VERBS, "decide", "tray"}


# -- commands -------------------------------------------------------------------


def desk(daemon: Daemon) -> Desk:
    return Desk(daemon.handle, Feed("s1", daemon.view))


def test_the_same_command_twice_is_done_once_and_answered_alike() -> None:
    async def main() -> None:
        daemon = Daemon()
        at = desk(daemon)
        first = await at.answer(START)
        assert first == Reply("c1", accepted=True, body={"count": 1})
        assert await at.answer(START) == first
        assert daemon.done == [START]

    run_virtual(main())


def test_a_repeat_during_execution_waits_for_the_same_answer() -> None:
    async def main() -> None:
        daemon = Daemon(gate=asyncio.Event())
        at = desk(daemon)
        answers = [asyncio.create_task(at.answer(START)) for _ in range(3)]
        await asyncio.sleep(1)
        assert not any(answer.done() for answer in answers)
        assert daemon.gate is not None
        daemon.gate.set()
        assert len({json.dumps(plain(a)) for a in await asyncio.gather(*answers)}) == 1
        assert daemon.done == [START]

    run_virtual(main())


def test_who_gives_up_waiting_does_not_undo_the_command() -> None:
    async def main() -> None:
        daemon = Daemon(gate=asyncio.Event())
        at = desk(daemon)
        impatient = asyncio.create_task(at.answer(START))
        await asyncio.sleep(1)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert daemon.gate is not None
        daemon.gate.set()
        assert (await at.answer(START)).accepted
        assert daemon.done == [START]

    run_virtual(main())


def test_commands_are_done_in_the_order_of_arrival_and_questions_before_them() -> None:
    async def main() -> None:
        daemon = Daemon(gate=asyncio.Event())
        at = desk(daemon)
        wishes = [Command(f"c{i}", "start") for i in range(9)]
        given = [asyncio.create_task(at.answer(wish)) for wish in wishes]
        await asyncio.sleep(1)
        ping = await at.answer(Command("p", "ping"))
        assert ping == Reply("p", accepted=True, body={"session": "s1", "seq": 0})
        assert daemon.gate is not None
        daemon.gate.set()
        await asyncio.gather(*given)
        assert daemon.done == wishes

    run_virtual(main())


def test_no_command_begins_before_the_one_ahead_has_ended() -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def handle(command: Command) -> Reply:
            log.append(f"begin {command.id}")
            await asyncio.sleep(5 if command.id == "slow" else 1)
            log.append(f"end {command.id}")
            return Reply(command.id, accepted=True)

        at = Desk(handle, Feed("s1"))
        await asyncio.gather(*(at.answer(Command(name, "stop")) for name in ("slow", "quick")))
        return log

    assert run_virtual(main()) == ["begin slow", "end slow", "begin quick", "end quick"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Command("c", "strat"), "unknown verb 'strat'; did you mean start?"),
        (Command("c", "xyz"), "unknown verb 'xyz'; known: start"),
        (Command("c", "decide"), "decide needs option, question"),
        (Command("c", "decide", {"question": "q-1"}), "decide needs option"),
        (Command("", "start"), "no id"),
    ],
)
def test_a_wrong_command_is_refused_before_anybody_obeys(command: Command, words: str) -> None:
    async def main() -> Reply:
        daemon = Daemon()
        reply = await desk(daemon).answer(command)
        assert not daemon.done
        return reply

    reply = run_virtual(main())
    assert not reply.accepted
    assert words in reply.reason


def test_a_refused_command_may_be_corrected_under_its_id_but_not_a_taken_one() -> None:
    async def main() -> None:
        daemon = Daemon()
        at = desk(daemon)
        assert not (await at.answer(Command("c", "strat"))).accepted
        assert (await at.answer(Command("c", "start"))).accepted
        other = await at.answer(Command("c", "stop"))
        assert not other.accepted
        assert "another command's" in other.reason
        assert [command.verb for command in daemon.done] == ["start"]

    run_virtual(main())


def test_a_failing_handler_is_answered_and_the_next_command_is_taken() -> None:
    async def main() -> None:
        calls: list[str] = []

        async def handle(command: Command) -> Reply:
            calls.append(command.id)
            if command.id == "bad":
                raise ZeroDivisionError("no")
            return Reply(command.id, accepted=True)

        at = Desk(handle, Feed("s1"))
        bad = await at.answer(Command("bad", "start"))
        assert not bad.accepted
        assert "ZeroDivisionError" in bad.reason
        assert await at.answer(Command("bad", "start")) == bad
        assert (await at.answer(START)).accepted
        assert calls == ["bad", "c1"]

    run_virtual(main())


def test_memory_of_answers_is_bounded_but_never_forgets_a_running_command() -> None:
    async def main() -> None:
        gate = asyncio.Event()
        counts: dict[str, int] = {}

        async def handle(command: Command) -> Reply:
            if command.id == "slow":
                await gate.wait()
            counts[command.id] = counts.get(command.id, 0) + 1
            return Reply(command.id, accepted=True)

        at = Desk(handle, Feed("s1"))
        await asyncio.gather(*(at.answer(Command(str(i), "start")) for i in range(REMEMBERED)))
        slow = asyncio.create_task(at.answer(Command("slow", "start")))
        later = [
            asyncio.create_task(at.answer(Command(f"x{i}", "start"))) for i in range(REMEMBERED)
        ]
        await asyncio.sleep(1)
        again = asyncio.create_task(at.answer(Command("slow", "start")))
        gate.set()
        await asyncio.gather(slow, again, *later)
        assert counts["slow"] == 1
        assert len(at._answers) <= REMEMBERED + 1

    run_virtual(main())


# -- views ----------------------------------------------------------------------


class Mirror:
    """A view that applies what its follower lets through."""

    def __init__(self) -> None:
        self.follower = Follower()
        self.items: list[int] = []

    def begin(self, snapshot: Snapshot) -> None:
        self.follower.begin(snapshot)
        self.items = list(snapshot.state["items"])

    def offer(self, delta: Delta) -> None:
        if self.follower.offer(delta):
            self.items.append(delta.body["item"])


@given(
    before=st.integers(0, 5),
    waiting=st.integers(0, 5),
    after=st.lists(
        st.sampled_from(["told", "lost", "twice", "restart", "late", "resume"]), max_size=12
    ),
)
def test_a_late_joiner_sees_the_daemons_state_or_knows_that_it_does_not(
    before: int, waiting: int, after: list[str]
) -> None:
    items: list[int] = []
    feed = Feed("s0", lambda: {"items": items})

    def change() -> Delta:
        items.append(len(items))
        return feed.next("item", {"item": items[-1]})

    for _ in range(before):
        change()
    mirror = Mirror()
    queued = [change() for _ in range(waiting)]
    mirror.begin(feed.snapshot())
    for delta in queued:
        mirror.offer(delta)
    assert mirror.items == items
    for number, how in enumerate(after):
        if how == "restart":
            feed = Feed(f"s{number + 1}", lambda: {"items": items})
        delta = change()
        was_lost = mirror.follower.lost
        for _ in range({"lost": 0, "twice": 2}.get(how, 1)):
            mirror.offer(delta)
        if how == "late" and queued:
            mirror.offer(queued[0])
        assert mirror.items == items[: len(mirror.items)], "what it shows was true"
        if how == "resume":
            mirror.begin(feed.snapshot())
        elif how in ("twice", "told") and mirror.items == items:
            assert not mirror.follower.lost, "a repeat is no gap"
        assert mirror.follower.lost or not was_lost or how == "resume"
        assert mirror.items == items or mirror.follower.lost or how == "lost"
    assert mirror.follower.behind(feed.session, feed.seq) is (mirror.items != items)


def test_a_repeat_is_dropped_a_gap_and_a_restart_are_noticed() -> None:
    def delta(seq: int, session: str = "s1") -> Delta:
        return Delta(session, seq, "x", {})

    def fresh() -> Follower:
        follower = Follower()
        assert not follower.offer(delta(5)), "nothing before the first snapshot"
        follower.begin(Snapshot("s1", 4, {}))
        return follower

    follower = fresh()
    assert [follower.offer(delta(n)) for n in (3, 4, 5, 5, 6)] == [False, False, True, False, True]
    assert not follower.lost
    for strange in (delta(8), delta(7, "s2"), delta(1, "s2")):
        follower = fresh()
        assert follower.offer(delta(5))
        assert follower.offer(delta(6))
        assert not follower.offer(strange)
        assert follower.lost
        assert not follower.offer(delta(7)), "nothing until a new snapshot"


def test_the_local_bus_does_what_the_wire_does() -> None:
    async def main() -> None:
        daemon, bus = Daemon(), LocalBus("s7")
        with pytest.raises(BusError, match="no daemon answers"):
            await bus.request(START)
        await bus.open(daemon.handle, daemon.view)
        updates = bus.subscribe()
        assert bus.publish("seen", {"hardness": Decimal("61.20")}) == 1
        assert await updates.next() == Delta("s7", 1, "seen", {"hardness": "61.20"})
        assert (await bus.request(START)).body == {"count": 1}
        assert (await bus.request(START)).body == {"count": 1}
        assert await bus.snapshot() == Snapshot("s7", 1, {"done": ["c1"]})
        await bus.close()

    run_virtual(main())


def test_closing_waits_for_commands_under_way() -> None:
    async def main() -> None:
        daemon, bus = Daemon(gate=asyncio.Event()), LocalBus()
        await bus.open(daemon.handle, daemon.view)
        asked = asyncio.create_task(bus.request(START))
        await asyncio.sleep(1)
        closing = asyncio.create_task(bus.close())
        await asyncio.sleep(1)
        assert not closing.done()
        assert daemon.gate is not None
        daemon.gate.set()
        await closing
        assert (await asked).accepted

    run_virtual(main())
