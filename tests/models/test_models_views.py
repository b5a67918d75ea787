import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.views import SIDE_PX, ZOOMS_MM, close_up, unit_views


def disc(px_per_mm: float, diameter_mm: float, column: float, row: float) -> np.ndarray:
    size = round(9 * px_per_mm)
    rows, columns = np.mgrid[0:size, 0:size]
    away = np.hypot(columns - column, rows - row) - diameter_mm / 2 * px_per_mm
    return np.rint(40 + 160 * np.clip(0.5 - away, 0, 1)).astype(np.uint8)


@settings(max_examples=40, deadline=None)
@given(
    scale=st.floats(18, 60), zoom=st.sampled_from([0, 1, 2]), share=st.floats(0.3, 0.8),
    away=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
)  # fmt: skip
def test_a_millimetre_is_as_wide_at_any_scale_of_the_picture(
    scale: float, zoom: int, share: float, away: tuple[float, float]
) -> None:
    wide = share * ZOOMS_MM[zoom]
    column, row = (round(9 * scale) / 2 + a for a in away)
    view = close_up(disc(scale, wide, column, row), column, row, scale)[zoom].astype(float)
    inside = np.clip((view - 40) / 160, 0, 1)
    found = 2 * np.sqrt(inside.sum() / np.pi) * ZOOMS_MM[zoom] / SIDE_PX
    assert found == pytest.approx(wide, rel=0.02)
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    middle = (SIDE_PX - 1) / 2
    assert (inside * columns).sum() / inside.sum() == pytest.approx(middle, abs=0.6)
    assert (inside * rows).sum() / inside.sum() == pytest.approx(middle, abs=0.6)


def test_a_place_at_the_rim_of_the_picture_or_beyond_can_be_looked_at() -> None:
    image = np.random.default_rng(1).integers(0, 255, (50, 70), np.uint8)
    for column, row in ((0, 0), (69, 49), (-30, 200)):
        assert close_up(image, column, row, 20).shape == (3, SIDE_PX, SIDE_PX)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((50, 50, 3), np.uint8),
        np.zeros((50, 50), np.uint16),
    ],
)
def test_what_is_no_grey_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="grey picture"):
        close_up(image, 10, 10, 20)


@pytest.mark.parametrize("scale", [0.0, -3.0, float("nan")])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="px/mm"):
        close_up(np.zeros((50, 50), np.uint8), 10, 10, scale)


def test_exposure_makes_no_difference_and_noise_is_not_blown_up() -> None:
    rng = np.random.default_rng(2)
    views = cv2.GaussianBlur(rng.uniform(0, 100, (3, 64, 64)), (0, 0), 3)[None]
    dark = (views * 2).clip(0, 255).astype(np.uint8)
    bright = (dark.astype(float) * 1.2 + 10).astype(np.uint8)
    assert np.abs(unit_views(dark) - unit_views(bright)).max() < 0.1
    flat = rng.integers(100, 103, (1, 3, 64, 64)).astype(np.uint8)
    assert unit_views(flat).std() < 0.3
