import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.blocks import laid_out, offsets, outlines, raw_marks, seeds
from vision.compare import Absent, Present, Unclear, confirm_indentations, mark_at
from vision.finder import Surface, find_surface
from vision.geometry import Mark, Outline, Point, Round
from vision.planner import Plan, plan_positions
from vision.rendering import render_surface

_BLOCK = Round(60)


def _surface(*marks: Mark, detectable: float = 0.375) -> Surface:
    return Surface(_BLOCK, Point(0, 0), tuple(sorted(marks)), detectable)


@settings(max_examples=25, deadline=None)
@given(outlines, raw_marks(most=15, widest=0.9), offsets, seeds, st.integers(0, 5))
def test_exactly_what_was_made_is_confirmed(
    outline: Outline, raw: list[Mark], offset: Point, seed: int, made: int
) -> None:
    old = laid_out(outline, raw)
    plan = plan_positions(outline, old, count=5, spares=1, pitch_mm=2.6, edge_mm=4, margin_mm=0.15)
    if not isinstance(plan, Plan):
        return
    new = [Mark(p.x, p.y, 0.6) for p in plan.positions[:made]]
    looks = []
    for marks, shot in ((old, seed), (old + new, seed + 1)):
        image = render_surface(outline, marks, px_per_mm=12, offset=offset, seed=shot)
        looks.append(find_surface(image, px_per_mm=12))
    before, after = looks
    assert isinstance(before, Surface)
    assert isinstance(after, Surface)
    confirmation = confirm_indentations(before, after, plan.positions, 0.2)
    assert [m.expected for m in confirmation.made] == list(plan.positions[:made])
    assert confirmation.missing == plan.positions[made:]
    # What is doubtful may come and go; the cell asks the pixels about it (controller/after.py).
    assert not [m for m in confirmation.unexpected + confirmation.vanished if m.certain]
    assert confirmation.clean is (made == 5)
    for place in plan.positions[:made]:
        assert isinstance(mark_at(after, place, 0.2, diameter=0.6), Present)
    for place in plan.positions[made:]:
        assert isinstance(mark_at(after, place, 0.2, diameter=0.6), Absent)


def test_an_indentation_beside_its_place_is_missing_and_unexpected() -> None:
    beside = Mark(5.5, 0, 0.6)
    outcome = confirm_indentations(_surface(), _surface(beside), [Point(5, 0)], 0.2)
    assert outcome.made == ()
    assert outcome.missing == (Point(5, 0),)
    assert outcome.unexpected == (beside,)
    assert not outcome.clean


def test_an_old_mark_at_the_expected_place_is_not_taken_for_a_new_one() -> None:
    old = Mark(5, 0, 0.6)
    outcome = confirm_indentations(_surface(old), _surface(old), [Point(5, 0)], 0.2)
    assert outcome.missing == (Point(5, 0),)


def test_a_vanished_old_mark_is_told() -> None:
    old = Mark(5, 0, 0.6)
    outcome = confirm_indentations(_surface(old), _surface(), [], 0.2)
    assert outcome.vanished == (old,)
    assert not outcome.clean


def test_doubtful_specks_that_come_and_go_do_not_spoil_a_confirmation() -> None:
    speck, new = Mark(-9, 2, 0.4, 0.2), Mark(5.1, 0, 0.6)
    outcome = confirm_indentations(_surface(speck), _surface(new), [Point(5, 0)], 0.2)
    assert outcome.vanished == (speck,)
    assert outcome.clean
    assert outcome.made[0].error == pytest.approx(0.1)


def test_a_doubtful_new_mark_is_not_clean() -> None:
    faint = Mark(5, 0, 0.6, 0.3)
    assert not confirm_indentations(_surface(), _surface(faint), [Point(5, 0)], 0.2).clean


def test_one_new_mark_confirms_only_one_of_two_places() -> None:
    new = Mark(5.1, 0, 0.6)
    places = [Point(5, 0), Point(5.15, 0)]
    outcome = confirm_indentations(_surface(), _surface(new), places, 0.2)
    assert [m.expected for m in outcome.made] == places[1:]
    assert outcome.missing == (places[0],)


@pytest.mark.parametrize(
    "mark",
    [
        Mark(5, 0, 0.6, 0.3),  # faint
        Mark(5.3, 0, 0.6),  # beside the tolerance
        Mark(7, 0, 4.5),  # covers the place
    ],
)
def test_doubt_at_the_place_is_never_called_absent(mark: Mark) -> None:
    assert isinstance(mark_at(_surface(mark), Point(5, 0), 0.2), Unclear)


def test_a_second_mark_near_the_place_leaves_it_unclear() -> None:
    surface = _surface(Mark(5, 0, 0.6), Mark(5.3, 0, 0.6))
    assert isinstance(mark_at(surface, Point(5, 0), 0.2), Unclear)


def test_what_is_too_small_to_be_seen_or_off_the_surface_is_unclear() -> None:
    assert isinstance(mark_at(_surface(), Point(5, 0), 0.2, diameter=0.2), Unclear)
    assert isinstance(mark_at(_surface(), Point(29.9, 0), 0.2), Unclear)


def test_absent_tells_how_far_the_nearest_mark_is() -> None:
    assert mark_at(_surface(), Point(5, 0), 0.2) == Absent(None)
    assert mark_at(_surface(Mark(5, 4, 0.6)), Point(5, 0), 0.2) == Absent(4.0)
