import numpy as np
import pytest

from models.confidence import Caution, probabilities, seen
from models.kinds import KINDS
from models.training.bayes import by_diameter_alone, ideal_error
from models.training.calibration import (
    calibration_error,
    missed,
    possible_share,
    temperature,
    threshold,
)
from models.training.crops import RANGES_MM, Crops, Part, close_of, joined, one_crop
from models.training.scores import score, wilson, worst
from vision.rendering import DIAMETERS_MM, CropKind

CAUTION = Caution(0.9, 0.998)


def guesses(n: int, true_temperature: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    outputs = rng.normal(0, 3, (n, len(KINDS)))
    sure = probabilities(outputs, true_temperature)
    return outputs, np.array([rng.choice(len(KINDS), p=row) for row in sure])


@pytest.mark.parametrize("true", [0.6, 1.0, 2.5])
def test_the_temperature_is_found_and_makes_confidence_true(true: float) -> None:
    outputs, kinds = guesses(6000, true)
    found = temperature(outputs, kinds)
    assert found == pytest.approx(true, rel=0.08)
    assert calibration_error(probabilities(outputs, found), kinds) < 0.025
    assert calibration_error(probabilities(outputs, 3 * true), kinds) > 0.05


def test_decisions_from_the_threshold_on_err_as_seldom_as_allowed() -> None:
    outputs, kinds = guesses(6000, 1.0)
    sure = probabilities(outputs, 1.0)
    strict, lax = (threshold(sure, kinds, error) for error in (0.01, 0.10))
    assert strict > lax
    for least, error in ((strict, 0.01), (lax, 0.10)):
        decided = sure.max(axis=1) >= least
        assert (sure.argmax(axis=1) != kinds)[decided].mean() <= error


def test_the_true_kind_is_excluded_as_seldom_as_allowed() -> None:
    outputs, kinds = guesses(6000, 1.0)
    sure = probabilities(outputs, 1.0)
    strict, lax = (possible_share(sure, kinds, error) for error in (0.002, 0.03))
    assert strict > lax
    assert missed(sure, kinds, strict).mean() <= 0.002 < missed(sure, kinds, 0.9).mean()
    # Who is too sure of himself has to keep more.
    assert possible_share(probabilities(outputs, 0.5), kinds, 0.03) > lax


def test_the_score_counts_and_the_worst_are_the_surest_errors() -> None:
    outputs, kinds = guesses(500, 1.0)
    sure = probabilities(outputs, 1.0)
    nothing = np.zeros(500, np.float32)
    crops = Crops(np.zeros((500, 3, 1, 1), np.uint8), kinds, nothing, nothing)
    told = score(sure, crops, CAUTION)
    assert told.confusion.sum() == 500
    assert np.trace(told.confusion) == pytest.approx(500 * told.top1)
    assert told.low < told.top1 < told.high
    first, *rest = worst(sure, crops, 500)
    assert len(rest) + 1 == 500 - np.trace(told.confusion)
    assert sure[first].max() == sure[[first, *rest]].max()
    hidden = [
        KINDS[k] not in seen(row, CAUTION).possible
        for k, row in zip(kinds.tolist(), sure.tolist(), strict=True)
    ]
    assert told.excluded == pytest.approx(np.mean(hidden))
    # Sharpened, the outputs leave fewer kinds, and the true one is missing more often.
    sharp = score(probabilities(outputs, 0.3), crops, CAUTION)
    assert told.excluded < sharp.excluded < 1 - sharp.top1
    assert wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-3)


def test_a_crop_follows_from_its_number_alone_and_parts_differ() -> None:
    one, again = (one_crop(1, Part.TEST, 15) for _ in range(2))
    assert np.array_equal(one.image, again.image)
    other = one_crop(1, Part.TRAIN, 15)
    assert one.image.shape != other.image.shape or not np.array_equal(one.image, other.image)
    assert one_crop(1, Part.HELD_OUT, 15).truth.look in Part.HELD_OUT.looks
    assert np.array_equal(*(close_of(1, Part.STATION, 1).image for _ in range(2)))


def test_the_figures_are_taken_under_lights_that_nothing_was_made_with() -> None:
    made_with = {look for part in Part if part is not Part.HELD_OUT for look in part.looks}
    assert not made_with & set(Part.HELD_OUT.looks)
    assert len(set(Part.HELD_OUT.looks)) >= 3
    assert not set(Part.TRAIN.looks) & set(Part.CHOOSE.looks)


@pytest.mark.parametrize("number", range(12))
def test_a_station_crop_says_its_diameter_where_it_bears_an_indentation(number: int) -> None:
    close, kind = close_of(2, Part.STATION, number), KINDS[number % len(KINDS)]
    assert (close.diameter > 0) is kind.is_indentation
    assert close.image.shape[0] == close.image.shape[1] >= 8 * close.px_per_mm
    assert close.views.shape == (3, 64, 64)


def test_parts_are_joined_in_order() -> None:
    some = [
        Crops(np.full((n, 3, 2, 2), n, np.uint8), *(np.full(n, n) for _ in range(3)))
        for n in (2, 3)
    ]
    whole = joined(some)
    assert whole.kinds.tolist() == [2, 2, 3, 3, 3]
    assert whole.views[:, 0, 0, 0].tolist() == [2, 2, 3, 3, 3]


def test_the_diameter_alone_is_worth_what_drawing_says() -> None:
    rng = np.random.default_rng(5)
    ranges = [np.log(RANGES_MM[kind]) for kind in DIAMETERS_MM]
    hits = 0
    for i in range(20_000):
        low, high = ranges[i % len(ranges)]
        x = rng.uniform(low, high)
        dense = [(a <= x <= b) / (b - a) for a, b in ranges]
        hits += int(np.argmax(dense)) == i % len(ranges)
    share = (hits / 20_000 * len(ranges) + len(KINDS) - len(ranges)) / len(KINDS)
    assert by_diameter_alone() == pytest.approx(share, abs=0.01)


def test_the_ideal_observer_errs_only_where_another_indenter_could_have_been() -> None:
    some = [one_crop(2, Part.TEST, number) for number in range(24)]
    errors = {crop.truth.kind: ideal_error(crop) for crop in some}
    assert errors[CropKind.UNUSED] == 0
    assert all(0 <= error <= 0.5 for error in errors.values())
    wide = [c for c in some if c.truth.kind is CropKind.BALL_BRINELL and c.truth.diameter > 1.7]
    assert wide
    assert all(ideal_error(crop) == 0 for crop in wide)
