"""A circle outside of what was taken for the rim keeps its room, and moves nothing."""

import cv2
import numpy as np
import pytest

from benchmarks.vision_places import order_for, outcome
from benchmarks.vision_scoring import scene_of
from benchmarks.vision_truth import truth_of
from vision.condition import judge_condition
from vision.finder import Surface, find_surface
from vision.frame import Frame
from vision.geometry import CERTAIN, Mark, Point, Round
from vision.inspection import WIDEST_MM, inspect_surface
from vision.outer_rims import outer_rims
from vision.regions import RegionKind
from vision.rendering import render_block, render_surface
from vision.weighing import SUPPOSED

SIDE, SCALE = 600, 20.0
FRAME = Frame.centred((SIDE, SIDE), SCALE)
FACE = np.full((SIDE, SIDE), 255, np.uint8)


def crater(*circles, noise=2.0, seed=0):
    """Draw circles (radius in mm, grey) about the middle, the first one lowest."""
    image = np.full((SIDE, SIDE), 130, np.uint8)
    for radius, grey in circles:
        middle = (round(FRAME.column * 16), round(FRAME.row * 16))
        cv2.circle(image, middle, round(radius * SCALE * 16), (grey,), -1, cv2.LINE_AA, 4)
    grain = np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [1.3, 1.7, 2.2])
@pytest.mark.parametrize("inner", [0.3, 0.8, 2.0])
def test_the_outermost_circle_is_supposed_to_be_the_rim(inner: float, share: float) -> None:
    image = crater((share * inner, 95), (inner, 60))
    (rim,) = outer_rims(image, [Mark(0, 0, 2 * inner, 1.0)], FACE, FRAME)
    assert rim.confidence == SUPPOSED < CERTAIN
    assert rim.diameter == pytest.approx(2 * inner * share, rel=0.06, abs=1.5 / SCALE)
    assert (rim.x, rim.y) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_mark_with_one_rim_has_no_other(seed: int) -> None:
    image = crater((0.8, 60), noise=3.0, seed=seed)
    assert outer_rims(image, [Mark(0, 0, 1.6, 1.0)], FACE, FRAME) == ()
    # A line beside it closes no circle.
    cv2.line(image, (0, 340), (SIDE, 345), (20,), 6, cv2.LINE_AA)
    assert outer_rims(image, [Mark(0, 0, 1.6, 1.0)], FACE, FRAME) == ()


@pytest.mark.parametrize("seed", range(5))
def test_grain_is_no_rim_of_a_mark_that_hardly_shows(seed: int) -> None:
    image = crater((0.8, 129), noise=6.0, seed=seed)
    assert outer_rims(image, [Mark(0, 0, 1.6, 1.0)], FACE, FRAME) == ()


def test_a_rim_may_be_dark_on_one_side_and_bright_on_the_other() -> None:
    image = crater((0.8, 60))
    at, radius = (round(FRAME.column), round(FRAME.row)), round(1.2 * SCALE)
    for begin, grey in ((0, 70), (180, 190)):
        cv2.ellipse(image, at, (radius, radius), 0, begin, begin + 180, (grey,), 3, cv2.LINE_AA)
    (rim,) = outer_rims(image, [Mark(0, 0, 1.6, 1.0)], FACE, FRAME)
    assert rim.diameter == pytest.approx(2.55, rel=0.08)  # its outer edge


@pytest.mark.parametrize(("fades_to", "keeps"), [(0.84, False), (1.6, True)])
def test_a_flank_that_fades_keeps_its_room(fades_to: float, keeps: bool) -> None:
    # Bright up to 0.8 mm, and from there on fading to the grey of the face.
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    away = np.hypot(x - FRAME.column, y - FRAME.row) / SCALE
    shade = np.interp(away, [0, 0.8, fades_to], [1.0, 1.0, 0.0])
    grain = np.random.default_rng(1).normal(0, 2, away.shape)
    image = np.clip(60 + 120 * shade + grain, 0, 255).astype(np.uint8)
    rims = outer_rims(image, [Mark(0, 0, 1.6, 1.0)], FACE, FRAME)
    assert bool(rims) is keeps
    assert all(1.6 * 1.3 < rim.diameter < 3.2 for rim in rims)


def test_what_lies_beyond_the_face_is_no_rim() -> None:
    image = crater((1.6, 95), (0.8, 60))
    face = FACE.copy()
    face[:, round(FRAME.column) :] = 0
    assert outer_rims(image, [Mark(0, 0, 1.6, 1.0)], face, FRAME) == ()


@pytest.mark.parametrize(
    ("look", "seed"),
    [
        # Marks read at the reflection within them; wider than any; on a scratch like writing.
        *[("mixed", 22_040_096), ("ring", 22_010_128)],
        *[("low_angle", 22_020_184), ("panel", 19_130_103), ("ring", 22_010_213)],
        # The like, and letters that hardly stand out from noise.
        *[("ring", 30_010_302), ("mixed", 30_040_187), ("coaxial", 24_000_228)],
        *[("ring", 30_010_118), ("ring", 30_010_340), ("ring", 30_010_488)],
    ],
)
def test_no_place_is_planned_too_near_to_what_is_misread(look: str, seed: int) -> None:
    scene = scene_of(seed, (look,), SCALE, None)
    image = render_block(scene)
    order = order_for(scene.marks, np.random.default_rng((seed, 3)))
    seen = outcome(image, SCALE, order, truth_of(scene, (image.shape[0], image.shape[1])))
    assert seen.breaches == ()


@pytest.mark.parametrize(
    ("confidence", "over", "stays"), [(1.0, 1.05, True), (1.0, 1.2, False), (0.3, 1.05, False)]
)
def test_a_sure_mark_may_read_a_little_too_wide(
    confidence: float, over: float, stays: bool
) -> None:
    image = render_surface(
        Round(60), (Mark(0, 0, 0.5),), px_per_mm=SCALE, offset=Point(0, 0), seed=3
    )
    found = find_surface(image, px_per_mm=SCALE)
    assert isinstance(found, Surface)
    wide = Mark(12.0, 12.0, over * WIDEST_MM, confidence)
    marked = Surface(found.outline, found.centre, (*found.marks, wide), found.detectable)
    assert (wide in inspect_surface(image, marked, px_per_mm=SCALE).surface.marks) is stays


@pytest.mark.parametrize("turn", [0.0, 0.5, 1.2])
def test_a_scratch_with_a_mark_on_it_is_a_scratch(turn: float) -> None:
    image = crater()
    way = np.array([np.cos(turn), np.sin(turn)])
    ends = [tuple(np.round(SIDE / 2 + sign * 200 * way).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(image, ends[0], ends[1], (30,), 5, cv2.LINE_AA)
    cv2.circle(image, (SIDE // 2, SIDE // 2), 16, (40,), -1, cv2.LINE_AA)
    regions = judge_condition(image, FACE, FRAME, Round(60), ()).regions
    assert [region.kind for region in regions] == [RegionKind.SCRATCH]
