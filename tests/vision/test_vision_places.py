"""The judge of planned places must see what eyes that see too little would do."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.vision_places import Order, order_for, outcome
from benchmarks.vision_scoring import scene_of
from benchmarks.vision_truth import Truth, plain_truth, truth_of
from controller.eyes import EYES
from vision.finder import NoBlock, Surface, find_surface
from vision.frame import Frame, Image
from vision.geometry import Mark, Point, Round
from vision.rendering import Flaw, render_block, render_surface

_BLOCK = Round(50.0)
_MARKS = [Mark(x, y, 0.8) for x in (-12.0, -4.0, 4.0, 12.0) for y in (-9.0, 0.0, 9.0)]
_FLAW = Flaw("rust", 8.0, 14.0, 3.0)


def _drawn(marks: list[Mark], flaws: list[Flaw]) -> tuple[Image, Truth]:
    image = render_surface(_BLOCK, marks, px_per_mm=16.0, offset=Point(0, 0), seed=3, flaws=flaws)
    shape = (image.shape[0], image.shape[1])
    return image, plain_truth(_BLOCK, marks, flaws, shape, Frame.centred(shape, 16.0))


def _order() -> Order:
    return order_for([Mark(0, 0, 0.4)], np.random.default_rng(0))


def test_the_cells_own_eyes_choose_no_forbidden_place() -> None:
    image, truth = _drawn(_MARKS, [_FLAW])
    result = outcome(image, 16.0, _order(), truth)
    assert result.why == "planned"
    assert result.places >= 5
    assert result.breaches == ()


@pytest.mark.parametrize(("marks", "flaws"), [(_MARKS, []), ([], [Flaw("rust", 0, 0, 30.0)])])
def test_eyes_that_see_nothing_are_found_out(marks: list[Mark], flaws: list[Flaw]) -> None:
    image, _ = _drawn([], [])
    _, truth = _drawn(marks, flaws)
    result = outcome(image, 16.0, _order(), truth)
    assert result.breaches
    assert all(b.short > 0 for b in result.breaches)


def test_eyes_that_misplace_the_block_are_found_out() -> None:
    image, truth = _drawn(_MARKS, [])

    def beside(picture: Image, *, px_per_mm: float) -> Surface | NoBlock:
        surface = find_surface(picture, px_per_mm=px_per_mm)
        assert isinstance(surface, Surface)
        return replace(surface, centre=Point(surface.centre.x + 1.5, surface.centre.y))

    assert outcome(image, 16.0, _order(), truth, replace(EYES, find=beside)).breaches


def test_the_truth_of_a_scene_is_where_it_was_drawn() -> None:
    scene = next(
        s for s in (scene_of(seed, ("coaxial",), 10.0, 1.0) for seed in range(40)) if s.writings
    )
    shape = render_block(scene).shape
    truth = truth_of(scene, (shape[0], shape[1]))
    writing = scene.writings[0]
    assert truth.grave_mm(Point(writing.x, writing.y)) < writing.height
    far = max(
        (Point(x, y) for x in range(-15, 16, 5) for y in range(-15, 16, 5)), key=truth.grave_mm
    )
    assert truth.grave_mm(far) > 2.0
