import dataclasses
import itertools
import random
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.blocks import laid_out, outlines, raw_marks, shares
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.keep_out import KeepOut
from vision.planner import NoRoom, Plan, plan_positions, violations

_PITCH, _EDGE, _MARGIN = 2.6, 4.0, 0.15


def _plan(
    outline: Outline,
    occupied: list[Mark],
    count: int = 5,
    spares: int = 2,
    avoid: tuple[KeepOut, ...] = (),
) -> Plan | NoRoom:
    return plan_positions(
        outline,
        occupied,
        count=count,
        spares=spares,
        pitch_mm=_PITCH,
        edge_mm=_EDGE,
        margin_mm=_MARGIN,
        avoid=avoid,
    )


def _wrong(
    plan: Plan,
    outline: Outline,
    occupied: list[Mark],
    avoid: tuple[KeepOut, ...] = (),
) -> list[str]:
    return violations(
        plan,
        outline,
        occupied,
        pitch_mm=_PITCH,
        edge_mm=_EDGE,
        margin_mm=_MARGIN,
        avoid=avoid,
        count=5,
    )


@settings(max_examples=60, deadline=None)
@given(outlines, raw_marks(widest=1.6), shares, shares, st.floats(0, 8))
def test_no_plan_violates_a_clearance(
    outline: Outline, raw: list[Mark], x: float, y: float, radius: float
) -> None:
    occupied = laid_out(outline, raw)
    avoid = (KeepOut.disc(Point(20 * x, 20 * y), radius),)
    plan = _plan(outline, occupied, avoid=avoid)
    if isinstance(plan, NoRoom):
        assert plan.found < 5
        return
    assert _wrong(plan, outline, occupied, avoid) == []
    assert len(plan.spares) <= 2
    assert plan.min_clearance >= 0


@settings(max_examples=30, deadline=None)
@given(st.floats(14, 24), st.floats(9, 24), st.integers(1, 12), st.floats(1, 6))
def test_positions_keep_apart_where_they_are_crammed(
    width: float, height: float, count: int, pitch: float
) -> None:
    outline = Rectangle(width, height)
    plan = plan_positions(
        outline, [], count=count, spares=3, pitch_mm=pitch, edge_mm=_EDGE, margin_mm=_MARGIN
    )
    if isinstance(plan, NoRoom):
        assert plan.found < count
        return
    assert len(plan.positions) == count
    clear = violations(plan, outline, [], pitch_mm=pitch, edge_mm=_EDGE, margin_mm=_MARGIN)
    assert clear == []


@settings(max_examples=15, deadline=None)
@given(outlines, raw_marks(), st.randoms(use_true_random=False))
def test_the_order_of_the_old_marks_is_of_no_account(
    outline: Outline, raw: list[Mark], shuffler: random.Random
) -> None:
    occupied = laid_out(outline, raw)
    mixed = list(occupied)
    shuffler.shuffle(mixed)
    assert _plan(outline, occupied) == _plan(outline, mixed)


def test_five_on_an_empty_disc_cover_it_nearly_as_well_as_five_can() -> None:
    plan = _plan(Round(60), [])
    assert isinstance(plan, Plan)
    usable = 30 - _EDGE - _MARGIN
    # Five equal discs cover a disc from 0.6094 of its radius on (Bezdek 1983).
    assert 0.600 * usable <= plan.covering_radius <= 0.625 * usable
    assert len(plan.spares) == 2


def test_four_on_an_empty_square_cover_its_quarters() -> None:
    plan = _plan(Rectangle(60, 60), [], count=4)
    assert isinstance(plan, Plan)
    side = 60 - 2 * (_EDGE + _MARGIN)
    assert plan.covering_radius == pytest.approx(side / 4 * 2**0.5, rel=0.03)


def test_the_covering_radius_is_what_a_fine_search_of_the_surface_finds() -> None:
    plan = _plan(Round(44), [])
    assert isinstance(plan, Plan)
    axis = [0.2 * i - 22 for i in range(221)]
    places = (Point(x, y) for x, y in itertools.product(axis, axis))
    usable = [p for p in places if Round(44).inset_contains(p, _EDGE + _MARGIN)]
    farthest = max(min(p.distance(q) for q in plan.positions) for p in usable)
    assert plan.covering_radius == pytest.approx(farthest, abs=0.3)


def _crowd(holes: Collection[tuple[int, int]] = ()) -> list[Mark]:
    """Return marks so close that nothing fits between, but for holes in their lattice."""
    lattice = itertools.product(range(-8, 9), range(-8, 9))
    return [Mark(3.5 * i, 3.5 * k, 0.65) for i, k in lattice if (i, k) not in holes]


@pytest.mark.parametrize("outline", [Round(60), Rectangle(60, 40)])
def test_a_full_block_has_no_room(outline: Outline) -> None:
    outcome = _plan(outline, _crowd())
    assert isinstance(outcome, NoRoom)
    assert (outcome.found, outcome.needed) == (0, 5)
    assert outcome.reason


def test_room_for_three_is_no_room_for_five_and_says_so() -> None:
    holes = {(0, 0), (4, 0), (-2, 3)}
    nearly_full = _crowd(holes)
    outcome = _plan(Round(60), nearly_full)
    assert isinstance(outcome, NoRoom)
    assert outcome.found == 3
    three = _plan(Round(60), nearly_full, count=3)
    assert isinstance(three, Plan)
    assert {(round(p.x / 3.5), round(p.y / 3.5)) for p in three.positions} == holes


def test_a_block_smaller_than_its_edge_strips_has_no_room() -> None:
    assert isinstance(_plan(Round(8), []), NoRoom)
    assert isinstance(_plan(Rectangle(60, 7), []), NoRoom)


def test_one_point_of_room_is_enough_for_one() -> None:
    plan = _plan(Round(2 * (_EDGE + _MARGIN) + 0.1), [], count=1)
    assert isinstance(plan, Plan)
    assert plan.positions == (Point(0, 0),)
    assert plan.spares == ()


def test_a_larger_old_mark_is_given_four_of_its_own_diameters() -> None:
    wide = Mark(0.0, 0.0, 3.0)
    plan = _plan(Round(48), [wide], count=8)
    assert isinstance(plan, Plan)
    assert all(p.distance(wide) >= 12 + _MARGIN for p in plan.positions + plan.spares)


def test_violations_sees_each_kind() -> None:
    outline, old = Round(60), [Mark(10.0, 0.0, 0.6)]
    good = _plan(outline, old)
    assert isinstance(good, Plan)
    first, second, *rest = good.positions

    def moved(*positions: Point) -> list[str]:
        return _wrong(dataclasses.replace(good, positions=positions), outline, old)

    assert moved(Point(0, 27), second, *rest)
    assert moved(Point(10 - _PITCH, 0), second, *rest)
    assert moved(Point(second.x + _PITCH, second.y), second, *rest)
    assert moved(Point(float("nan"), 0), second, *rest)
    assert moved(second, *rest) == ["4 positions instead of 5"]
    assert moved(first, second, *rest) == []
    assert _wrong(good, outline, old, avoid=(KeepOut.disc(first, 0.5),))


def test_spares_keep_clear_when_positions_fill_the_block() -> None:
    plan = _plan(Round(16), [], count=3, spares=9)
    assert isinstance(plan, Plan)
    assert 0 < len(plan.spares) < 9
    everything = dataclasses.replace(plan, positions=plan.positions + plan.spares, spares=())
    clear = violations(everything, Round(16), [], pitch_mm=_PITCH, edge_mm=_EDGE, margin_mm=_MARGIN)
    assert clear == []
