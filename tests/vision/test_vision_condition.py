import numpy as np

from vision.condition import State
from vision.finder import NoBlock
from vision.frame import Image
from vision.geometry import Mark, Point, Round
from vision.inspection import Inspection, inspect_block
from vision.regions import Disc, RegionKind
from vision.rendering import Dent, Scene, render_block
from vision.rendering.blemishes import Blemish
from vision.rendering.chance import rough_finish
from vision.rendering.lightings import coaxial
from vision.rendering.texture import Finish
from vision.rendering.writing import Writing

_FINE = Finish("lapped", 0.003, 0.4, seed=5)
_DENTS = (Dent(8, 5, 0.8), Dent(-9, -4, 0.8))


def _image(
    *blemishes: Blemish, writings: tuple[Writing, ...] = (), finish: Finish = _FINE
) -> Image:
    look = coaxial(np.random.default_rng(3))
    return render_block(
        Scene(Round(50), _DENTS, look, finish, 16.0, writings=writings, blemishes=blemishes)
    )


def _seen(image: Image) -> Inspection:
    found = inspect_block(image, px_per_mm=16)
    assert not isinstance(found, NoBlock)
    return found


def _at(found: Inspection, x: float, y: float) -> set[RegionKind]:
    return {r.kind for r in found.surface.regions if r.covers(Mark(x, y, 0))}


def test_a_clean_face_is_usable_and_up() -> None:
    found = _seen(_image())
    assert found.condition.state is State.USABLE
    assert found.condition.face_up
    assert sum(region.area for region in found.surface.regions) < 5
    assert len([mark for mark in found.surface.marks if mark.certain]) == 2


def test_rust_makes_a_damaged_face_and_is_told_with_its_place() -> None:
    rust = [Blemish(RegionKind.RUST, x, -6.0, 5.0, 0.0, 0.8, 20 + x) for x in (-8, 3, 12)]
    found = _seen(_image(*rust))
    assert found.condition.state is State.DAMAGED
    assert found.condition.reasons
    assert any(_at(found, 3 + dx, -6 + dy) for dx in (-2, 0, 2) for dy in (-2, 0, 2))


def test_writing_is_a_region_to_keep_clear_of() -> None:
    word = Writing("text", "2014-318 HRC", 0, -15, 2.4, 0.0, 0.0, 0.25, 0.9)
    found = _seen(_image(writings=(word,)))
    discs = [disc for region in found.surface.regions for disc in region.discs]
    discs += [Disc(mark.x, mark.y, mark.diameter) for mark in found.surface.marks]
    for x in (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0):  # nothing fits between the letters
        place = Point(x, -15.0)
        assert min(place.distance(disc.centre) - disc.radius for disc in discs) < 0.8


def test_a_code_is_read_and_its_squares_are_no_marks() -> None:
    code = Writing("datamatrix", "2014-318", 0, -13, 6, 0.0, 0.0, 0.2, 0.9)
    found = _seen(_image(writings=(code,)))
    assert [c.text for c in found.codes] == ["2014-318"]
    assert not any(code.region.covers(mark) and mark.y < -11 for mark in found.surface.marks)
    assert RegionKind.CODE in _at(found, 0, -13)


def test_a_coarse_face_is_not_the_test_face() -> None:
    found = _seen(_image(finish=rough_finish(np.random.default_rng(2))))
    assert not found.condition.face_up
