import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.alignment import aligned, find_turn
from vision.compare import confirm_indentations
from vision.finder import Surface
from vision.frame import turned
from vision.geometry import Mark, Point, Rectangle, Round

_OLD = (Mark(-15, 3, 0.6), Mark(4, 18, 0.6), Mark(12, -9, 0.6))
_PLAN = (Point(0, 0), Point(9, 9), Point(-9, 9), Point(-9, -9), Point(17, 2))


def _turned(marks: tuple[Mark, ...], angle: float) -> tuple[Mark, ...]:
    moved = [(mark, turned(mark.x, mark.y, angle)) for mark in marks]
    return tuple(sorted(replace(mark, x=x, y=y) for mark, (x, y) in moved))


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.2, 0.2))
def test_a_block_gripped_at_another_angle_is_confirmed_all_the_same(angle: float) -> None:
    before = Surface(Round(60), Point(0, 0), tuple(sorted(_OLD)))
    made = tuple(Mark(p.x, p.y, 0.6) for p in _PLAN)
    after = Surface(Round(60), Point(0, 0), _turned(_OLD + made, angle))
    there = aligned(before, after, _PLAN)
    assert there.turn == pytest.approx(angle, abs=1e-6)
    assert confirm_indentations(before, there, _PLAN, 0.2).clean


def test_without_landmarks_there_is_no_turn() -> None:
    assert find_turn([], list(_OLD), most=0.2, reach_mm=0.5) is None
    assert find_turn([Point(0, 0)], [Mark(0, 0, 1)], most=0.2, reach_mm=0.5) is None
    doubtful = [replace(mark, confidence=0.2) for mark in _OLD]
    assert find_turn([mark.centre for mark in _OLD], doubtful, most=0.2, reach_mm=0.5) is None


def test_two_turns_that_fit_alike_are_none() -> None:
    ring = [Point(20 * math.cos(a), 20 * math.sin(a)) for a in (0.0, 0.12, 0.24)]
    one = [Mark(ring[1].x, ring[1].y, 0.6)]
    assert find_turn(ring, one, most=0.2, reach_mm=0.5) is None


def test_a_rectangle_is_left_to_its_sides() -> None:
    surface = Surface(Rectangle(60, 40), Point(0, 0), _turned(_OLD, 0.1))
    assert aligned(Surface(Rectangle(60, 40), Point(0, 0), _OLD), surface) is surface
