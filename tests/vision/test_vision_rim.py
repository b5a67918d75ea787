"""The rim of a block under any light: found, where it is, and never where it is not."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.vision_scoring import scene_of
from vision.frame import Image
from vision.geometry import Point, Rectangle, Round
from vision.rendering import LOOKS, Scene, render_block, render_surface
from vision.rim import Rim, find_rim
from vision.rim_border import ends
from vision.rim_edges import Band

_SCALE = 14.0
_TWISTS = ("turned", "mirrored", "inverted")


def _drawn(seed: int, look: str, px_per_mm: float = _SCALE) -> tuple[Scene, Image]:
    scene = scene_of(seed, (look,), px_per_mm, None)
    return scene, render_block(scene)


def _seen(image: Image, px_per_mm: float = _SCALE) -> Rim:
    rim = find_rim(image, px_per_mm)
    assert isinstance(rim, Rim), rim
    return rim


def _right(rim: Rim, scene: Scene, within_mm: float) -> None:
    """Check centre and sides; the face, within its chamfer, is the least that may be found."""
    true = scene.outline
    assert isinstance(rim.outline, Round) == isinstance(true, Round)
    assert rim.centre.distance(Point(scene.pose.x, scene.pose.y)) <= within_mm
    found = sorted((rim.outline.half_width, rim.outline.half_height))
    for half, whole in zip(found, sorted((true.half_width, true.half_height)), strict=True):
        assert whole - scene.chamfer - 0.1 <= half <= whole + 0.1


@pytest.mark.parametrize("look", LOOKS)
def test_a_rim_is_found_under_every_light_and_never_elsewhere(look: str) -> None:
    scene, image = _drawn(14_900_000 + list(LOOKS).index(look), look)
    _right(_seen(image), scene, within_mm=0.3)


@pytest.mark.parametrize(
    ("look", "seed"), [("window", 14_100_002), ("beam", 14_110_008), ("beam", 14_110_011)]
)
def test_a_face_partly_as_dark_as_the_ground_is_no_hindrance(look: str, seed: int) -> None:
    scene, image = _drawn(seed, look, 20.0)
    rim = _seen(image, 20.0)
    _right(rim, scene, within_mm=0.02)
    assert rim.outline.half_width == pytest.approx(scene.outline.half_width, abs=0.05)


def test_the_block_ends_at_the_outer_edge_of_its_chamfer() -> None:
    # The chamfer is 2 grey levels brighter than the ground, the face 150.
    scene, image = _drawn(14_030_011, "panel", 20.0)
    rim = _seen(image, 20.0)
    assert rim.outline.half_width == pytest.approx(scene.outline.half_width, rel=0.001)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(list(LOOKS)), st.integers(14_950_000, 14_950_003), st.sampled_from(_TWISTS))
def test_a_picture_turned_mirrored_or_inverted_shows_the_same_rim(
    look: str, seed: int, twist: str
) -> None:
    rim = _seen(image := _drawn(seed, look, 12.0)[1], 12.0)
    centre = rim.centre
    if twist == "turned":
        image, centre = np.rot90(image), Point(-centre.y, centre.x)
    elif twist == "mirrored":
        image, centre = image[:, ::-1], Point(-centre.x, centre.y)
    else:
        image = (255 - image).astype(np.uint8)
    other = _seen(np.ascontiguousarray(image), 12.0)
    assert type(other.outline) is type(rim.outline)
    assert other.centre.distance(centre) < 0.03
    sides = [sorted((r.outline.half_width, r.outline.half_height)) for r in (rim, other)]
    assert sides[0] == pytest.approx(sides[1], abs=0.03)


def test_a_ring_around_the_block_is_not_its_rim() -> None:
    image = render_surface(Round(50), [], px_per_mm=12, offset=Point(0, 0), seed=1)
    middle = (image.shape[1] // 2, image.shape[0] // 2)
    cv2.circle(image, middle, round(26.5 * 12), (60,), 8, cv2.LINE_AA)
    assert _seen(image, 12).outline.half_width == pytest.approx(25, abs=0.05)


def test_a_shadow_on_one_side_moves_nothing() -> None:
    image = render_surface(Rectangle(50, 40), [], px_per_mm=12, offset=Point(0, 0), seed=1)
    ground = image < 60
    shaded = np.roll(ground, (5, 9), (0, 1)) & ground
    lit = np.where(ground, np.where(shaded, 34, 20), image).astype(np.uint8)
    rim = _seen(cv2.GaussianBlur(lit, (0, 0), 0.6).astype(np.uint8), 12)
    assert rim.centre.distance(Point(0, 0)) < 0.05
    assert rim.outline.half_width == pytest.approx(25, abs=0.05)
    assert rim.outline.half_height == pytest.approx(20, abs=0.05)


@pytest.mark.parametrize("look", ["coaxial", "stripes", "low_angle"])
def test_two_blocks_are_refused_under_any_light(look: str) -> None:
    one, other = (_drawn(14_960_000 + k, look, 12.0)[1] for k in (0, 1))
    rows = min(len(one), len(other))
    a, b = (p[(len(p) - rows) // 2 :][:rows] for p in (one, other))
    assert isinstance(find_rim(np.hstack([a, b]), 12.0), str)


@pytest.mark.parametrize("look", ["coaxial", "beam", "low_angle"])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_block_cut_off_is_refused_under_any_light(look: str, share: float) -> None:
    image = _drawn(14_960_002, look, 12.0)[1]
    cut = np.ascontiguousarray(image[: round(share * len(image))])
    assert isinstance(find_rim(cut, 12.0), str)


def test_lines_that_cross_are_no_rectangle() -> None:
    image = np.full((800, 800), 120, np.uint8)
    for k in (200, 600):
        cv2.line(image, (k, 20), (k, 780), (30,), 3)
        cv2.line(image, (20, k), (780, k), (30,), 3)
    assert isinstance(find_rim(image, 12.0), str)


def _flat(*levels: tuple[float, float, float]) -> Band:
    """Return a band of one sector a side: ground, chamfer of 8 px (-8 to 0), face."""
    depth = np.arange(-30, 30.5, 0.5)
    grey = np.array([np.select([depth < -8, depth < 0], one[:2], one[2]) for one in levels])
    nothing = np.zeros_like(grey)
    return Band(depth, grey, nothing, np.ones(len(levels)), np.ones_like(grey, bool))


def test_a_side_whose_chamfer_is_as_bright_as_the_ground_ends_where_the_others_do() -> None:
    met = _flat(*[(20, 23, 150)] * 3, (22, 22, 150))
    parts = [slice(k, k + 1) for k in range(4)]
    edges = [[-8.0, 0.0], [-8.2, 0.0], [-7.8, 0.0], [0.0]]
    assert ends(edges, met, parts)[3] == pytest.approx(-8, abs=0.3)


def test_a_side_whose_chamfer_would_show_has_been_met_at_its_end() -> None:
    met = _flat(*[(20, 60, 150)] * 3, (20, 20, 150))
    parts = [slice(k, k + 1) for k in range(4)]
    edges = [[-8.0, 0.0], [-8.2, 0.0], [-7.8, 0.0], [0.0]]
    assert ends(edges, met, parts)[3] == 0.0
    assert math.isclose(ends([[-8.0, 0.0], [0.0], [-14.0, 0.0], [0.0]], met, parts)[0], 0.0)
