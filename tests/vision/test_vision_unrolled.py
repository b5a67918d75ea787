"""Rims laid out flat, and what the net that reads them makes of a circle beside the rim."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.frame import Image
from vision.judge import the_judge
from vision.unrolled import FARTHEST, NEAREST, RAYS, SAMPLES, WRAPPED, flat_view, unrolled
from vision.views import pyramid

_PITCH = (FARTHEST - NEAREST) / SAMPLES


def _disc(radius: float, grey: int = 60) -> tuple[Image, tuple[float, float]]:
    """Return a disc on an even face, and its column and row."""
    side = round(6 * radius) + 40
    image = np.full((side, side), 150, np.uint8)
    at = (side / 2 + 0.3, side / 2 - 0.2)
    fine = (round(at[0] * 16), round(at[1] * 16))
    cv2.circle(image, fine, round(radius * 16), (grey,), -1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.uint8), at


def _edge(seen: Image) -> np.ndarray:
    """Return where each row is steepest, in radii."""
    steep = np.abs(np.gradient(seen.astype(float), axis=-1))
    return NEAREST + (steep.argmax(axis=-1) + 0.5) * _PITCH


@given(st.floats(8, 60), st.floats(-0.15, 0.15), st.floats(-0.15, 0.15))
@settings(max_examples=30, deadline=None)
def test_a_circle_beside_the_right_one_is_a_wave(radius: float, right: float, down: float) -> None:
    image, (column, row) = _disc(radius)
    thing = np.array([[column - right * radius, row - down * radius, radius]], np.float32)
    angles = np.arange(RAYS) * 2 * math.pi / RAYS
    expected = 1 + right * np.cos(angles) + down * np.sin(angles)
    seen = _edge(unrolled(pyramid(image, 66.0), thing)[0])
    assert np.abs(seen - expected).max() < 0.03 + 1.5 / radius


def test_the_circle_closes_and_the_light_does_not_show() -> None:
    rng = np.random.default_rng(1)
    dim = rng.integers(60, 120, (3, RAYS, SAMPLES)).astype(np.uint8)
    view = flat_view(dim)
    assert view.shape == (3, RAYS + 2 * WRAPPED, SAMPLES, 2)
    assert np.array_equal(view[:, :WRAPPED], view[:, RAYS : RAYS + WRAPPED])
    assert np.array_equal(view[:, -WRAPPED:], view[:, WRAPPED : 2 * WRAPPED])
    assert np.allclose(view, flat_view((dim * 2).astype(np.uint8)), atol=0.15)


def test_nothing_to_lay_out_is_nothing() -> None:
    image, _ = _disc(10)
    seen = unrolled([image], np.zeros((0, 3), np.float32))
    assert seen.shape == (0, RAYS, SAMPLES)
    assert the_judge().reader(flat_view(seen), np.zeros((0, 1), np.float32)).shape == (0, 4)


@pytest.mark.parametrize("grey", [40, 90, 220])
@pytest.mark.parametrize("radius", [6.0, 20.0, 55.0])
def test_the_reader_moves_a_circle_onto_the_rim(grey: int, radius: float) -> None:
    image, (column, row) = _disc(radius, grey)
    things = np.array(
        [
            [column + radius * away * math.cos(turn), row + radius * away * math.sin(turn), r]
            for away, r in ((0.1, radius), (0.15, 1.15 * radius), (0.0, 0.88 * radius))
            for turn in (0.3, 2.0, 4.4)
        ],
        np.float32,
    )
    halves = pyramid(image, 66.0)
    for _ in range(2):
        things, odds = the_judge().read(halves, things)
    assert np.hypot(things[:, 0] - column, things[:, 1] - row).max() < 0.05 * radius + 0.3
    assert np.abs(things[:, 2] - radius).max() < 0.08 * radius + 0.3
    assert (odds > 0).all()
