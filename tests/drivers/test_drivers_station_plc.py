"""The mailbox driver against the simulated PLC, over every fault of the wire."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient

from drivers.codecs import station as codec
from drivers.codecs.station import Command, following
from drivers.interfaces import (
    SIZING,
    Activity,
    CycleEnd,
    Done,
    Failure,
    Fence,
    NotDone,
    Unknown,
)
from drivers.modbus import ModbusLink
from drivers.station_plc import StationPlc
from runtime import run_virtual
from tests.rig_modbus import STATION_URL, StationRig, block, got, order


def is_command(data: bytes) -> Any:
    """Whether a packet to the device is a write of the mailbox."""
    return len(data) > 7 and data[7] == 16


def raw_command(epoch: int, sequence: int, command: Any = Command.INDENT, tag: Any = 1) -> Any:
    values = {
        "epoch": epoch,
        "sequence": sequence,
        "command": command,
        "tag": tag,
        "scale": codec.SCALE_CODES["HRC"],
        "total_dwell_ms": 4000,
    }
    return codec.COMMAND.encode(values)


def test_a_command_needs_a_claim() -> None:
    async def main() -> None:
        rig = StationRig()
        outcome = await rig.indent()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.OLD_EPOCH
        assert rig.marks == []

    run_virtual(main())


def test_a_claim_is_done_when_the_epoch_stands_there_and_refused_behind_a_later_one() -> None:
    async def main() -> None:
        rig = StationRig()
        assert got(await rig.plc.claim(5)).fence.epoch == 5
        assert got(await rig.plc.claim(5)).fence.epoch == 5
        other = StationPlc(rig.link, rig.clock)
        outcome = await other.claim(4)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.OLD_EPOCH
        assert got(await other.claim(6)).fence.epoch == 6
        outcome = await rig.indent()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.OLD_EPOCH
        assert rig.marks == []

    run_virtual(main())


def test_a_late_command_of_the_dead_session_is_refused() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed(1)
        rig.faults.inject("late-packet", seconds=10.0, when=is_command)
        outcome = await rig.indent(tag=1)
        assert isinstance(outcome, Unknown)
        # The daemon dies here; the next one claims and sees that nothing happened.
        rig.link.close()
        heir = StationPlc(ModbusLink(rig.bench, STATION_URL), rig.clock)
        before = got(await heir.claim(2))
        assert before.cycle.count == 0 and before.resting
        await asyncio.sleep(20)
        after = got(await heir.read())
        assert after.cycle.count == 0 and after.fence == before.fence
        assert rig.marks == []
        got(await heir.indent(order(2), after))
        assert len(rig.marks) == 1

    run_virtual(main())


def test_a_late_command_of_this_session_and_its_redo_make_one_cycle() -> None:
    async def main() -> None:
        rig = StationRig()
        before = await rig.claimed()
        rig.faults.inject("late-packet", seconds=4.0, when=is_command)
        assert isinstance(await rig.plc.indent(order(1), before), Unknown)
        again = got(await rig.plc.read())
        assert again.fence.accepted == before.fence.accepted
        redo = await rig.plc.indent(order(1), again)
        assert isinstance(redo, Done)
        await asyncio.sleep(60)
        assert len(rig.marks) == 1

    run_virtual(main())


def test_a_late_command_that_overtook_its_redo_is_not_taken_for_it() -> None:
    async def main() -> None:
        rig = StationRig()
        before = await rig.claimed()
        rig.faults.inject("late-packet", seconds=4.0, when=is_command)
        assert isinstance(await rig.plc.indent(order(1), before), Unknown)
        again = got(await rig.plc.read())
        await asyncio.sleep(10)
        # Sent after the late one was taken: the number is spent, the tag is another's.
        outcome = await rig.plc.indent(order(2), again)
        assert isinstance(outcome, Unknown) and "tag 1" in outcome.detail
        assert len(rig.marks) == 1

    run_virtual(main())


@pytest.mark.parametrize("kind", ["duplicate", "lose-reply", "drop-connection", "delay"])
def test_whatever_befalls_the_command_it_executes_once(kind: Any) -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        before = got(await rig.plc.read())
        if kind == "duplicate":
            rig.faults.inject(kind, when=is_command)
        else:
            rig.faults.inject(kind, seconds=1.4)
        status = got(await rig.plc.indent(order(1), before))
        assert status.cycle.count == 1
        await asyncio.sleep(60)
        assert len(rig.marks) == 1

    run_virtual(main())


def test_a_naive_client_without_the_fence_indents_twice() -> None:
    async def main() -> None:
        rig = StationRig()
        bank = rig.sim.server.bank
        cycles = []
        # A PLC program without a fence: every write of the start command starts a cycle.
        rig.sim._scan = None
        bank._written = lambda: cycles.append(bank.get(codec.COMMAND)["command"])
        client = AsyncModbusTcpClient("x", timeout=0.5)
        client.ctx.call_create = lambda: rig.bench.connect(STATION_URL, lambda: client.ctx)
        await client.connect()
        rig.faults.inject("delay", seconds=1.2)
        reply = await client.write_registers(0, raw_command(1, 1))
        assert not reply.isError()
        assert cycles == [Command.INDENT, Command.INDENT]
        client.close()

    run_virtual(main())


def test_a_refused_number_is_burned_so_that_its_copy_cannot_run_when_the_door_is_closed_again() -> (
    None
):
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        rig.sim.open_door()
        kept = []
        rig.faults.inject("duplicate", when=lambda data: is_command(data) and not kept.append(data))
        outcome = await rig.indent(tag=1)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.INTERLOCK
        rig.sim.close_door()
        late = rig.sim.server()
        late.connection_made(asyncio.Transport())
        with pytest.raises(NotImplementedError):  # its answer has nowhere to go
            late.data_received(kept[0])
        await asyncio.sleep(60)
        assert rig.marks == []
        assert isinstance(await rig.indent(tag=2), Done)

    run_virtual(main())


def test_an_old_sessions_refusal_is_not_taken_for_ours() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed(2)
        before = got(await rig.plc.read())
        ours = following(before.fence.accepted)
        stranger = ModbusLink(rig.bench, STATION_URL)
        rig.faults.inject("late-packet", seconds=1.5, when=is_command)
        task = asyncio.create_task(rig.plc.indent(order(1), before))
        await asyncio.sleep(0.1)
        await stranger.write(codec.COMMAND, raw_command(1, ours))
        assert got(await task).cycle.count == 1

    run_virtual(main())


def test_a_link_that_fails_during_the_cycle_does_not_lose_its_end() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        loop = asyncio.get_running_loop()
        loop.call_later(10.0, rig.sim.port.unplug)
        loop.call_later(20.0, lambda: setattr(rig.sim.port, "plugged", True))
        status = got(await rig.indent())
        assert status.cycle.end is CycleEnd.COMPLETE

    run_virtual(main())


def test_a_link_that_stays_away_ends_in_unknown_at_the_deadline() -> None:
    async def main() -> None:
        rig = StationRig()
        await rig.claimed()
        loop = asyncio.get_running_loop()
        loop.call_later(10.0, rig.sim.port.unplug)
        outcome = await rig.indent()
        assert isinstance(outcome, Unknown) and outcome.reason is Failure.TIMED_OUT
        assert 30 < loop.time() < 36

    run_virtual(main())


def test_a_hanging_plc_gives_unknown_and_does_the_late_command_at_most_once() -> None:
    async def main() -> None:
        rig = StationRig()
        before = await rig.claimed()
        rig.faults.inject("hang", seconds=8.0)
        assert isinstance(await rig.plc.indent(order(1), before), Unknown)
        await asyncio.sleep(60)
        assert len(rig.marks) == 1
        assert got(await rig.plc.read()).cycle.tag == 1

    run_virtual(main())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scale": "HRX"}, Failure.BAD_ARGUMENT),
        ({"tag": 70_000}, Failure.BAD_ARGUMENT),
        ({"total_dwell_ms": 61_000}, Failure.BAD_ARGUMENT),
    ],
)
def test_an_order_that_cannot_be_is_not_done(change: Any, reason: Any) -> None:
    async def main() -> None:
        rig = StationRig()
        before = await rig.claimed()
        outcome = await rig.plc.indent(replace(order(), **change), before)
        assert isinstance(outcome, NotDone) and outcome.reason is reason
        assert rig.marks == []

    run_virtual(main())


def test_a_second_cycle_is_refused_while_one_runs_but_sizing_goes_on() -> None:
    async def main() -> None:
        rig = StationRig()
        rig.world.add(block("B2", code="B2-CODE"), SIZING)
        before = await rig.claimed()
        task = asyncio.create_task(rig.plc.indent(order(1), before))
        await asyncio.sleep(3)
        running = got(await rig.plc.read())
        assert running.activity is Activity.RUNNING and not running.resting
        busy = await rig.plc.indent(order(2), running)
        assert isinstance(busy, NotDone) and busy.reason is Failure.BUSY
        assert got(await rig.plc.measure()).code == "B2-CODE"
        assert got(await rig.plc.read()).activity is Activity.RUNNING
        assert got(await task).cycle.tag == 1
        assert len(rig.marks) == 1

    run_virtual(main())


def test_another_far_end_is_recognised() -> None:
    async def main() -> None:
        rig = StationRig()
        real = rig.sim.server.bank.read
        map_1 = codec.NAMEPLATE.encode({"identity": codec.IDENTITY, "map_version": 1})
        rig.sim.server.bank.read = lambda start, count: (
            map_1 if start == codec.NAMEPLATE.start else real(start, count)
        )
        outcome = await rig.plc.claim(1)
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.BAD_REPLY
        assert "map 1 instead of" in outcome.detail

    run_virtual(main())


def test_a_measurement_with_a_foreign_tag_is_not_ours() -> None:
    async def main() -> None:
        rig = StationRig(at=SIZING)
        bank = rig.sim.server.bank
        real = bank.read

        def read(start: int, count: int) -> Any:
            words = real(start, count)
            return [9, *words[1:]] if start == codec.MEASUREMENT.start else words

        bank.read = read
        outcome = await rig.plc.measure()
        assert isinstance(outcome, NotDone) and outcome.reason is Failure.TIMED_OUT

    run_virtual(main())


@pytest.mark.parametrize("kind", ["lose-reply", "duplicate", "drop-connection"])
def test_a_measurement_comes_whatever_befalls_its_request(kind: Any) -> None:
    async def main() -> None:
        rig = StationRig(at=SIZING)
        rig.faults.inject(kind, nth=2)
        assert got(await rig.plc.measure()).code == "B1-CODE"

    run_virtual(main())


KINDS = [
    "lose-reply",
    "delay",
    "late-packet",
    "duplicate",
    "drop-connection",
    "hang",
    "stale-reply",
]
STEP = st.one_of(
    st.tuples(st.just("indent"), st.none()),
    st.tuples(st.just("fault"), st.tuples(st.sampled_from(KINDS), st.floats(0.1, 9))),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("power"), st.floats(0.5, 20)),
    st.tuples(st.just("wait"), st.floats(0.1, 30)),
    st.tuples(st.just("door"), st.floats(0.5, 20)),
)


def did_not_happen(now: Any, before: Any) -> Any:
    """Whether the evidence proves, behind a new epoch, that the last order was not begun."""
    if not isinstance(now, Done) or not isinstance(before, Done) or not now.value.resting:
        return False
    return (now.value.cycle, now.value.fence.boot) == (
        before.value.cycle,
        before.value.fence.boot,
    )


async def live(steps: Any) -> Any:
    """Live through steps as a daemon that redoes only what it has proof did not happen."""
    rig = StationRig()
    loop = asyncio.get_running_loop()
    epoch, tag, plc, truths = 1, 0, rig.plc, {}
    before = await plc.claim(epoch)
    for what, detail in steps:
        match what:
            case "fault":
                rig.faults.inject(detail[0], seconds=detail[1])
            case "wait":
                await asyncio.sleep(detail)
            case "power":
                loop.call_later(detail, rig.sim.power_loss)
            case "door":
                loop.call_later(detail, rig.sim.open_door)
                loop.call_later(detail + 1, rig.sim.close_door)
            case "restart":
                rig.link.close()
                epoch += 1
                plc = StationPlc(rig.link, rig.clock)
                now = await plc.claim(epoch)
                if isinstance(truths.get(tag), Unknown) and did_not_happen(now, before):
                    truths[tag] = await plc.indent(order(tag), now.value)
            case "indent":
                tag += 1
                before = await plc.read()
                if isinstance(before, Done):
                    truths[tag] = await plc.indent(order(tag), before.value)
                    now = await plc.read()
                    if isinstance(now, Done) and now.value.activity is Activity.FAULT:
                        await plc.reset(now.value)
    rig.faults.clear()
    await asyncio.sleep(100)
    return rig, truths


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=3, max_size=25))
def test_no_number_makes_two_cycles_whatever_is_lost_duplicated_or_delayed(steps: Any) -> None:
    rig, truths = run_virtual(live(steps))
    evidence = rig.world.retentive
    assert evidence.get("plc.cycle_count", 0) == len(rig.marks)
    assert [mark.cycle for _, mark in rig.marks] == list(range(1, len(rig.marks) + 1))
    # Each order made at most one mark: proved ones exactly what they said, others one or none.
    proved = sum(
        isinstance(o, Done) and o.value.cycle.end is not CycleEnd.BEFORE_CONTACT
        for o in truths.values()
    )
    unknown = sum(isinstance(o, Unknown) for o in truths.values())
    assert proved <= len(rig.marks) <= proved + unknown
    assert rig.world.accidents == []


BOX = st.tuples(
    st.integers(1, 3), st.integers(0, 6), st.sampled_from([Command.CLAIM, Command.INDENT])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(BOX, st.sampled_from([0, 1, 20])), max_size=30))
def test_raw_packets_in_any_order_never_run_a_number_twice_within_an_epoch(packets: Any) -> None:
    """Any client, however naive: the far end alone holds the fence."""

    async def main() -> None:
        rig = StationRig()
        link = ModbusLink(rig.bench, STATION_URL)
        ran = []
        begin = rig.sim.machine.begin
        rig.sim.machine.begin = lambda recipe: (ran.append(recipe.tag), begin(recipe))
        epochs = []
        for (epoch, sequence, command), pause in packets:
            await link.write(
                codec.COMMAND, raw_command(epoch, sequence, command, epoch * 100 + sequence)
            )
            await asyncio.sleep(pause)
            epochs.append(rig.world.retentive.get("plc.epoch", 0))
        assert len(ran) == len(set(ran))
        assert epochs == sorted(epochs)

    run_virtual(main())


def test_the_fence_is_read_in_one_transaction() -> None:
    assert codec.STATUS.count <= 125
    raw = codec.STATUS.decode(codec.STATUS.encode({"boot": 70_000, "epoch": 80_000, "accepted": 9}))
    assert Fence(raw["boot"], raw["epoch"], raw["accepted"]) == Fence(70_000, 80_000, 9)
