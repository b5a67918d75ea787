import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.interfaces import (
    CycleEnd,
    Done,
    Failure,
    IndentOrder,
    NotDone,
    Outcome,
    Unknown,
)
from drivers.manual_results import ManualResults
from drivers.manual_tester import AFTER, BEFORE, COMPLETE, LOST, NOT_MEASURED, ManualTester
from drivers.record_count import RecordCount
from drivers.spool import Matched, match_record
from runtime import run_virtual
from tests.drivers.person_script import Answer, Scripted, at_desk

ORDER = IndentOrder("HRC", 7, 3000, 5000, 4000)
SHOWN = "3.1 4.0 5.2 1471"


class Bench:
    """A person at a bench tester; `restart` is the death of the daemon."""

    def __init__(self, folder: Path, *answers: Answer) -> None:
        self.person, self.desk, self.clock = at_desk(*answers)
        self._folder = folder
        self._open()

    def _open(self) -> None:
        self.tester = ManualTester(self.desk, self._folder / "tester.book", self.clock)
        results = self._folder / "results.book"
        self.results = ManualResults(self.desk, results, self.clock, self.tester)

    def restart(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.tester.close()
        self.results.close()

    async def indent(self, tag: int = 7) -> Outcome[Any]:
        order = IndentOrder("HRC", tag, 3000, 5000, 4000)
        return await self.tester.indent(order, got(await self.tester.read()))


def got(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def refused(outcome: object) -> Failure:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


def play(
    folder: Path, scene: Callable[[Bench], Coroutine[Any, Any, None]], *answers: Answer
) -> Scripted:
    async def main() -> Scripted:
        bench = Bench(folder, *answers)
        try:
            await scene(bench)
        finally:
            bench.close()
        assert bench.person.answers == []
        return bench.person

    return run_virtual(main())


def test_an_indentation_by_hand_bears_what_the_person_read(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        before = got(await bench.tester.claim(3))
        after = got(await bench.tester.indent(ORDER, before))
        assert after.fence.accepted == before.fence.accepted + 1
        cycle = after.cycle
        assert (cycle.count, cycle.end, cycle.tag) == (1, CycleEnd.COMPLETE, 7)
        assert (cycle.preliminary_dwell_ms, cycle.loading_ms) == (3100, 4000)
        assert (cycle.total_dwell_ms, cycle.total_force_n) == (5200, Decimal(1471))

    person = play(tmp_path, scene, COMPLETE, SHOWN)
    assert person.questions[0].startswith("Make ONE indentation (order 7): HRC, preliminary")


@pytest.mark.parametrize(
    ("answer", "count", "end"),
    [(BEFORE, 0, CycleEnd.BEFORE_CONTACT), (AFTER, 1, CycleEnd.AFTER_CONTACT)],
)
def test_a_cycle_that_was_broken_off_says_how_far_it_came(
    tmp_path: Path, answer: str, count: int, end: CycleEnd
) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        status = got(await bench.indent())
        assert (status.cycle.count, status.cycle.end) == (count, end)

    play(tmp_path, scene, answer)


def test_what_nobody_measured_is_unknown_and_stays_zero(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        outcome = await bench.indent()
        assert isinstance(outcome, Unknown) and "dwells and force" in outcome.detail
        cycle = got(await bench.tester.read()).cycle
        assert (cycle.count, cycle.end) == (1, CycleEnd.COMPLETE)
        assert (cycle.total_dwell_ms, cycle.total_force_n) == (0, 0)

    play(tmp_path, scene, COMPLETE, NOT_MEASURED)


def test_who_is_not_sure_breaks_the_evidence(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        before = got(await bench.tester.claim(1))
        assert isinstance(await bench.indent(), Unknown)
        after = got(await bench.tester.read())
        assert after.fence.boot != before.fence.boot
        assert after.cycle.count == before.cycle.count

    play(tmp_path, scene, LOST)


def test_an_order_without_an_answer_stays_open_over_death_and_is_not_given_twice(
    tmp_path: Path,
) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        assert isinstance(await bench.indent(), Unknown)
        bench.restart()
        # Still nobody there: no evidence, and no new order.
        assert refused(await bench.tester.read()) is Failure.NO_REPLY
        claimed = got(await bench.tester.claim(2))
        assert refused(await bench.tester.indent(ORDER, claimed)) is Failure.BUSY
        status = got(await bench.tester.read())
        assert (status.cycle.count, status.cycle.end) == (1, CycleEnd.COMPLETE)
        assert status.cycle.total_dwell_ms == 5200

    person = play(tmp_path, scene, None, None, COMPLETE, SHOWN)
    assert len({q for q in person.questions if q.startswith("Make ONE")}) == 1


def test_a_daemon_killed_while_the_question_stands_knows_it_afterwards(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        doing = asyncio.ensure_future(bench.indent())
        await asyncio.sleep(1)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
        bench.restart()
        assert got(await bench.tester.read()).cycle.count == 1

    play(tmp_path, scene, AFTER)


def test_while_the_question_stands_the_tester_runs(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        doing = asyncio.ensure_future(bench.indent())
        await asyncio.sleep(1)
        assert not got(await bench.tester.read()).resting
        assert got(await doing).resting

    play(tmp_path, scene, BEFORE)


def test_an_old_epoch_and_an_old_status_are_refused_unasked(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        unclaimed = got(await bench.tester.read())
        old = got(await bench.tester.claim(1))
        assert refused(await bench.tester.indent(ORDER, unclaimed)) is Failure.OLD_EPOCH
        got(await bench.tester.claim(2))
        assert refused(await bench.tester.indent(ORDER, old)) is Failure.OLD_EPOCH
        assert refused(await bench.tester.claim(1)) is Failure.OLD_EPOCH
        bench.restart()
        # The epoch is kept, but this process has not claimed it.
        status = got(await bench.tester.read())
        assert status.fence.epoch == 2
        assert refused(await bench.tester.indent(ORDER, status)) is Failure.OLD_EPOCH
        assert got(await bench.tester.reset(status)) == status

    play(tmp_path, scene)


def test_two_daemons_cannot_share_a_notebook(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(OSError, match="another"):
            ManualTester(bench.desk, tmp_path / "tester.book", bench.clock)

    play(tmp_path, scene)


ENDS = st.sampled_from([COMPLETE, BEFORE, AFTER, LOST, None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ENDS, st.booleans()), max_size=6))
def test_the_count_is_what_was_said_whoever_dies_in_between(
    cycles: list[tuple[str | None, bool]],
) -> None:
    async def scene(bench: Bench) -> None:
        epoch, made, lost = 1, 0, 0
        got(await bench.tester.claim(epoch))
        for end, dies in cycles:
            bench.person.answers = [end, SHOWN] if end == COMPLETE else [end]
            outcome = await bench.indent()
            assert isinstance(outcome, Unknown if end in (LOST, None) else Done)
            if dies:
                bench.restart()
                epoch += 1
                got(await bench.tester.claim(epoch))
            if end is None:
                bench.person.answers = [AFTER]
                end = AFTER
            made, lost = made + (end in (COMPLETE, AFTER)), lost + (end == LOST)
            status = got(await bench.tester.read())
            assert (status.cycle.count, status.fence.boot) == (made, 1 + lost)

    with TemporaryDirectory() as folder:
        play(Path(folder), scene)


# -- results ------------------------------------------------------------------------------------


def test_a_typed_result_is_the_record_of_its_cycle(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        before = got(await bench.results.records())
        assert before == ()
        for number in (1, 2):
            known = len(got(await bench.results.records()))
            got(await bench.indent())
            records = got(await bench.results.records())
            last = records[known - 1].number if known else None
            count = RecordCount(last).cycles(1, 1)
            match = match_record(records, known=known, count=count)
            assert isinstance(match, Matched)
            assert (match.record.number, str(match.record.hardness)) == (number, "61.20")
            assert (match.record.scale, match.record.tolerance) == ("HRC", "")
        bench.restart()
        assert got(await bench.results.records()) == records

    cycle = (COMPLETE, SHOWN, "61.20 hrc", "right")
    play(tmp_path, scene, *cycle, *cycle)


def test_a_wrong_key_is_mended_before_it_counts(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        got(await bench.results.records())
        got(await bench.indent())
        (record,) = got(await bench.results.records())
        assert (str(record.hardness), record.raw) == ("61.2", b"000001: 61.2 HRC")

    typed = ("61.20", "HRC 61.20", "61.20 HRX", "16.20 HRC", "wrong", "61.2 HRC", "right")
    play(tmp_path, scene, COMPLETE, SHOWN, *typed)


@pytest.mark.parametrize("answers", [("no reading", "right"), (None,), ("61.20 HRC", None)])
def test_no_answer_is_no_record_and_no_reading_is_final(
    tmp_path: Path, answers: tuple[Answer, ...]
) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        got(await bench.results.records())
        got(await bench.indent())
        if answers[-1] is None:
            assert refused(await bench.results.records()) is Failure.NO_REPLY
            bench.person.answers = ["60.00 HRC", "right"]
            assert len(got(await bench.results.records())) == 1
        else:
            for _ in range(2):
                assert got(await bench.results.records()) == ()

    play(tmp_path, scene, COMPLETE, SHOWN, *answers)


def test_a_cycle_without_full_force_or_from_before_has_no_result(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        got(await bench.indent())
        assert got(await bench.results.records()) == ()
        got(await bench.indent())
        assert got(await bench.results.records()) == ()

    play(tmp_path, scene, COMPLETE, SHOWN, AFTER)


def test_a_torn_last_line_was_never_promised(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        got(await bench.tester.claim(1))
        got(await bench.results.records())
        got(await bench.indent())
        got(await bench.results.records())
        bench.close()
        for name in ("tester.book", "results.book"):
            with (tmp_path / name).open("ab") as file:
                file.write(b"2026-03-01T08:00:00+00:00 line 7b22")
        bench._open()
        assert got(await bench.tester.read()).cycle.count == 1
        assert len(got(await bench.results.records())) == 1
        got(await bench.tester.claim(2))
        bench.restart()
        assert got(await bench.tester.read()).fence.epoch == 2

    play(tmp_path, scene, COMPLETE, SHOWN, "61.20 HRC", "right")
