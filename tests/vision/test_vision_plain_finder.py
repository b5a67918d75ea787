import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from tests.vision.blocks import laid_out, offsets, outlines, raw_marks, seeds
from vision.finder import NoBlock, Surface
from vision.frame import Image
from vision.geometry import Mark, Outline, Point, Round
from vision.plain_finder import find_plain_surface as find_surface
from vision.rendering import render_surface

_SCALE = 12.0
_CENTRE = Point(0.0, 0.0)


def _seen(outline: Outline, marks: list[Mark], offset: Point = _CENTRE, seed: int = 0) -> Surface:
    image = render_surface(outline, marks, px_per_mm=_SCALE, offset=offset, seed=seed)
    surface = find_surface(image, px_per_mm=_SCALE)
    assert isinstance(surface, Surface)
    return surface


@settings(max_examples=60, deadline=None)
@given(outlines, raw_marks(), offsets, seeds)
def test_all_that_was_drawn_is_found_and_measured(
    outline: Outline, raw: list[Mark], offset: Point, seed: int
) -> None:
    marks = laid_out(outline, raw)
    surface = _seen(outline, marks, offset, seed)
    assert type(surface.outline) is type(outline)
    assert 2 * surface.outline.half_width == pytest.approx(2 * outline.half_width, abs=0.15)
    assert 2 * surface.outline.half_height == pytest.approx(2 * outline.half_height, abs=0.15)
    assert surface.centre.distance(offset) <= 0.05
    assert len(surface.marks) == len(marks)
    for mark in marks:
        found = min(surface.marks, key=mark.centre.distance)
        assert mark.centre.distance(found) <= 0.05
        assert found.diameter == pytest.approx(mark.diameter, rel=0.15)
        assert found.certain


@settings(max_examples=15, deadline=None)
@given(outlines, offsets, seeds)
def test_a_bare_surface_bears_no_marks(outline: Outline, offset: Point, seed: int) -> None:
    assert _seen(outline, [], offset, seed).marks == ()


@pytest.mark.parametrize("diameter", [1.5, 4.0, 6.0])
def test_a_mark_close_to_the_rim_is_measured_like_any_other(diameter: float) -> None:
    reach = 30 - diameter / 2 - 0.8
    around = [math.radians(angle) for angle in range(0, 360, 45)]
    marks = [Mark(reach * math.cos(a), reach * math.sin(a), diameter) for a in around]
    surface = _seen(Round(60), marks)
    assert len(surface.marks) == len(marks)
    for mark in marks:
        found = min(surface.marks, key=mark.centre.distance)
        assert mark.centre.distance(found) <= 0.05
        assert found.diameter == pytest.approx(diameter, rel=0.03)
        assert found.certain


def test_the_faintest_marks_are_reported_as_doubtful() -> None:
    surface = _seen(Round(60), [Mark(5, 5, 0.7, 0.3), Mark(-5, 5, 0.7, 1.0)])
    clear, faint = sorted(surface.marks, key=lambda mark: mark.x)
    assert clear.certain
    assert not faint.certain
    assert faint.diameter >= 0.6


def test_two_marks_that_overlap_occupy_both_their_places() -> None:
    pair = [Mark(4.0, 0, 1.2), Mark(4.9, 0, 1.2)]
    surface = _seen(Round(50), pair)
    for mark in pair:
        near = min(surface.marks, key=mark.centre.distance)
        assert mark.centre.distance(near) + mark.diameter / 2 <= near.diameter / 2 + 0.1


def test_a_scratch_is_no_indentation() -> None:
    image = render_surface(Round(50), [Mark(0, 8, 0.6)], px_per_mm=12, offset=_CENTRE, seed=1)
    cv2.line(image, (250, 400), (420, 430), (90,), 3)
    surface = find_surface(image, px_per_mm=12)
    assert isinstance(surface, Surface)
    assert [mark.certain for mark in surface.marks] == [True]


def test_what_can_be_detected_goes_with_the_scale() -> None:
    assert _seen(Round(50), []).detectable == pytest.approx(0.375)


def _ground(rows: int = 700, columns: int = 700) -> Image:
    return np.full((rows, columns), 20, np.uint8)


def test_no_block_on_an_empty_table() -> None:
    noise = np.random.default_rng(0).integers(0, 12, (700, 700)).astype(np.uint8)
    assert isinstance(find_surface(_ground() + noise, px_per_mm=12), NoBlock)
    assert isinstance(find_surface(_ground(), px_per_mm=12), NoBlock)


def test_no_block_when_part_of_it_is_out_of_the_picture() -> None:
    image = render_surface(Round(50), [], px_per_mm=12, offset=_CENTRE, seed=1)
    outcome = find_surface(np.ascontiguousarray(image[:, :500]), px_per_mm=12)
    assert isinstance(outcome, NoBlock)
    assert "not wholly" in outcome.reason


@pytest.mark.parametrize("shape", [(10, 10), (700, 700, 3)])
def test_what_is_not_a_grey_picture_is_refused(shape: tuple[int, ...]) -> None:
    assert isinstance(find_surface(np.zeros(shape, np.uint8), px_per_mm=12), NoBlock)
