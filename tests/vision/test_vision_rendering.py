import numpy as np
from hypothesis import given, settings

from tests.vision.blocks import offsets, outlines, seeds
from vision.geometry import Mark, Outline, Point, Round
from vision.rendering import render_surface

_CENTRE = Point(0.0, 0.0)


@settings(max_examples=10, deadline=None)
@given(outlines, offsets, seeds)
def test_same_arguments_same_pixels(outline: Outline, offset: Point, seed: int) -> None:
    pictures = [
        render_surface(outline, [Mark(1, 2, 0.6)], px_per_mm=8, offset=offset, seed=seed)
        for _ in range(2)
    ]
    assert np.array_equal(*pictures)
    assert pictures[0].dtype == np.uint8


def test_another_seed_is_another_picture() -> None:
    one, other = (
        render_surface(Round(50), [], px_per_mm=8, offset=_CENTRE, seed=seed) for seed in (1, 2)
    )
    assert not np.array_equal(one, other)


def test_a_mark_darkens_its_place_and_no_other() -> None:
    bare = render_surface(Round(50), [], px_per_mm=10, offset=_CENTRE, seed=3).astype(int)
    marked = render_surface(Round(50), [Mark(10, 5, 2)], px_per_mm=10, offset=_CENTRE, seed=3)
    change = marked.astype(int) - bare
    rows, columns = np.nonzero(change < -40)
    middle = (bare.shape[0] - 1) / 2
    assert abs(columns.mean() - (middle + 100)) < 1
    assert abs(rows.mean() - (middle - 50)) < 1
    assert np.ptp(rows) <= 20
    assert np.ptp(columns) <= 20


def test_confidence_is_drawn_as_contrast() -> None:
    depth = []
    for confidence in (0.2, 0.5, 1.0):
        mark = Mark(0, 0, 3, confidence)
        picture = render_surface(Round(50), [mark], px_per_mm=10, offset=_CENTRE, seed=4)
        middle = picture.shape[0] // 2
        depth.append(picture[middle - 5 : middle + 5, middle - 5 : middle + 5].mean())
    assert depth[0] > depth[1] + 20 > depth[2] + 40


def test_a_mark_beyond_the_picture_is_no_error() -> None:
    bare = render_surface(Round(50), [], px_per_mm=8, offset=_CENTRE, seed=5)
    far = render_surface(Round(50), [Mark(90, 0, 2)], px_per_mm=8, offset=_CENTRE, seed=5)
    assert np.array_equal(bare, far)
