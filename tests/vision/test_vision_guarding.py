"""A plan counts with old indentations as wide as they may be."""

from hypothesis import given
from hypothesis import strategies as st

from vision.geometry import Mark
from vision.guarding import guarded

_marks = st.lists(
    st.builds(Mark, st.floats(-20, 20), st.floats(-20, 20), st.floats(0.2, 6.5)), max_size=12
)


@given(_marks)
def test_no_mark_becomes_smaller_or_moves(marks: list[Mark]) -> None:
    for mark, wide in zip(marks, guarded(marks), strict=True):
        assert (wide.x, wide.y, wide.confidence) == (mark.x, mark.y, mark.confidence)
        assert 1.05 * mark.diameter < wide.diameter < 1.8 * mark.diameter


@given(_marks)
def test_the_order_of_marks_is_of_no_account(marks: list[Mark]) -> None:
    assert sorted(guarded(marks)) == sorted(guarded(marks[::-1]))


def test_one_that_reads_small_is_as_wide_as_its_kind() -> None:
    kind = [Mark(float(i), 0.0, 1.5) for i in range(5)]
    misread, other = Mark(9.0, 0.0, 1.1), Mark(0.0, 9.0, 0.4)
    wide = guarded([*kind, misread, other])
    assert wide[5].diameter == wide[0].diameter >= 1.6
    assert wide[6].diameter < 0.5


def test_of_two_of_a_kind_the_wider_one_tells() -> None:
    wide = guarded([Mark(0.0, 0.0, 3.4), Mark(9.0, 0.0, 5.1)])
    assert wide[0].diameter == wide[1].diameter > 5.1


def test_a_few_that_agree_tell_how_wide_the_others_are() -> None:
    # Under a ring light most of a kind may read at the reflection within them.
    narrow = [Mark(float(i), 0.0, 1.4) for i in range(6)]
    agreed = [Mark(float(i), 5.0, width) for i, width in enumerate((2.0, 2.05, 2.1))]
    assert all(m.diameter >= 2.1 for m in guarded([*narrow, *agreed]))


def test_a_stray_width_or_doubtful_ones_tell_nothing() -> None:
    kind = [Mark(float(i), 0.0, 1.4) for i in range(6)]
    stray = [Mark(float(i), 5.0, width) for i, width in enumerate((1.7, 2.0))]
    doubtful = [Mark(float(i), 9.0, 2.1, 0.3) for i in range(3)]
    assert {round(m.diameter, 2) for m in guarded([*kind, *stray, *doubtful])[:6]} == {1.54}
