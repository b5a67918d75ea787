import numpy as np
import pytest

from vision.finder import Surface
from vision.frame import Frame, Image
from vision.geometry import Mark, Outline, Point, Rectangle, Round
from vision.picture import decode, encode_png, plan_picture
from vision.plans import Plan
from vision.rendering import render_surface

_PLAN = Plan((Point(-8.0, 6.0), Point(9.0, 5.0)), (Point(2.0, -9.0),), 12.0, 1.0)
_OLD = Mark(-3.0, -6.0, 0.7)


def _drawn(outline: Outline, readings: list[str], plan: Plan = _PLAN) -> tuple[Image, Frame]:
    offset = Point(0.8, -0.5)
    image = render_surface(outline, [_OLD], px_per_mm=12, offset=offset, seed=2)
    surface = Surface(outline, offset, (_OLD,))
    picture = plan_picture(image, surface, plan, px_per_mm=12, edge_mm=4, readings=readings)
    frame = Frame.centred(picture.shape, 12 * 900 / image.shape[1]).moved(offset)
    return picture, frame


def _colours_near(picture: Image, frame: Frame, place: Point, reach: int = 16) -> set[str]:
    column, row = (round(v) for v in frame.to_px(place.x, place.y))
    around = picture[row - reach : row + reach, column - reach : column + reach].astype(int)
    blue, green, red = around[..., 0], around[..., 1], around[..., 2]
    found = {"blue"} if ((blue > red + 90) & (blue > green + 40)).any() else set()
    return found | ({"green"} if ((green > red + 60) & (green > blue + 40)).any() else set())


@pytest.mark.parametrize("outline", [Round(60), Rectangle(60, 40)])
def test_planned_is_blue_made_is_green_bare_is_grey(outline: Outline) -> None:
    picture, frame = _drawn(outline, ["61.2"])
    assert picture.shape[1:] == (900, 3)
    assert "green" in _colours_near(picture, frame, _PLAN.positions[0])
    assert _colours_near(picture, frame, _PLAN.positions[1]) == {"blue"}
    assert _colours_near(picture, frame, _PLAN.spares[0]) == {"blue"}
    assert _colours_near(picture, frame, Point(-12, -8)) == set()


def test_a_made_indentation_stays_in_sight() -> None:
    place = _OLD.centre
    picture, frame = _drawn(Round(60), ["61.2"], Plan((place,), (), 1.0, 1.0))
    column, row = (round(v) for v in frame.to_px(place.x, place.y))
    assert picture[row, column].max() < 150


def test_the_photograph_is_not_changed() -> None:
    image = render_surface(Round(60), [], px_per_mm=12, offset=Point(0, 0), seed=2)
    copy = image.copy()
    surface = Surface(Round(60), Point(0, 0), ())
    plan_picture(image, surface, _PLAN, px_per_mm=12, edge_mm=4, readings={2: "60.9"})
    assert np.array_equal(image, copy)


def test_a_block_smaller_than_its_edge_strip_is_drawn_all_the_same() -> None:
    image = render_surface(Round(20), [], px_per_mm=12, offset=Point(0, 0), seed=2)
    surface = Surface(Round(20), Point(0, 0), ())
    empty = Plan((), (), 0.0, 0.0)
    assert plan_picture(image, surface, empty, px_per_mm=12, edge_mm=11).shape[1] == 900


@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
def test_png_gives_back_every_pixel(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    back = decode(encode_png(image))
    assert back is not None
    assert np.array_equal(back, image)


@pytest.mark.parametrize("data", [b"", b"no image", encode_png(np.zeros((9, 9), np.uint8))[:30]])
def test_what_is_no_image_decodes_to_none(data: bytes) -> None:
    assert decode(data) is None
