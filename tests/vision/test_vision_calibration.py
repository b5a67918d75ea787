import dataclasses
import itertools
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vision.board_rendering import (
    STATION,
    TILTED,
    Attitude,
    Optics,
    homography_of,
    render_board,
    render_micrometer,
)
from vision.calibration import (
    MOST_STAGE_MM,
    Residuals,
    StageCalibration,
    reason_against,
    rectified,
    through,
)
from vision.calibration_file import (
    CalibrationFileError,
    digest,
    read_calibration,
    read_scale,
    write_calibration,
)
from vision.charuco import Board, Refused, View, calibrate_stage, find_corners
from vision.geometry import Rectangle, Round
from vision.micrometer import ScaleCalibration, calibrate_scale
from vision.resolution import capture_plan, needed_px_per_mm

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
BOARD = Board()


def view_of(attitude: Attitude, seed: int, optics: Optics = STATION) -> View:
    view = find_corners(render_board(optics, BOARD, attitude, seed=seed), BOARD)
    assert isinstance(view, View)
    return view


@pytest.fixture(scope="module")
def views() -> list[View]:
    return [view_of(attitude, seed) for seed, attitude in enumerate(TILTED)]


@pytest.fixture(scope="module")
def made(views: list[View]) -> StageCalibration:
    found = calibrate_stage(views[0], views[1:], camera="c", artefact=BOARD.name, now=NOW)
    assert isinstance(found, StageCalibration)
    return found


def test_the_lens_is_found_again(made: StageCalibration) -> None:
    assert made.lens is not None
    assert made.lens.focal == pytest.approx(STATION.lens.focal, rel=5e-4)
    assert made.residuals.lens_px < 0.1
    assert made.residuals.stage_mm < MOST_STAGE_MM / 2


def test_places_on_the_stage_are_right_to_two_micrometres(made: StageCalibration) -> None:
    truth = homography_of(STATION, BOARD, TILTED[0])
    axis = np.linspace(8, 58, 11)
    on_board = np.stack([a.ravel() for a in np.meshgrid(axis, axis)], axis=1)
    pixels = STATION.lens.bent(through(truth, on_board))
    seen, wanted = made.on_stage(pixels), on_board * (1, -1)
    # The board lies anywhere on the stage: only turn and shift are free, not the scale.
    a, b = wanted - wanted.mean(axis=0), seen - seen.mean(axis=0)
    u, _, vt = np.linalg.svd(a.T @ b)
    off = a @ u @ vt - b
    assert np.sqrt((off**2).sum(axis=1).mean()) < 0.002
    assert made.in_picture(seen) == pytest.approx(pixels, abs=0.01)
    middle = made.on_stage(np.array([[(STATION.width - 1) / 2, (STATION.height - 1) / 2]]))
    assert middle == pytest.approx(np.zeros((1, 2)), abs=1e-6)


def test_without_the_lens_the_same_board_is_off_by_much_more(
    views: list[View], made: StageCalibration
) -> None:
    flat = calibrate_stage(views[0], (), camera="c", artefact="b", now=NOW)
    if isinstance(flat, StageCalibration):
        assert flat.residuals.stage_mm > 1.5 * made.residuals.stage_mm


def test_a_tilted_board_is_refused_as_a_telecentric_view() -> None:
    tilted = view_of(Attitude((0.2, 0.1, 0.0), (0.0, 0.0, 500.0)), 3)
    refused = calibrate_stage(tilted, (), camera="c", artefact="b", now=NOW)
    assert isinstance(refused, Refused)
    assert "µm" in refused.reason


def test_mixed_up_corners_are_refused(views: list[View]) -> None:
    wrong = dataclasses.replace(views[3], pixels=views[3].pixels[::-1].copy())
    refused = calibrate_stage(views[0], [wrong, *views[1:6]], camera="c", artefact="b", now=NOW)
    assert isinstance(refused, Refused)


def test_too_few_views_and_no_board_are_refused(views: list[View]) -> None:
    refused = calibrate_stage(views[0], views[1:3], camera="c", artefact="b", now=NOW)
    assert isinstance(refused, Refused)
    for image in (np.zeros((400, 400), np.uint8), np.zeros((9, 9), np.uint8)):
        assert isinstance(find_corners(image, BOARD), Refused)


def test_a_picture_is_straightened(made: StageCalibration) -> None:
    straight = find_corners(rectified(made, render_board(STATION, BOARD, TILTED[0])), BOARD)
    assert isinstance(straight, View)
    flat = calibrate_stage(straight, (), camera="c", artefact="b", now=NOW)
    assert isinstance(flat, StageCalibration)
    assert flat.px_per_mm == pytest.approx(made.px_per_mm, rel=2e-4)


@pytest.mark.parametrize(
    ("change", "smallest", "word"),
    [
        ({}, 0.0, ""),
        ({"valid_until": NOW - timedelta(seconds=1)}, 0.0, "ran out"),
        ({"made": NOW + timedelta(days=2)}, 0.0, "later day"),
        ({"residuals": Residuals(0.1, 0.02, 100)}, 0.0, "too coarse"),
        ({"residuals": Residuals(float("nan"), 0.001, 100)}, 0.0, "too coarse"),
        ({}, 0.39, "8 are needed"),
        ({}, 0.41, ""),
    ],
)
def test_a_reason_against_using_it(
    made: StageCalibration, change: dict[str, object], smallest: float, word: str
) -> None:
    changed = dataclasses.replace(made, **change)  # type: ignore[arg-type]  # wrong on purpose
    reason = reason_against(changed, NOW, smallest_mm=smallest)
    assert word in reason
    assert bool(reason) is bool(word)


def test_a_file_comes_back_as_it_was_and_a_changed_one_does_not(tmp_path, made):
    path = tmp_path / "a" / "calibration.json"
    assert write_calibration(path, made) == digest(made)
    assert read_calibration(path) == made
    data = json.loads(path.read_text())
    data["px_per_mm"] *= 1.001
    for text in (json.dumps(data), "{}", "[]", "no json", ""):
        path.write_text(text)
        with pytest.raises(CalibrationFileError, match=r"calibration\.json"):
            read_calibration(path)
    with pytest.raises(CalibrationFileError, match="no calibration lies here"):
        read_calibration(tmp_path / "none.json")


# -- microscope ---------------------------------------------------------------------


def scale_of(image, **changed):
    values = {"division_um": 100.0, "division_uncertainty": 2e-4, "microscope": "m"}
    return calibrate_scale(image, **{**values, "artefact": "a", "now": NOW, **changed})


@pytest.mark.parametrize("um_per_px", [1.7, 2.5, 4.0])
@pytest.mark.parametrize("tilt", [-0.02, 0.0, 0.004])
def test_the_scale_is_found_within_its_uncertainty(um_per_px: float, tilt: float) -> None:
    seen = [
        scale_of(render_micrometer(um_per_px=um_per_px, division_um=100, tilt=tilt, seed=seed))
        for seed in range(4)
    ]
    for one in seen:
        assert isinstance(one, ScaleCalibration)
        assert abs(one.um_per_px / um_per_px - 1) < 3 * one.uncertainty < 1e-3


def test_bad_micrometer_pictures_are_refused() -> None:
    good = render_micrometer(um_per_px=2.5, division_um=100)
    luck = np.random.default_rng(1)
    noise = luck.integers(0, 255, good.shape).astype(np.uint8)
    askew = render_micrometer(um_per_px=2.5, division_um=100, tilt=0.08)
    uneven = np.concatenate([good[:, :601], good[:, 611:]], axis=1)
    for image in (noise, askew, uneven, good[:, :200], 0 * good, 0 * good + 255, good[:9, :9]):
        assert isinstance(scale_of(image.astype(np.uint8)), Refused)


def test_a_scale_file_is_no_camera_file(tmp_path):
    scale = scale_of(render_micrometer(um_per_px=2.5, division_um=100))
    path = tmp_path / "scale.json"
    write_calibration(path, scale)
    assert read_scale(path) == scale
    with pytest.raises(CalibrationFileError, match="microscope"):
        read_calibration(path)


# -- resolution ----------------------------------------------------------------------


def test_one_picture_does_for_hrc_and_tiles_are_needed_for_15n() -> None:
    one = capture_plan(Round(64), 0.422, (2448, 2048))
    assert not one.tiled
    assert one.px_per_mm == pytest.approx(8 / 0.422)
    many = capture_plan(Rectangle(60, 40), 0.143, (2448, 2048))
    assert many.tiled
    width, height = (pixels / many.px_per_mm for pixels in (2448, 2048))
    luck = np.random.default_rng(1)
    for x, y in luck.uniform((-31.5, -21.5), (31.5, 21.5), (500, 2)):
        assert any(
            abs(x - m.x) <= width / 2 + 1e-9 and abs(y - m.y) <= height / 2 + 1e-9
            for m in many.middles
        )
    columns = sorted({m.x for m in many.middles})
    assert all(b - a <= width - 3 + 1e-9 for a, b in itertools.pairwise(columns))


def test_resolution_of_nothing_is_refused() -> None:
    for diameter in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="mm wide"):
            needed_px_per_mm(diameter)
    with pytest.raises(ValueError, match="overlap"):
        capture_plan(Round(60), 0.14, (160, 160))
