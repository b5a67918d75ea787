"""How good plans are, against brute force and proofs; clearances to what is to be avoided."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vision.clearances import violations
from vision.finder import Surface
from vision.free_ground import Ground
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.keep_out import KeepOut
from vision.planner import NoRoom, Plan, plan_positions
from vision.plans import Demands
from vision.refusal_picture import refusal_picture
from vision.worst import covering_radius, served_within

USUAL = {"count": 5, "spares": 2, "pitch_mm": 2.6, "edge_mm": 4.0, "margin_mm": 0.15}
points = st.builds(Point, st.floats(-25, 25), st.floats(-25, 25))
keep_outs = st.builds(
    KeepOut,
    st.one_of(st.tuples(points), st.tuples(points, points), st.tuples(points, points, points)),
    st.floats(0, 4),
)


def plan(outline: Outline, occupied=(), **changed) -> Plan | NoRoom:
    return plan_positions(outline, occupied, **{**USUAL, **changed})


@settings(max_examples=15, deadline=None)
@given(st.lists(keep_outs, max_size=4), st.lists(points, max_size=12), st.floats(0, 2))
def test_nothing_comes_near_what_is_to_be_avoided(avoid, places, damage) -> None:
    outline = Round(60)
    marks = [Mark(p.x, p.y, 0.65) for p in places]
    made = plan(outline, marks, avoid=avoid, damage_mm=damage)
    if isinstance(made, NoRoom):
        assert made.found == len(made.places) < 5
        return
    rules = {key: USUAL[key] for key in ("pitch_mm", "edge_mm", "margin_mm")}
    assert violations(made, outline, marks, avoid=avoid, damage_mm=damage, count=5, **rules) == []


@settings(max_examples=60, deadline=None)
@given(keep_outs, points, st.floats(0, 5))
@example(KeepOut((Point(0, 0), Point(0, 1e-200)), 1, "too short a side"), Point(3, 4), 2.0)
def test_both_ways_to_measure_a_keep_out_agree(shape, point, distance) -> None:
    far = shape.distance(point)
    clear = bool(shape.clear_of(np.array([[point.x, point.y]]), distance)[0])
    if abs(far - distance) > 1e-6 and not 0 < far < 1e-6:
        assert clear is (far > distance)


def test_a_point_inside_an_engraving_is_not_clear_of_it() -> None:
    box = KeepOut(tuple(Point(x, y) for x, y in ((0, 0), (10, 0), (10, 4), (0, 4))), 0, "engraved")
    assert box.distance(Point(5, 2)) == 0
    assert box.distance(Point(5, 7)) == 3
    places = np.array([[5.0, 2.0], [5.0, 7.0], [13.0, 8.0]])
    assert box.clear_of(places, 2.9).tolist() == [False, True, True]


@pytest.mark.parametrize("corners", [(), (Point(math.nan, 0),)])
def test_a_keep_out_without_a_place_is_refused(corners) -> None:
    with pytest.raises(ValueError, match="not a part"):
        KeepOut(corners)


PROVED = {1: 1.0, 2: 1.0, 3: math.sqrt(3) / 2, 4: math.sqrt(0.5), 5: 0.6093828640, 7: 0.5}


@pytest.mark.parametrize("count", PROVED)
def test_covering_of_the_bare_disc_is_as_good_as_proved(count: int) -> None:
    made = plan(Round(60), count=count, spares=0)
    assert isinstance(made, Plan)
    assert PROVED[count] * 25.85 * (1 - 1e-6) <= made.covering_radius
    assert made.covering_radius <= PROVED[count] * 25.85 * 1.03


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-6, 6)), max_size=5), st.integers(1, 2))
def test_no_choice_of_raster_places_is_more_even(places, count) -> None:
    outline, marks = Rectangle(28, 22), [Mark(x, y, 0.5) for x, y in places]
    made = plan(outline, marks, count=count, spares=0)
    ground = Ground(outline, tuple(marks), Demands(2.6, 4.0, 0.15))
    axis = np.arange(-10, 10.1, 2.5)
    raster = np.stack([a.ravel() for a in np.meshgrid(axis, axis)], axis=1)
    raster = raster[ground.free(raster)]
    witnesses = ground.witnesses()
    best = math.inf
    for chosen in itertools.combinations(raster, count):
        centres = np.array(chosen)
        if covering_radius(witnesses[::9], centres) < best and ground.holds(centres):
            best = min(best, served_within(ground, centres, witnesses))
    if isinstance(made, NoRoom):
        assert not math.isfinite(best)
    else:
        assert made.covering_radius <= 1.03 * best


@settings(max_examples=4, deadline=None)
@given(st.lists(points, max_size=15), st.integers(1, 3))
def test_a_turned_block_is_planned_as_evenly(places, quarters) -> None:
    outline, turned = Rectangle(60, 44), Rectangle(44, 60) if quarters % 2 else Rectangle(60, 44)
    marks = [Mark(p.x, p.y, 0.65) for p in places]
    again = []
    for m in marks:
        x, y = m.x, m.y
        for _ in range(quarters):
            x, y = -y, x
        again.append(Mark(x, y, 0.65))
    one, other = plan(outline, marks), plan(turned, again)
    assert isinstance(one, Plan)
    assert isinstance(other, Plan)
    assert one.covering_radius == pytest.approx(other.covering_radius, rel=0.03)
    assert abs(one.later - other.later) <= 2


def test_every_verification_leaves_room_for_fewer_and_the_promise_is_kept() -> None:
    outline, marks, told = Rectangle(34, 24), [], []
    luck = np.random.default_rng(5)
    while isinstance(made := plan(outline, marks, spares=0), Plan):
        told.append(made.later)
        for place in made.positions:
            angle, off = luck.uniform(0, 2 * np.pi), luck.uniform(0, 0.15)
            x, y = place.x + off * np.cos(angle), place.y + off * np.sin(angle)
            marks.append(Mark(float(x), float(y), 0.6))
    assert told[0] >= 3
    assert told[-1] <= 1
    left = range(len(told) - 1, -1, -1)
    assert all(later <= after + 1 for later, after in zip(told, left, strict=True))


def test_a_refusal_shows_what_is_taken_and_what_would_fit() -> None:
    outline = Round(30)
    marks = tuple(sorted(Mark(x, 0.0, 0.65) for x in (-8.0, -4.0, 0.0, 4.0, 8.0)))
    refused = plan(outline, marks, pitch_mm=9.0)
    assert isinstance(refused, NoRoom)
    assert "5 old indentations" in refused.reason
    image = np.full((400, 400), 180, np.uint8)
    surface = Surface(outline, Point(0, 0), marks)
    demands = Demands(9.0, 4.0, 0.15)
    drawn = refusal_picture(image, surface, demands, refused, px_per_mm=12.0)
    assert drawn.shape == (900, 900, 3)
    red = drawn[..., 2].astype(int) - drawn[..., 0]
    assert red[450, 450 + 50] > 20  # beside the mark in the middle
    assert abs(red[5, 5]) < 5  # outside of the block
