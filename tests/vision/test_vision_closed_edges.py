"""What lies on a scratch is kept by its closed edge; a scratch alone closes no circle."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.vision_scoring import scene_of, score
from vision.circle_votes import round_things
from vision.closed_edges import CLOSED, closed
from vision.frame import Frame
from vision.geometry import Mark
from vision.octaves import octaves
from vision.sorting import of_their_size, overlooked
from vision.views import pyramid

SIDE, MIDDLE, LARGEST = 400, 200.0, 66.0


def face(seed=0):
    noise = np.random.default_rng(seed).normal(128, 2, (SIDE, SIDE))
    return np.clip(noise, 0, 255).astype(np.uint8)


def scratched(image, *, width=7, away=0.0, ends=False):
    """Draw a deep scratch, dark with a bright ground, that passes so far from the middle, px."""
    begin = (round(MIDDLE + 12), round(MIDDLE + away)) if ends else (20, round(MIDDLE - 40 + away))
    for thick, grey in ((width, 45), (max(1, width // 3), 110)):
        cv2.line(image, begin, (380, round(MIDDLE + 40 + away)), (grey,), thick, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def indented(image, radius):
    """Draw an indentation in the middle: a dark flank around a bright ground."""
    at = (round(MIDDLE * 16), round(MIDDLE * 16))
    for share, grey in ((1.0, 30), (0.35, 120)):
        cv2.circle(image, at, round(share * radius * 16), (grey,), -1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def rims(image, least=CLOSED):
    searched = octaves(pyramid(image, LARGEST), np.full(image.shape, 255, np.uint8))
    found = closed(searched, round_things(searched, LARGEST))
    return found[found[:, 3] >= least]


def at_the_middle(rims, reach):
    return [rim for rim in rims if np.hypot(rim[0] - MIDDLE, rim[1] - MIDDLE) < reach]


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("radius", [5, 8, 14, 30])
def test_an_indentation_on_or_beside_a_scratch_closes(radius, ends):
    found = at_the_middle(rims(indented(scratched(face(), ends=ends), radius)), 0.3 * radius + 1)
    assert found and any(0.6 < rim[2] / radius < 1.7 for rim in found)


@pytest.mark.parametrize("seed", range(4))
def test_a_scratch_alone_closes_no_circle(seed):
    crossing = scratched(scratched(face(seed), away=-30), width=5, away=25)
    assert len(rims(crossing)) <= 1
    assert not len(rims(face(seed)))


def test_what_the_nets_take_for_a_scratch_keeps_its_place():
    # Two of its indentations lie at the ends of deep scratches.
    assert score(scene_of(17_000_117, ("coaxial",), 20.0, None)).missed == ()


@pytest.mark.parametrize(("look", "seed"), [("ring", 19_110_079), ("mixed", 19_140_082)])
def test_a_doubtful_circle_about_mark_and_scratch_does_not_stand_for_the_mark(look, seed):
    assert score(scene_of(seed, (look,), 20.0, None)).missed == ()


def test_a_closed_rim_stays_beside_a_wider_guess_about_another_centre():
    frame = Frame.centred((SIDE, SIDE), 20.0)
    rim = np.array([[MIDDLE, MIDDLE, 6.0]], np.float32)
    (alone,) = overlooked(rim, [], frame)
    beside = replace(alone, x=alone.x + 0.2, diameter=1.95 * alone.diameter, confidence=0.3)
    assert overlooked(rim, [beside], frame) == [alone]
    # The same circle, or a sure mark that it is a part of, does stand for it.
    assert overlooked(rim, [replace(alone, confidence=0.3)], frame) == []
    assert overlooked(rim, [replace(beside, confidence=0.99)], frame) == []


@pytest.mark.parametrize(("sure", "kept"), [(0.6, True), (0.72, True), (0.4, False), (1.2, False)])
def test_an_edge_as_wide_as_the_marks_of_the_block_need_not_close(sure, kept):
    frame = Frame.centred((SIDE, SIDE), 20.0)
    rim = np.array([[MIDDLE, MIDDLE, 6.0, 11]], np.float32)
    beside = Mark(5, 5, sure, 0.9)
    assert bool(of_their_size(rim, [beside], frame)) is kept
    assert of_their_size(rim, [replace(beside, confidence=0.5)], frame) == []
    assert of_their_size(rim, [], frame) == []
    (alone,) = overlooked(rim, [], frame)
    around = replace(alone, x=alone.x + 0.25, diameter=1.5 * alone.diameter, confidence=0.3)
    assert of_their_size(rim, [beside, around], frame) == []


def test_a_scratch_over_a_third_of_a_rim_leaves_enough_of_it():
    image = indented(face(), 14)
    # Along the rim, so that what is left of it closes in no more than 12 of 16 directions.
    cv2.line(image, (120, round(MIDDLE - 11)), (300, round(MIDDLE - 11)), (30,), 11, cv2.LINE_AA)
    found = rims(image, least=0)
    at = [rim for rim in at_the_middle(found, 3) if 0.8 < rim[2] / 14 < 1.25]
    assert at and max(rim[3] for rim in at) >= 11


def test_the_light_within_a_mark_does_not_stand_for_its_rim():
    frame = Frame.centred((SIDE, SIDE), 20.0)
    rim = np.array([[MIDDLE, MIDDLE, 14.0]], np.float32)
    (alone,) = overlooked(rim, [], frame)
    light = replace(alone, diameter=0.3 * alone.diameter, confidence=0.5)
    assert overlooked(rim, [light], frame) == []
    assert overlooked(rim, [light], frame, widest=1.6) == [alone]
