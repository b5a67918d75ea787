import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.vision_scoring import scene_of
from tests.vision.blocks import laid_out, offsets, outlines, raw_marks, seeds
from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.rendering import render_block, render_surface

_SCALE = 12.0
_CENTRE = Point(0.0, 0.0)


def _seen(
    outline: Outline,
    marks: list[Mark],
    offset: Point = _CENTRE,
    seed: int = 0,
    scale: float = _SCALE,
) -> Surface:
    image = render_surface(outline, marks, px_per_mm=scale, offset=offset, seed=seed)
    surface = find_surface(image, px_per_mm=scale)
    assert isinstance(surface, Surface)
    return surface


@settings(max_examples=20, deadline=None)
@given(outlines, raw_marks(), offsets, seeds)
def test_all_that_was_drawn_is_found_and_measured(
    outline: Outline, raw: list[Mark], offset: Point, seed: int
) -> None:
    marks = laid_out(outline, raw)
    # From 8 px on a mark is sure to be found; the smallest drawn are 0.4 mm wide.
    surface = _seen(outline, marks, offset, seed, scale=20.0)
    assert type(surface.outline) is type(outline)
    assert 2 * surface.outline.half_width == pytest.approx(2 * outline.half_width, abs=0.15)
    assert 2 * surface.outline.half_height == pytest.approx(2 * outline.half_height, abs=0.15)
    assert surface.centre.distance(offset) <= 0.05
    assert sum(mark.certain for mark in surface.marks) == len(marks)
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


def test_a_ragged_spot_is_doubtful_but_keeps_its_place() -> None:
    image = render_surface(Round(60), [Mark(-5, 5, 0.7)], px_per_mm=12, offset=_CENTRE, seed=0)
    spot = np.array([[470, 330], [482, 326], [480, 334], [490, 340], [478, 346], [473, 339]])
    cv2.fillPoly(image, [spot.astype(np.int32)], (120,))
    surface = find_surface(image, px_per_mm=12)
    assert isinstance(surface, Surface)
    clear, ragged = sorted(surface.marks, key=lambda mark: mark.x)
    assert clear.certain
    assert not ragged.certain
    assert ragged.diameter >= 1.0


def test_a_circle_wider_than_any_indentation_hides_no_mark() -> None:
    # Between a stain and an indentation of 4.7 mm a certain circle of 6.9 mm was seen once.
    scene = scene_of(5_570_004, ("tubes",), 20.0, None)
    image = render_block(scene)
    surface = find_surface(image, px_per_mm=20.0)
    assert isinstance(surface, Surface)
    frame, truth = surface.frame(image.shape, 20.0), scene.frame(image.shape)
    for mark in scene.marks:
        place = frame.to_mm(*truth.to_px(mark.x, mark.y))
        assert min(place.distance(found) for found in surface.marks) < 0.1 * mark.diameter + 0.05


def test_two_marks_that_overlap_occupy_both_their_places() -> None:
    pair = [Mark(4.0, 0, 1.2), Mark(4.9, 0, 1.2)]
    surface = _seen(Round(50), pair)
    for mark in pair:
        assert any(
            mark.centre.distance(found) + mark.diameter / 2 <= found.diameter / 2 + 0.1
            for found in surface.marks
        )


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


@settings(max_examples=10, deadline=None)
@given(st.floats(-math.pi, math.pi), seeds)
def test_a_block_is_found_at_any_turn(turn: float, seed: int) -> None:
    marks = [Mark(-20, 12, 0.7), Mark(10, -8, 1.4), Mark(22, 3, 0.7)]
    image = render_surface(Rectangle(60, 40), marks, px_per_mm=12, offset=_CENTRE, seed=seed)
    wide = np.full((1000, 1000), 20, np.uint8)
    top, left = ((1000 - n) // 2 for n in image.shape)
    wide[top : top + image.shape[0], left : left + image.shape[1]] = image
    turned_by = cv2.getRotationMatrix2D((499.5, 499.5), math.degrees(turn), 1.0)
    turned = cv2.warpAffine(wide, turned_by, (1000, 1000), borderValue=20).astype(np.uint8)
    surface = find_surface(turned, px_per_mm=12)
    assert isinstance(surface, Surface)
    off = (surface.turn - turn + math.pi / 4) % (math.pi / 2) - math.pi / 4
    assert abs(off) < 0.003
    frame = surface.frame(turned.shape, 12)
    truth = Frame.centred(turned.shape, 12).turned(turn).moved(Point(0.04, 0.0))
    assert sum(mark.certain for mark in surface.marks) == len(marks)
    for mark in marks:
        place = frame.to_mm(*truth.to_px(mark.x, mark.y))
        found = min(surface.marks, key=place.distance)
        assert place.distance(found) < 0.1
        assert found.certain


def test_two_blocks_are_no_block() -> None:
    image = render_surface(Round(40), [], px_per_mm=12, offset=_CENTRE, seed=1)
    outcome = find_surface(np.hstack([image, image]), px_per_mm=12)
    assert isinstance(outcome, NoBlock)
    assert "more than one" in outcome.reason


@pytest.mark.parametrize("level", [0, 255])
def test_a_black_or_overexposed_picture_is_no_block(level: int) -> None:
    assert isinstance(find_surface(np.full((700, 700), level, np.uint8), px_per_mm=12), NoBlock)


def test_sixteen_bits_are_refused() -> None:
    assert isinstance(find_surface(np.zeros((700, 700), np.uint16), px_per_mm=12), NoBlock)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("shape", [(10, 10), (700, 700, 3)])
def test_what_is_not_a_grey_picture_is_refused(shape: tuple[int, ...]) -> None:
    assert isinstance(find_surface(np.zeros(shape, np.uint8), px_per_mm=12), NoBlock)
