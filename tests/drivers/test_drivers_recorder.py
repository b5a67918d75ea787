import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.interfaces import Done, Failure, NotDone, ResultRecord
from drivers.lines import Bench, Port
from drivers.record_count import RecordCount
from drivers.recorder import record
from drivers.spool import (
    Ambiguous,
    Match,
    Matched,
    Missing,
    Spool,
    SpoolReader,
    Unproved,
    match_record,
)
from drivers.spool_file import Damaged, Entry, Kind, decode
from hil_sim.devices.versitron import SimulatedVersitron
from runtime import Clock, run_virtual

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "memory://tester"


# -- the file ----------------------------------------------------------------

ENTRIES = st.builds(
    Entry,
    received=st.datetimes(timezones=st.just(UTC)),
    kind=st.sampled_from(Kind),
    raw=st.binary(max_size=40),
)


@given(ENTRIES)
def test_an_entry_is_one_line_and_reads_back(entry: Entry) -> None:
    line = entry.encode()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line[:-1]) == entry


@given(ENTRIES, st.data())
def test_a_changed_byte_of_an_entry_is_noticed(entry: Entry, data: st.DataObject) -> None:
    line = bytearray(entry.encode()[:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(line)) == Damaged(bytes(line))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6), st.data())
def test_a_torn_entry_costs_only_itself(lines: list[bytes], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spool"
        spool = Spool(path)
        for line in lines:
            spool.append(NOON, line)
        spool.close()
        written = path.read_bytes()
        whole = data.draw(st.integers(0, len(written)))
        path.write_bytes(written[:whole])
        reader = SpoolReader(path)
        kept = lines[: written[:whole].count(b"\n")]
        assert seen_by(reader) == kept
        # Torn between an entry and its line end, the next writer completes it.
        if written[whole : whole + 1] == b"\n":
            kept.append(lines[len(kept)])
        again = Spool(path)
        again.append(NOON, b"after the crash")
        again.close()
        assert seen_by(reader) == [*kept, b"after the crash"]
        assert len(reader.damaged) <= 1


def seen_by(reader: SpoolReader) -> list[bytes]:
    """Read on; the lines of these tests are no records, so all of them are rejected."""
    assert run_virtual(reader.records()) == Done(())
    return [line.raw for line in reader.rejected]


def test_a_second_writer_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    first = Spool(path)
    with pytest.raises(OSError, match="another recorder"):
        Spool(path)
    first.close()
    Spool(path).close()


def test_an_entry_refused_by_the_disk_may_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spool"
    spool, write = Spool(path), os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 30:
            raise OSError("disk full")
        return write(descriptor, data[:20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(OSError, match="disk full"):
            spool.append(NOON, b"a line")
    spool.append(NOON, b"a line")
    spool.close()
    reader = SpoolReader(path)
    assert seen_by(reader) == [b"a line"]
    assert len(reader.damaged) == 1


def test_two_who_ask_at_once_see_every_record_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for line in (b"000001:   61.20HRC     ", b"000002:   61.21HRC     "):
        spool.append(datetime(2026, 1, 5, tzinfo=UTC), line)
    reader = SpoolReader(spool.path)

    async def ask() -> list[list[int]]:
        answers = await asyncio.gather(*(reader.records() for _ in range(3)))
        assert all(isinstance(answer, Done) for answer in answers)
        return [[r.number for r in answer.value] for answer in answers if isinstance(answer, Done)]

    # The disk is slow: each is on its way to the file before the first comes back.
    assert run_virtual(ask(), offload_s=0.5) == [[1, 2]] * 3
    spool.close()


def test_a_spool_that_is_not_there_or_was_replaced_is_told(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    reader = SpoolReader(path)
    missing = run_virtual(reader.records())
    assert isinstance(missing, NotDone) and missing.reason is Failure.NO_LINK
    spool = Spool(path)
    spool.append(NOON, b"a line")
    spool.close()
    assert run_virtual(reader.records()) == Done(())
    path.write_bytes(b"")
    replaced = run_virtual(reader.records())
    assert isinstance(replaced, NotDone) and replaced.reason is Failure.FAULT


# -- the recorder ------------------------------------------------------------


@dataclass
class Bed:
    """A recorder at work on a simulated tester."""

    tester: SimulatedVersitron
    port: Port
    reader: SpoolReader
    clock: Clock

    async def records(self) -> list[ResultRecord]:
        outcome = await self.reader.records()
        assert isinstance(outcome, Done)
        return list(outcome.value)

    def send(self, data: bytes) -> None:
        for wire in self.port.open:
            assert wire.peer is not None
            wire.peer.write(data)


@asynccontextmanager
async def bed(path: Path) -> AsyncIterator[Bed]:
    clock, bench, tester = Clock.starting(NOON), Bench(), SimulatedVersitron()
    port = bench.listen(URL, tester.protocol)
    spool = Spool(path)
    task = asyncio.create_task(record(bench, URL, spool, clock))
    await asyncio.sleep(0.1)
    try:
        yield Bed(tester, port, SpoolReader(path), clock)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        spool.close()


def test_every_record_published_is_kept_with_its_time(tmp_path: Path) -> None:
    async def main() -> None:
        async with bed(tmp_path / "spool") as lab:
            for number in range(3):
                lab.tester.publish(number, "HRC", Decimal("61.20"), "Ok")
                await asyncio.sleep(10)
            records = await lab.records()
            assert [r.number for r in records] == [0, 1, 2]
            assert records[2].raw == b"000002:   61.20HRC   Ok"
            assert str(records[2].hardness) == "61.20"
            assert abs(records[2].received - NOON - timedelta(seconds=20.1)) < timedelta(seconds=1)
            assert lab.reader.connected
            # Read again: what was added since, and only once.
            lab.tester.publish(3, "HRC", Decimal("61.30"))
            await asyncio.sleep(1)
            assert [r.number for r in await lab.records()] == [0, 1, 2, 3]

    run_virtual(main())


def test_an_idle_recorder_schedules_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with bed(tmp_path / "spool"):
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.sleep(1e6)
            assert loop.time() - began == pytest.approx(1e6)

    run_virtual(main())


def test_loss_and_return_of_the_line_are_told_once_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with bed(tmp_path / "spool") as lab:
            lab.tester.publish(1, "HRC", Decimal("61.20"))
            await asyncio.sleep(1)
            lab.port.unplug()
            await asyncio.sleep(60)
            await lab.records()
            assert lab.reader.connected is False
            lab.port.plugged = True
            await asyncio.sleep(5)
            lab.tester.publish(2, "HRC", Decimal("61.30"))
            await asyncio.sleep(1)
            assert [r.number for r in await lab.records()] == [1, 2]
            assert lab.reader.connected is True

    with caplog.at_level(logging.INFO, "drivers.recorder"):
        run_virtual(main())
    assert [r.levelname for r in caplog.records] == ["INFO", "ERROR", "INFO"]


def test_nothing_that_arrived_is_dropped_even_if_it_is_no_record(tmp_path: Path) -> None:
    noise = b"\xff" * 600

    async def main() -> None:
        async with bed(tmp_path / "spool") as lab:
            lab.send(noise + b"000001:   61.20HRC   Ok\r\n")
            await asyncio.sleep(1)
            lab.send(b"half a rec")
            await asyncio.sleep(10)
            lab.send(b"000002:   61.20HRC   Ok\r\nunplu")
            await asyncio.sleep(0.5)
            lab.port.hang_up()
            await asyncio.sleep(5)
            assert [r.number for r in await lab.records()] == [2]
            kept = b"".join(line.raw for line in lab.reader.rejected)
            assert kept == noise + b"000001:   61.20HRC   Okhalf a recunplu"
            assert all(line.reason for line in lab.reader.rejected)

    run_virtual(main())


def test_a_dead_recorder_is_followed_by_another_on_the_same_spool(tmp_path: Path) -> None:
    path = tmp_path / "spool"

    async def main() -> None:
        for number in (1, 2):
            async with bed(path) as lab:
                lab.tester.publish(number, "HRC", Decimal("61.20"))
                await asyncio.sleep(1)
        assert [r.number for r in await lab.records()] == [1, 2]

    run_virtual(main())


def test_a_full_disk_holds_the_record_until_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no space")

    async def main() -> None:
        async with bed(tmp_path / "spool") as lab:
            with monkeypatch.context() as patch:
                patch.setattr(Spool, "append", refuse)
                lab.tester.publish(1, "HRC", Decimal("61.20"))
                lab.tester.publish(2, "HRC", Decimal("61.20"))
                await asyncio.sleep(30)
                assert await lab.records() == []
            await asyncio.sleep(3)
            assert [r.number for r in await lab.records()] == [1, 2]

    run_virtual(main())
    assert caplog.text.count("cannot be written") == 1


# -- the one record of a cycle -------------------------------------------------


def kept(number: int, hardness: str = "61.20", seconds: float = 0) -> ResultRecord:
    raw = f"{number:06d}:   {hardness}HRC   Ok".encode()
    at = NOON + timedelta(seconds=seconds)
    return ResultRecord(number, "HRC", Decimal(hardness), "Ok", raw, at)


FIRST = RecordCount().cycles(1, 1)


def match_after(number: int, new: list[ResultRecord]) -> Match:
    """Match what came after two records, of which the last had this number."""
    before = [kept(number - 1, "61.30"), kept(number, "61.25")]
    return match_record([*before, *new], known=2, count=RecordCount(number).cycles(1, 1))


def test_exactly_one_new_record_with_the_next_number_matches() -> None:
    assert match_after(41, [kept(42)]) == Matched(kept(42))
    # The first record of a spool has nothing to follow.
    assert match_record([kept(7)], known=0, count=FIRST) == Matched(kept(7))


def test_no_new_record_is_missing() -> None:
    assert match_after(41, []) == Missing()
    assert match_record([], known=0, count=FIRST) == Missing()


def test_copies_count_once_and_are_told() -> None:
    copies = [kept(42), kept(42, seconds=1), kept(42, seconds=2)]
    assert match_after(41, copies) == Matched(kept(42), repeats=2)


def test_a_late_copy_of_the_record_before_is_no_news() -> None:
    late = kept(41, "61.25", seconds=1)
    assert match_after(41, [late]) == Missing(repeats=1)
    assert match_after(41, [late, kept(42)]) == Matched(kept(42), repeats=1)


@pytest.mark.parametrize(
    "new",
    [[kept(42), kept(43)], [kept(42), kept(42, "61.30")]],
    ids=["one too many", "same number"],
)
def test_more_than_one_new_record_is_ambiguous_and_shows_them(new: list[ResultRecord]) -> None:
    found = match_after(41, new)
    assert isinstance(found, Ambiguous)
    assert list(found.records) == new
    assert found.detail


@pytest.mark.parametrize("number", [43, 41, 40, 1], ids=["lost", "again", "back", "cleared"])
def test_a_number_that_nothing_leads_to_proves_nothing(number: int) -> None:
    assert isinstance(match_after(41, [kept(number, "61.35")]), Unproved)


def test_a_record_of_an_earlier_cycle_is_told_apart_from_one_that_may_be() -> None:
    """After 41 a cycle ended without its record; whether the tester counted it was seen or not."""

    def match(number: int, *earlier: int) -> Match:
        count = RecordCount(41).cycles(*earlier).cycles(1, 1)
        return match_record([kept(41), kept(number)], known=1, count=count)

    assert isinstance(match(42, 1, 1), Ambiguous)
    assert match(43, 1, 1) == Matched(kept(43))
    assert isinstance(match(42, 0, 1), Unproved)
    assert match(43, 0, 1) == Matched(kept(43))
    assert match(42, 0, 0) == Matched(kept(42))


def test_the_number_after_the_last_one_of_its_width() -> None:
    assert match_after(999_999, [kept(0)]) == Matched(kept(0))
    assert match_after(99_999, [kept(100_000)]) == Matched(kept(100_000))
    assert isinstance(match_after(999_999, [kept(2)]), Unproved)


@pytest.mark.parametrize("fault", ["lose", "duplicate", "garble"])
def test_faults_of_the_tester_are_told_apart(tmp_path: Path, fault: str) -> None:
    async def main() -> None:
        async with bed(tmp_path / "spool") as lab:
            lab.tester.publish(41, "HRC", Decimal("61.25"))
            await asyncio.sleep(60)
            setattr(lab.tester.faults, fault, 1)
            lab.tester.publish(42, "HRC", Decimal("61.20"))
            await asyncio.sleep(60)
            count = RecordCount(41).cycles(1, 1)
            found = match_record(await lab.records(), known=1, count=count)
            if fault == "duplicate":
                assert isinstance(found, Matched) and found.repeats == 1
            else:
                assert found == Missing()
            assert len(lab.reader.rejected) == (fault == "garble")
            # A lost record shows in the number of the next.
            known = len(await lab.records())
            last = (await lab.records())[-1].number
            lab.tester.publish(43, "HRC", Decimal("61.20"))
            await asyncio.sleep(60)
            count = RecordCount(last).cycles(1, 1)
            match = match_record(await lab.records(), known=known, count=count)
            assert isinstance(match, Matched if fault == "duplicate" else Unproved)

    run_virtual(main())
