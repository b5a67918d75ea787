import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.geometry import Point
from vision.path import open_path, path_length

points = st.builds(Point, st.floats(-30, 30), st.floats(-30, 30))


@settings(max_examples=40, deadline=None)
@given(st.lists(points, min_size=1, max_size=6, unique=True), points)
def test_no_order_of_few_points_is_shorter(places: list[Point], start: Point) -> None:
    path = open_path(places, start)
    assert sorted(path) == sorted(places)
    shortest = min(path_length(way, start) for way in itertools.permutations(places))
    assert path_length(path, start) == pytest.approx(shortest, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.lists(points, min_size=10, max_size=14, unique=True), points)
def test_of_many_points_none_is_lost_and_no_turned_stretch_is_shorter(
    places: list[Point], start: Point
) -> None:
    path = open_path(places, start)
    assert sorted(path) == sorted(places)
    for i, k in itertools.combinations(range(len(path) + 1), 2):
        turned = path[:i] + path[i:k][::-1] + path[k:]
        assert path_length(path, start) <= path_length(turned, start) + 1e-6


def test_nothing_to_visit_is_an_empty_path() -> None:
    assert open_path([], Point(0, 0)) == ()
