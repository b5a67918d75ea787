"""The doctor tells what the camera can show, before a block has to wait for it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.assembly import Folder
from controller.operating.doctor_sight import Sight
from controller.operating.findings import Finding, Health
from hil_sim.scenario.calibrating import calibrate_station
from runtime import Clock
from tests.labs import lab_config
from vision.calibration_file import read_calibration, write_calibration


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Folder(tmp_path_factory.mktemp("run"))
    calibrate_station(lab_config(), folder, datetime.now(UTC))
    return folder.calibration


def look(file: Path) -> Finding:
    async def main() -> Finding:
        return await Sight(lab_config(), file, Clock.starting()).check()

    return asyncio.run(main())


def changed(calibrated: Path, file: Path, **values: object) -> Finding:
    write_calibration(file, replace(read_calibration(calibrated), **values))  # type: ignore[arg-type]  # as the test gives them
    return look(file)


def test_scales_too_fine_for_the_camera_are_named_with_what_they_need(calibrated: Path) -> None:
    found = look(calibrated)
    assert found.health is Health.WARN
    assert "HR15N" in found.seen and "HRC" not in found.seen
    assert "55.2 px/mm" in found.remedy and "pictures of a block of 64 mm" in found.remedy


def test_a_camera_for_every_scale_is_in_order(calibrated: Path, tmp_path: Path) -> None:
    found = changed(calibrated, tmp_path / "c.json", px_per_mm=60.0)
    assert found.health is Health.OK


def test_a_camera_too_coarse_for_the_cells_own_blocks_fails(
    calibrated: Path, tmp_path: Path
) -> None:
    found = changed(calibrated, tmp_path / "c.json", px_per_mm=12.0)
    assert found.health is Health.FAIL
    assert "5.1 px" in found.seen and "18.9 px/mm" in found.seen


def test_an_outdated_calibration_fails_and_a_missing_one_is_told(
    calibrated: Path, tmp_path: Path
) -> None:
    good = read_calibration(calibrated)
    old = changed(calibrated, tmp_path / "c.json", valid_until=good.made - timedelta(days=1))
    assert old.health is Health.FAIL and "ran out" in old.seen
    gone = look(tmp_path / "none.json")
    assert gone.health is Health.WARN and "no calibration lies here" in gone.seen
