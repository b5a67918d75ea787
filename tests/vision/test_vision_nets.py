"""The nets by plain numpy against OpenCV's own filters, and what close-ups show."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.judge import the_judge
from vision.nets import Convolution, product
from vision.views import Zoom, by_contrast, by_surroundings, close_ups, pyramid


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [6, 7])
def test_a_convolution_is_what_opencv_filters(stride: int, side: int) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2, side, side, 3), dtype=np.float32)
    kernel = rng.standard_normal((3, 3, 3, 4), dtype=np.float32)
    bias = rng.standard_normal(4, dtype=np.float32)
    seen = Convolution(kernel.reshape(27, 4), bias, stride)(x)
    for n in range(2):
        for o in range(4):
            planes = [
                cv2.filter2D(x[n, :, :, c], -1, kernel[:, :, c, o], borderType=cv2.BORDER_CONSTANT)
                for c in range(3)
            ]
            expected = np.maximum(sum(planes) + bias[o], 0)[::stride, ::stride]
            assert np.allclose(seen[n, :, :, o], expected, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.integers(1, 1100), st.integers(1, 64), st.integers(0, 2**31))
def test_a_product_in_parts_is_the_whole_one(rows: int, inner: int, out: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, inner), dtype=np.float32)
    weight = rng.standard_normal((inner, out), dtype=np.float32)
    assert np.allclose(product(x, weight), x @ weight, atol=1e-3)


def test_the_same_thing_looks_the_same_at_every_size() -> None:
    seen = []
    for radius in (6.0, 12.0, 48.0):
        side = round(8 * radius)
        image = np.full((side, side), 90, np.uint8)
        middle = ((side - 1) / 2, (side - 1) / 2)
        at = tuple(round(v * 16) for v in middle)
        cv2.circle(image, at, round(radius * 16), (200,), -1, cv2.LINE_AA, 4)
        thing = np.array([[*middle, radius]], np.float32)
        seen.append(close_ups(pyramid(image, 60.0), thing, Zoom(32, 7.0))[0].astype(int))
    for other in seen[1:]:
        off = np.abs(seen[0] - other)
        assert off.mean() < 3
        assert off[12:20, 12:20].max() <= 1  # the middle of the disc


def test_contrast_and_brightness_of_the_light_do_not_show() -> None:
    rng = np.random.default_rng(0)
    dim = rng.integers(60, 120, (4, 32, 32)).astype(np.uint8)
    bright = (dim * 2).astype(np.uint8)
    assert np.abs(by_contrast(dim) - by_contrast(bright)).max() < 0.3
    assert np.abs(by_surroundings(dim) - by_surroundings(bright)).max() < 0.3


def test_nothing_proposed_is_nothing_judged() -> None:
    image = np.full((100, 100), 90, np.uint8)
    things, odds = the_judge().judged([image], np.zeros((0, 3), np.float32))
    assert things.shape == (0, 3)
    assert odds.shape == (0,)
