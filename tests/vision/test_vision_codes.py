import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.avoided import keep_outs
from vision.codes import read_codes
from vision.geometry import Point, Rectangle
from vision.rendering import Dent, Pose, Scene, render_block
from vision.rendering.lightings import coaxial
from vision.rendering.texture import Finish
from vision.rendering.writing import Writing


def _scene(code: Writing, turn: float, dents: tuple[Dent, ...] = ()) -> Scene:
    look = coaxial(np.random.default_rng(3))
    finish = Finish("polished", 0.003, 0.0)
    pose = Pose(0.4, -0.3, turn)
    return Scene(Rectangle(44, 40), dents, look, finish, 16.0, pose, writings=(code,))


@settings(max_examples=8, deadline=None)
@given(st.floats(-math.pi, math.pi), st.sampled_from(["datamatrix", "qr"]))
def test_a_code_is_read_at_any_turn_and_tells_where_it_lies(turn: float, kind: str) -> None:
    code = Writing(kind, "2014-318", 3.0, -9.0, 6.5, 0.0, 0.0, 0.2, 0.9)
    scene = _scene(code, turn)
    image = render_block(scene)
    (read,) = read_codes(image, scene.frame(image.shape))
    assert read.text == "2014-318"
    assert (read.centre.x, read.centre.y) == pytest.approx((3.0, -9.0), abs=0.5)
    assert 0.7 * 6.5 < read.side < 6.5  # two modules of quiet zone on either side
    assert math.cos(read.direction) > 0.98


@settings(max_examples=6, deadline=None)
@given(st.floats(-math.pi, math.pi), st.sampled_from(["datamatrix", "qr"]))
def test_a_code_is_covered_with_its_quiet_zone_to_the_corners(turn: float, kind: str) -> None:
    code = Writing(kind, "2014-318", 3.0, -9.0, 6.5, 0.4, 0.0, 0.2, 0.9)
    scene = _scene(code, turn)
    image = render_block(scene)
    (read,) = read_codes(image, scene.frame(image.shape))
    shapes = keep_outs([read.region])
    for angle in (0.25, 0.75, 1.25, 1.75):
        x, y = (6.5 / math.sqrt(2) * f(0.4 + angle * math.pi) for f in (math.cos, math.sin))
        corner = Point(3.0 + x, -9.0 + y)
        assert min(shape.distance(corner) for shape in shapes) < 0.15
    beside = Point(3.0, -9.0 + 6.5)
    assert min(shape.distance(beside) for shape in shapes) > 1.0


def test_where_there_is_no_code_none_is_read() -> None:
    word = Writing("text", "2014-318", 3.0, -9.0, 2.0, 0.0, 0.0, 0.2, 0.9)
    scene = _scene(word, 0.3)
    image = render_block(scene)
    assert read_codes(image, scene.frame(image.shape)) == ()
