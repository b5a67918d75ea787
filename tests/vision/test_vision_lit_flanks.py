"""A spot of light and the shadow beside it are one mark, if it is so on every mark of a block."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.vision_scoring import scene_of, score
from vision.frame import Frame
from vision.geometry import Mark
from vision.lit_flanks import shown_by_a_flank
from vision.weighing import SUPPOSED

SIDE, SCALE = 800, 20.0
FRAME = Frame.centred((SIDE, SIDE), SCALE)
FACE = np.full((SIDE, SIDE), 255, np.uint8)
PLACES = [(-12.0, -9.0), (-3.0, -12.0), (7.0, -8.0), (-9.0, 4.0), (1.0, 1.0), (11.0, 6.0)]
SPOT = 0.34
"""Diameter of a spot, mm; its shadow lies 0.3 mm beside it."""


def face(angles, *, shadow=26, spot=110, places=PLACES, seed=0):
    """Draw spots, each with a shadow to its side, on a face of 32 grey levels with noise."""
    image = np.full((SIDE, SIDE), 32.0, np.float32)
    for (x, y), angle in zip(places, angles, strict=True):
        column, row = FRAME.to_px(x, y)
        beside = (column + 6 * math.cos(angle), row + 6 * math.sin(angle))
        for centre, radius, grey in ((beside, 4.5, shadow), ((column, row), 3.4, spot)):
            at = (round(centre[0] * 16), round(centre[1] * 16))
            cv2.circle(image, at, round(radius * 16), (grey,), -1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(image, (0, 0), 1.0)
    grain = np.random.default_rng(seed).normal(0, 2, soft.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def spots(places=PLACES, confidence=0.9):
    return [Mark(x, y, SPOT, confidence) for x, y in places]


@given(st.floats(0, 2 * math.pi), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_marks_reach_over_their_shadows_to_whichever_side(angle: float, seed: int) -> None:
    image = face([angle] * len(PLACES), seed=seed)
    found = shown_by_a_flank(image, spots(), FACE, FRAME)
    assert len(found) == len(PLACES)
    for mark, (x, y) in zip(found, PLACES, strict=True):
        # From the far edge of the spot, 0.17 mm, to that of the shadow, 0.52 mm.
        assert mark.diameter == pytest.approx(0.69, abs=0.15)
        toward = (mark.x - x) * math.cos(angle) - (mark.y - y) * math.sin(angle)
        assert toward == pytest.approx(0.18, abs=0.08)
        assert math.hypot(mark.x - x, mark.y - y) == pytest.approx(toward, abs=0.05)
        assert mark.confidence == SUPPOSED


@pytest.mark.parametrize("seed", range(4))
def test_what_casts_no_shadow_is_as_wide_as_it_looks(seed: int) -> None:
    image = face([0.0] * len(PLACES), shadow=32, seed=seed)
    assert shown_by_a_flank(image, spots(), FACE, FRAME) == []


@pytest.mark.parametrize("seed", range(4))
def test_dirt_beside_marks_here_and_there_is_no_shadow(seed: int) -> None:
    angles = np.linspace(0, 2 * math.pi, len(PLACES), endpoint=False)
    assert shown_by_a_flank(face(angles, seed=seed), spots(), FACE, FRAME) == []


def test_a_dark_ring_around_a_mark_is_its_raised_rim() -> None:
    image = np.full((SIDE, SIDE), 60, np.uint8)
    for x, y in PLACES:
        at = tuple(round(v) for v in FRAME.to_px(x, y))
        cv2.circle(image, at, 6, (40,), -1, cv2.LINE_AA)
        cv2.circle(image, at, 3, (130,), -1, cv2.LINE_AA)
    assert shown_by_a_flank(image, spots(), FACE, FRAME) == []


def test_dark_marks_have_no_shadow() -> None:
    image = face([1.0] * len(PLACES), shadow=45, spot=5)
    assert shown_by_a_flank(image, spots(), FACE, FRAME) == []


@pytest.mark.parametrize(("count", "confidence"), [(0, 0.9), (2, 0.9), (6, 0.1)])
def test_too_few_marks_tell_nothing(count: int, confidence: float) -> None:
    places = PLACES[:count]
    image = face([1.0] * count, places=places)
    assert shown_by_a_flank(image, spots(places, confidence), FACE, FRAME) == []


@pytest.mark.parametrize(("seed", "missed"), [(30_020_253, 1), (30_020_147, 0)])
def test_marks_that_show_one_flank_are_found_where_they_are(seed: int, missed: int) -> None:
    # 13 of 15 and 10 of 32 were more than a third of their width beside their place.
    assert len(score(scene_of(seed, ("low_angle",), SCALE, None)).missed) <= missed
