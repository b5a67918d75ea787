"""The shipped weights, run as the daemon runs them: without torch."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.classifier import Classifier
from models.kinds import KINDS
from models.training.crops import Crop, Part, one_crop
from vision.rendering import CropKind

_SEED = 4711
_CROPS = 180


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


def crops(part: Part) -> list[Crop]:
    return [one_crop(_SEED, part, number) for number in range(_CROPS)]


def test_the_classes_are_those_that_are_rendered() -> None:
    assert [str(kind) for kind in KINDS] == [str(kind) for kind in CropKind]


@pytest.mark.parametrize("part", [Part.TEST, Part.HELD_OUT])
def test_fresh_crops_are_told_as_well_as_the_card_says(classifier: Classifier, part: Part) -> None:
    told = classifier.judge([crop.views for crop in crops(part)])
    right = [one.best is KINDS[i % len(KINDS)] for i, one in enumerate(told)]
    promised = classifier.card.scores[f"{part} top-1"]
    # Three standard deviations of a share of so few.
    assert np.mean(right) >= promised - 3 * np.sqrt(promised * (1 - promised) / _CROPS)
    decided = [hit for hit, one in zip(right, told, strict=True) if one.kind is not None]
    assert len(decided) > 0.1 * _CROPS
    assert np.mean(decided) >= classifier.card.scores[f"{part} right of decided"] - 0.05
    assert np.mean(decided) > np.mean(right)


def test_places_are_judged_alike_alone_and_together(classifier: Classifier) -> None:
    shown = [one_crop(_SEED, Part.TEST, number) for number in range(6)]
    together = classifier.judge([crop.views for crop in shown])
    for crop, told in zip(shown, together, strict=True):
        middle = (crop.image.shape[0] - 1) / 2
        alone = classifier.classify(crop.image, middle, middle, crop.px_per_mm)
        assert alone.likely == pytest.approx(told.likely, abs=1e-4)
    assert classifier.judge([]) == []


def test_threads_that_look_at_once_see_what_one_alone_sees(classifier: Classifier) -> None:
    views = np.stack([one_crop(_SEED, Part.TEST, number).views for number in range(8)])
    alone = [classifier.logits(views[i : i + 1]) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            together = list(pool.map(lambda i: classifier.logits(views[i : i + 1]), range(8)))
            assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_what_shows_nothing_is_not_taken_for_an_indentation(classifier: Classifier) -> None:
    for level in (0, 128, 255):
        told = classifier.classify(np.full((300, 300), level, np.uint8), 150, 150, 40.0)
        assert told.kind is None or not told.kind.is_indentation


def test_looking_needs_neither_torch_nor_the_renderer() -> None:
    code = (
        "import sys; from models.classifier import Classifier; import models.routing; "
        "Classifier.load(); print([m for m in ('torch', 'onnxruntime', 'vision') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
