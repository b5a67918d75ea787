"""What is known of the tester's numbers, against a tester that counts as it likes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.record_count import BEYOND_COUNT, Place, RecordCount


@dataclass
class Machine:
    """Counts up and prints; the line keeps what it likes, and gives it back when it likes."""

    last: int
    kept: list[int] = field(default_factory=list)

    def cycle(self, *, counted: bool) -> None:
        if counted:
            self.last += 1
            self.kept.append(self.last)


CYCLES = st.lists(
    st.tuples(
        st.sampled_from(["done", "broken off, counted", "broken off"]),
        # Which of the records that have not come yet come now, counted from the newest.
        st.lists(st.integers(0, 3), max_size=2, unique=True),
    ),
    max_size=30,
)


@given(start=st.integers(0, 5000), cycles=CYCLES)
def test_no_record_of_another_cycle_is_taken_for_the_last(
    start: int, cycles: list[tuple[str, list[int]]]
) -> None:
    tester, count = Machine(start), RecordCount(start)
    for end, coming in cycles:
        tester.cycle(counted=end != "broken off")
        count = count.cycles(int(end == "done"), 1)
        came = [tester.kept[-1 - i] for i in coming if i < len(tester.kept)]
        tester.kept = [number for number in tester.kept if number not in came]
        for number in sorted(came):
            match count.place(number):
                case Place.LAST:
                    assert number == tester.last
                case Place.EARLIER:
                    assert number < tester.last
                case Place.STRANGE:
                    # Only what was overtaken leads nowhere: nobody else used this tester.
                    assert count.heard is not None and number < count.heard
            count = count.record(number)
            assert count.heard is not None
            assert count.heard + count.at_least <= tester.last <= count.heard + count.at_most


@given(start=st.integers(0, 99_900), silent=st.integers(0, 40))
def test_a_tester_whose_cycles_all_ended_is_never_in_doubt(start: int, silent: int) -> None:
    count = RecordCount(start).cycles(silent, silent).cycles(1, 1)
    own = start + silent + 1
    assert count.place(own) is Place.LAST
    assert silent == 0 or count.place(start + 1) is Place.EARLIER


@pytest.mark.parametrize("last", [99_999, 999_999])
def test_the_count_may_start_again_from_0_or_1(last: int) -> None:
    count = RecordCount(last).cycles(1, 1)
    assert count.place(0) is Place.LAST and count.place(1) is Place.LAST
    assert count.record(1) == RecordCount(1)
    # With two cycles 1 is the first or the second of them.
    assert count.cycles(1, 1).place(1) is Place.OPEN


def test_the_first_record_of_all_is_the_last_only_after_one_cycle() -> None:
    assert RecordCount().place(7) is Place.STRANGE
    assert RecordCount().cycles(1, 1).place(7) is Place.LAST
    assert RecordCount().cycles(0, 1).cycles(1, 1).place(7) is Place.OPEN
    assert RecordCount().cycles(0, 1).cycles(1, 1).record(7) == RecordCount(7, 0, 1)


def test_a_strange_number_leaves_open_how_often_somebody_used_the_tester() -> None:
    count = RecordCount(41).cycles(1, 1)
    assert count.place(60) is Place.STRANGE
    assert count.record(60) == RecordCount(60, 0, BEYOND_COUNT)
    # Nobody knows how many there were: no number is the last possible one.
    assert count.record(60).place(60 + BEYOND_COUNT) is Place.OPEN
    # What was overtaken, or is a copy, tells nothing new.
    assert count.record(41) == count == count.record(17)


@pytest.mark.parametrize(
    ("count", "numbers"),
    [
        (RecordCount(41), (41,)),
        (RecordCount(41, 0, 1), (41, 42)),
        (RecordCount(41, 1, 3), (42, 43, 44)),
        (RecordCount(999_999, 0, 1), (0, 1, 999_999)),
        (RecordCount(41, 0, BEYOND_COUNT), ()),
        (RecordCount(), ()),
    ],
)
def test_the_numbers_that_the_display_may_show(count: RecordCount, numbers: tuple[int]) -> None:
    assert count.numbers == numbers
    for number in set(numbers) - {count.heard}:
        assert count.place(number) in (Place.LAST, Place.OPEN)
