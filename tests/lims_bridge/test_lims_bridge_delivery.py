"""Messages arrive once each and in order, whatever dies and however the receiver behaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil_sim.lims.exchange import InMemory
from hil_sim.lims.memory import Memory
from hil_sim.lims.moods import AS_MEASURED, Moods
from hil_sim.lims.rest import Habit, RestLims
from lims_bridge.adapters.rest import RestReceiver
from lims_bridge.delivery import outbox
from lims_bridge.delivery.backoff import Backoff
from lims_bridge.delivery.courier import Courier, Pace
from lims_bridge.delivery.decisions import Decider, decide
from lims_bridge.delivery.reconcile import reconcile
from lims_bridge.exact import canonical
from records.database import writing
from runtime import Clock, run_virtual, stream
from tests.lims_bridge.office import NOON, Office

PACE = Pace(backoff=Backoff(base_s=1, cap_s=60), send_s=20, settle_s=5, idle_s=5)
WEEK_S = 7 * 86_400


def fill(office: Office, count: int, blocks: int = 7, destination: str = "lims") -> list[str]:
    """Put messages into the outbox; return their keys."""
    record = office.files.put(canonical({"ended": "2026-03-02T02:00:00Z"}))
    keys = [f"{destination}:R-{n}:1" for n in range(count)]
    with writing(office.engine) as session, session.begin():
        for n, key in enumerate(keys):
            notice = {"digest": record, "block": f"B-{n % blocks}", "sequence": n}
            outbox.post(
                session,
                destination=destination,
                key=key,
                kind="issued",
                aggregate=f"B-{n % blocks}",
                payload=canonical({**notice, "documents": []}).decode(),
                at=NOON,
            )
    return keys


def receiver_of(site: RestLims, habit: Habit) -> RestReceiver:
    return RestReceiver("http://lims/records", assurance=habit, transport=InMemory(site))


def in_order(effects: Iterable[dict[str, Any]]) -> bool:
    """Say whether the first effect of each key came in the order of its block."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    for effect in effects:
        if effect["key"] in seen:
            continue
        seen.add(effect["key"])
        if effect["sequence"] < last.get(effect["block"], -1):
            return False
        last[effect["block"]] = effect["sequence"]
    return True


async def deliver_with_deaths(office: Office, receiver: RestReceiver, deaths: int) -> None:
    """Run one courier after another; each of the first dies at a random moment."""
    clock = Clock.starting(NOON)
    chance = stream(5, "deaths")
    for life in range(deaths + 1):
        courier = Courier(
            office.engine, office.files, "lims", receiver, clock, holder=f"life {life}", pace=PACE
        )
        task = asyncio.create_task(courier.run())
        if life < deaths:
            await _die_soon(task, chance.randrange(1, 60))
        else:
            await _until_quiet(office, clock)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _die_soon(task: asyncio.Task[None], turns: int) -> None:
    # Turns of the loop, not seconds: a death may fall between any two steps of an attempt.
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()


async def _until_quiet(office: Office, clock: Clock) -> None:
    while clock.link() < WEEK_S:
        await clock.sleep(60)
        if not outbox.messages(office.engine, "pending", "sending"):
            return
    raise AssertionError("messages are still under way after a week")


@pytest.mark.parametrize("habit", ["keys", "look-up"])
def test_each_message_has_its_effect_once(office: Office, habit: Habit, count: int = 80) -> None:
    keys = fill(office, count)
    site = RestLims(Memory(), habit=habit, moods=AS_MEASURED)

    async def main() -> None:
        await deliver_with_deaths(office, receiver_of(site, habit), deaths=25)

    run_virtual(main())
    assert Counter(e["key"] for e in site.effects) == Counter(keys)
    assert in_order(site.effects)
    assert all(m.receipt for m in outbox.messages(office.engine, "done"))
    assert len(outbox.messages(office.engine, "done")) == len(keys)


def test_without_keys_and_look_up_nothing_is_sent_twice_and_a_person_is_asked(
    office: Office,
) -> None:
    keys = fill(office, 60, blocks=60)
    site = RestLims(Memory(), habit="none", moods=AS_MEASURED)

    async def main() -> None:
        await deliver_with_deaths(office, receiver_of(site, "none"), deaths=10)

    run_virtual(main())
    effects = Counter(e["key"] for e in site.effects)
    assert set(effects.values()) == {1}
    done = {m.key for m in outbox.messages(office.engine, "done")}
    unknown = {m.key for m in outbox.messages(office.engine, "unknown")}
    assert done | unknown == set(keys)
    assert done <= set(effects)
    assert unknown
    assert all("a person must" in m.last_error for m in outbox.messages(office.engine, "unknown"))


def test_a_receiver_that_is_off_is_tried_with_patience_and_then_served(office: Office) -> None:
    keys = fill(office, 10)
    site = RestLims(Memory())
    transport = InMemory(site, reachable=False)
    receiver = RestReceiver("http://lims/records", transport=transport)
    tries: list[str] = []

    async def main() -> None:
        clock = Clock.starting(NOON)
        courier = Courier(
            office.engine,
            office.files,
            "lims",
            receiver,
            clock,
            holder="one",
            pace=PACE,
            told=lambda message, state: tries.append(state),
        )
        task = asyncio.create_task(courier.run())
        await clock.sleep(1200)
        assert 10 < len(tries) < 1200 / PACE.idle_s / 2
        transport.reachable = True
        await clock.sleep(300)
        task.cancel()

    run_virtual(main())
    assert sorted(e["key"] for e in site.effects) == keys
    assert in_order(site.effects)


def test_a_dead_letter_holds_its_block_only_and_is_resent_once_mended(office: Office) -> None:
    keys = fill(office, 9, blocks=3)
    site = RestLims(Memory())
    refused = {keys[0]}

    class Picky(RestLims):
        def answer(self, request: Any) -> Any:
            self.moods = Moods(refuse=1.0 if _key(request) in refused else 0.0)
            return super().answer(request)

    site = Picky(Memory())
    receiver = receiver_of(site, "keys")

    async def once(at: int) -> None:
        clock = Clock.starting(NOON + timedelta(hours=at))
        await Courier(
            office.engine, office.files, "lims", receiver, clock, holder=f"{at}", pace=PACE
        ).drain()

    run_virtual(once(1))
    assert [e["sequence"] for e in site.effects] == [1, 2, 4, 5, 7, 8]
    (dead,) = outbox.messages(office.engine, "dead")
    assert "master data" in dead.last_error
    refused.clear()
    who = Decider("li.si", "customer entered", NOON + timedelta(hours=2))
    assert decide(office.engine, keys[0], "resend", Decider("li.si", " ", NOON)) is not None
    assert decide(office.engine, keys[1], "resend", who) is not None, "it needs no decision"
    assert decide(office.engine, keys[0], "resend", who) is None
    run_virtual(once(3))
    assert [e["sequence"] for e in site.effects][6:] == [0, 3, 6]


def test_giving_up_lets_the_later_ones_go_on(office: Office) -> None:
    keys = fill(office, 2, blocks=1)
    site = RestLims(Memory(), moods=Moods(refuse=1.0))

    async def once(at: int) -> None:
        clock = Clock.starting(NOON + timedelta(hours=at))
        receiver = receiver_of(site, "keys")
        await Courier(
            office.engine, office.files, "lims", receiver, clock, holder=f"{at}", pace=PACE
        ).drain()

    run_virtual(once(1))
    who = Decider("li.si", "sold", NOON + timedelta(hours=2))
    assert decide(office.engine, keys[0], "give-up", who) is None
    site.moods = Moods()
    run_virtual(once(3))
    assert [e["key"] for e in site.effects] == keys[1:]


def _key(request: Any) -> str:
    return str(request.json().get("key")) if request.method == "POST" else ""


def test_a_person_who_saw_it_settles_an_unknown_message(office: Office) -> None:
    (key,) = fill(office, 1)
    site = RestLims(Memory(), habit="none", moods=Moods(drop_after=1.0))

    async def main() -> None:
        clock = Clock.starting(NOON)
        receiver = receiver_of(site, "none")
        await Courier(
            office.engine, office.files, "lims", receiver, clock, holder="a", pace=PACE
        ).drain()

    run_virtual(main())
    assert decide(office.engine, key, "arrived", Decider("li.si", "seen as L-1", NOON)) is None
    (done,) = outbox.messages(office.engine, "done")
    assert done.receipt == "seen there by li.si: seen as L-1"


def test_what_the_receiver_lost_is_found_at_night_and_sent_again(office: Office) -> None:
    keys = fill(office, 12)
    site = RestLims(Memory())
    receiver = receiver_of(site, "keys")

    async def main() -> None:
        clock = Clock.starting(NOON)
        courier = Courier(
            office.engine, office.files, "lims", receiver, clock, holder="a", pace=PACE
        )
        await courier.drain()
        assert (await compare()).good
        site.forget(keys[3])
        site.memory.add("effect", keys[5], {**site.effects[4]})
        site.memory.add("effect", "lims:X:1", {**site.effects[4], "key": "lims:X:1"})
        altered = {**site.effects[0], "digest": "f" * 64}
        site.memory.change(1, altered)
        found = await compare()
        assert (found.lost, found.doubled) == ((keys[3],), (keys[5],))
        assert (found.strange, found.altered) == (("lims:X:1",), (keys[0],))
        await courier.drain()
        assert (await compare()).lost == ()

    async def compare() -> Any:
        return await reconcile(office.engine, office.files, "lims", receiver, NOON)

    run_virtual(main())
    assert keys[3] in {e["key"] for e in site.effects}


def test_a_receiver_that_cannot_be_asked_is_reported_and_nothing_is_resent(office: Office) -> None:
    fill(office, 3)
    site = RestLims(Memory(), habit="none")
    receiver = receiver_of(site, "none")

    async def main() -> None:
        clock = Clock.starting(NOON)
        await Courier(
            office.engine, office.files, "lims", receiver, clock, holder="a", pace=PACE
        ).drain()
        found = await reconcile(office.engine, office.files, "lims", receiver, NOON)
        assert found.trouble
        assert not found.good

    run_virtual(main())
    assert len(outbox.messages(office.engine, "done")) == 3


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["claim", "die", "done", "later", "dead", "tick"]), max_size=40))
def test_claims_keep_order_and_never_overlap(office: Office, deeds: list[str]) -> None:
    """Several claimers at one destination, in any order of deeds."""
    name = f"d{next(COUNTER)}"
    fill(office, 6, blocks=2, destination=name)
    now, lease, held = NOON, timedelta(seconds=30), None
    finished: dict[str, list[int]] = {"B-0": [], "B-1": []}
    for n, deed in enumerate(deeds):
        if deed == "tick":
            now += timedelta(seconds=20)
        elif deed == "claim":
            got = outbox.claim(office.engine, name, f"h{n}", now, lease)
            if held is not None and now < held[2]:
                assert got is None, "two were under way"
            elif got is not None:
                held = (got, f"h{n}", now + lease)
        elif deed == "die":
            pass
        elif held is not None:
            message, holder, _ = held
            state = {"done": "done", "later": "pending", "dead": "dead"}[deed]
            if outbox.settle(office.engine, message, holder, state, now=now) and state == "done":
                finished[message.aggregate].append(message.seq)
            held = None
    for done in finished.values():
        assert done == sorted(done)


COUNTER = iter(range(10_000))


def test_a_lease_that_was_lost_settles_nothing(office: Office) -> None:
    fill(office, 1)
    lease = timedelta(seconds=30)
    slow = outbox.claim(office.engine, "lims", "slow", NOON, lease)
    assert slow is not None
    assert not slow.uncertain
    later = NOON + timedelta(seconds=31)
    quick = outbox.claim(office.engine, "lims", "quick", later, lease)
    assert quick is not None
    assert quick.uncertain, "what the dead one did nobody knows"
    assert not outbox.settle(office.engine, slow, "slow", "dead", now=later)
    assert outbox.settle(office.engine, quick, "quick", "done", now=later, receipt="L-1")


def test_who_waits_for_anothers_lease_does_not_spin(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = fill(office, 3)
    assert outbox.claim(office.engine, "lims", "dead", NOON, timedelta(seconds=25)) is not None
    site, claims = RestLims(Memory()), 0
    claim = outbox.claim

    def counted(*given: Any) -> Any:
        nonlocal claims
        claims += 1
        return claim(*given)

    monkeypatch.setattr(outbox, "claim", counted)

    async def main() -> None:
        clock = Clock.starting(NOON)
        receiver = receiver_of(site, "keys")
        await Courier(
            office.engine, office.files, "lims", receiver, clock, holder="b", pace=PACE
        ).finish()
        assert clock.link() >= 25

    run_virtual(main())
    assert len(site.effects) == len(keys)
    assert claims < 20


def test_on_postgresql_too(postgresql_office: Office) -> None:
    test_each_message_has_its_effect_once(postgresql_office, "keys", count=20)
    test_a_lease_that_was_lost_settles_nothing(_emptied(postgresql_office))


def _emptied(office: Office) -> Office:
    with office.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
    return office


@given(st.integers(1, 200), st.floats(0.1, 10), st.floats(10, 1000), st.text(max_size=5))
def test_backoff_is_within_its_bounds_and_spreads(
    n: int, base: float, cap: float, key: str
) -> None:
    backoff = Backoff(base, cap, seed=3)
    assert 0 <= backoff.delay_s(key, n) <= min(cap, base * 2.0 ** min(n - 1, 60))
    assert len({backoff.delay_s(f"{key}{i}", n) for i in range(10)}) == 10
