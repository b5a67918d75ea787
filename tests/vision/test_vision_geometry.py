import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vision.blocks import outlines
from vision.frame import Frame
from vision.geometry import Mark, Outline, Point, Rectangle, Round

coordinates = st.floats(-50, 50)


def test_distance_to_the_rim_of_a_disc() -> None:
    assert Round(60).distance_to_rim(Point(3, 4)) == 25
    assert Round(60).distance_to_rim(Point(0, 31)) == -1


def test_distance_to_the_rim_of_a_rectangle_is_to_the_nearest_side() -> None:
    assert Rectangle(60, 40).distance_to_rim(Point(-28, 1)) == 2
    assert Rectangle(60, 40).distance_to_rim(Point(0, 19)) == 1
    assert Rectangle(60, 40).distance_to_rim(Point(35, 0)) == -5


@given(outlines, coordinates, coordinates, st.floats(0, 10))
def test_inset_contains_is_the_distance_to_the_rim(
    outline: Outline, x: float, y: float, inset: float
) -> None:
    place = Point(x, y)
    assert outline.inset_contains(place, inset) == (outline.distance_to_rim(place) >= inset)


@given(outlines, st.floats(0, 2 * math.pi), st.floats(0, 0.99))
def test_no_place_nearer_than_the_rim_distance_is_outside(
    outline: Outline, angle: float, share: float
) -> None:
    place = Point(outline.half_width * share * 0.7, -outline.half_height * share * 0.7)
    step = outline.distance_to_rim(place) * 0.999
    moved = Point(place.x + step * math.cos(angle), place.y + step * math.sin(angle))
    assert outline.inset_contains(moved, 0)


def test_a_mark_is_certain_from_0_6_on() -> None:
    assert Mark(0, 0, 1, 0.6).certain
    assert not Mark(0, 0, 1, 0.59).certain


@given(coordinates, coordinates, st.floats(5, 60))
def test_frame_goes_to_pixels_and_back(x: float, y: float, scale: float) -> None:
    frame = Frame.centred((800, 900), scale).moved(Point(0.5, -0.25))
    back = frame.to_mm(*frame.to_px(x, y))
    assert (back.x, back.y) == pytest.approx((x, y), abs=1e-9)


def test_y_points_up() -> None:
    frame = Frame.centred((101, 201), 10.0)
    assert frame.to_px(0, 0) == (100, 50)
    assert frame.to_px(2, 3) == (120, 20)
