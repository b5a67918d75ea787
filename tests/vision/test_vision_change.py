from dataclasses import replace

import numpy as np
import pytest

from vision.alignment import aligned
from vision.change import changed_places
from vision.finder import Surface, find_surface
from vision.frame import Image
from vision.geometry import Mark, Round
from vision.regions import RegionKind
from vision.rendering import Dent, Pose, Scene, render_block
from vision.rendering.blemishes import Blemish
from vision.rendering.lightings import coaxial, ring
from vision.rendering.texture import Finish

_OLD = (Dent(8, 5, 0.8), Dent(-9, -4, 0.8), Dent(-3, 14, 0.8))
_NEW = Dent(3, -11, 0.8)


def _shot(scene: Scene) -> tuple[Image, Surface]:
    image = render_block(scene)
    surface = find_surface(image, px_per_mm=16)
    assert isinstance(surface, Surface)
    return image, surface


def _scene(look: str) -> Scene:
    make = {"coaxial": coaxial, "ring": ring}[look](np.random.default_rng(3))
    return Scene(Round(44), _OLD, make, Finish("lapped", 0.004, 0.4, seed=5), 16.0, seed=1)


@pytest.mark.parametrize("look", ["coaxial", "ring"])
@pytest.mark.parametrize("turn", [0.0, 0.05])
def test_nothing_but_the_new_indentation_has_changed(look: str, turn: float) -> None:
    scene = _scene(look)
    before = _shot(scene)
    pose = Pose(0.3, -0.2, turn)
    later = replace(scene, dents=(*_OLD, _NEW), pose=pose, seed=2)
    image, surface = _shot(later)
    after = image, aligned(before[1], surface)
    made = [Mark(_NEW.x, _NEW.y, _NEW.diameter)]
    assert changed_places(before, after, made, px_per_mm=16) == ()
    (there,) = changed_places(before, after, [], px_per_mm=16)
    assert there.covers(made[0])


def test_a_new_scratch_is_told() -> None:
    scene = _scene("coaxial")
    scratch = Blemish(RegionKind.SCRATCH, -5.0, -12.0, 3.0, 0.6, 0.9, 4)
    before, after = _shot(scene), _shot(replace(scene, blemishes=(scratch,), seed=2))
    found = changed_places(before, after, [], px_per_mm=16)
    assert any(disc.covers(Mark(-5.0, -12.0, 0)) for disc in found)
