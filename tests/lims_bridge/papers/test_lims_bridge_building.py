"""From a simulated tray to records, and every reason why a block has none."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from controller.assembly import Folder
from controller.certificates.run_records import closing_engine, run_records
from lims_bridge.building import Unfit
from lims_bridge.laboratory import LaboratoryError, LaboratoryFile, read_laboratory
from lims_bridge.record import CalibrationRecord, read_record

LABORATORY = Path("examples/laboratory.toml")
NOW = datetime(2026, 1, 6, tzinfo=UTC)
PASS, FAIL, CALIBRATE = "2007-101", "2014-320", "2014-310"


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Folder:
    """A copy of the run, to spoil."""
    shutil.copy(finished_run / "records.sqlite", tmp_path)
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def laboratory() -> LaboratoryFile:
    return read_laboratory(LABORATORY)


def built(
    run: Folder, laboratory: LaboratoryFile, now: datetime = NOW
) -> dict[str, CalibrationRecord | Unfit]:
    with closing_engine(run) as engine:
        return {view.block_id: made for view, made in run_records(engine, laboratory, now)}


def test_every_block_has_its_record(run: Folder, laboratory: LaboratoryFile) -> None:
    found = built(run, laboratory)
    assert list(found) == [PASS, FAIL, CALIBRATE]
    for block, record in found.items():
        assert isinstance(record, CalibrationRecord), record
        assert read_record(record.payload()) == record
        assert record.item.number == record.item.serial == block
        assert len(record.valid_readings) == 5
        assert all(reading.raw for reading in record.valid_readings)
        assert [each.symbol for each in record.uncertainty.components] == [
            *("u_CRM-1", "u_xCRM-1", "u_CRM-D", "u_ms", "u_xCRM-2")
        ]
        assert record.draft, "nobody has confirmed the limits of the regulation"
        assert {duty.kind for duty in record.duties} == {
            *("seating", "opening-check", "closing-check")
        }
        assert record.versions.program.startswith("hardlab")
        assert record.environment.readings[0].temperature_c
    passed, failed, calibrated = found.values()
    assert isinstance(passed, CalibrationRecord)
    assert isinstance(failed, CalibrationRecord)
    assert isinstance(calibrated, CalibrationRecord)
    assert passed.judgement.passed
    assert not failed.judgement.passed
    assert [item.en for item in failed.judgement.failed_items] == ["Uniformity"]
    assert calibrated.order.service == "calibration"


def test_the_same_library_gives_the_same_bytes(run: Folder, laboratory: LaboratoryFile) -> None:
    assert built(run, laboratory) == built(run, laboratory, datetime(2026, 2, 1, tzinfo=UTC))


SPOILED = {
    "UPDATE verdict SET value = '61.3' WHERE block_id = '2007-101'": "has the value 61.3, but",
    "UPDATE verdict SET passed = 0 WHERE block_id = '2007-101'": "has the verdict False",
    "UPDATE reading SET hardness = '161.20' WHERE block_id = '2007-101' AND position = 1": (
        "cannot show"
    ),
    "UPDATE reading SET hardness = '61.21' WHERE block_id = '2007-101' AND position = 1": (
        "but its readings give"
    ),
    "UPDATE tray SET finished_seq = NULL, finished_at = NULL, passed = NULL, failed = NULL, "
    "refused = NULL": "not finished",
    "UPDATE verdict SET budget = '[]'": "older program",
    "DELETE FROM environment": "no temperature",
    "DELETE FROM surface_picture WHERE purpose = 'after'": "no picture",
    "DELETE FROM verdict": "no verdict",
    "UPDATE check_verdict SET good = 0": "failed",
    "UPDATE environment SET temperature_c = '31.0'": "outside 18 to 28",
    "UPDATE run SET identified_seq = NULL, identified_by = NULL": "identity",
    "DELETE FROM lab_session": "program and configuration",
    "UPDATE run SET refused_seq = 999999 + slot, refused_at = '2026-01-05', refusal = 'rust', "
    "sent_to = 'reject'": "refused and not measured: rust",
    "UPDATE reading SET state = 'voided', reason = 'slip' WHERE block_id = '2007-101' AND "
    "position = 1": "4 readings instead of 5",
}


@pytest.mark.parametrize("statement", SPOILED)
def test_what_is_missing_or_wrong_stops_the_record(
    run: Folder, laboratory: LaboratoryFile, statement: str
) -> None:
    with closing(sqlite3.connect(run.library)) as database:
        assert database.execute(statement).rowcount > 0
        database.commit()
    unfit = built(run, laboratory)[PASS]
    assert isinstance(unfit, Unfit), statement
    assert re.search(SPOILED[statement], " | ".join(unfit.reasons)), unfit.reasons


def test_a_clock_in_the_future_stops_it(run: Folder, laboratory: LaboratoryFile) -> None:
    early = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
    unfit = built(run, laboratory, early)[PASS]
    assert isinstance(unfit, Unfit)
    assert "a clock is wrong" in unfit.reasons[0]


def test_an_expired_certificate_of_the_standard_stops_it(
    run: Folder, laboratory: LaboratoryFile
) -> None:
    machine = laboratory.equipment[0]
    for last, good in ((date(2026, 1, 4), False), (date(2026, 1, 5), True)):
        changed = machine.model_copy(update={"valid_until": last})
        equipment = (changed, *laboratory.equipment[1:])
        made = built(run, laboratory.model_copy(update={"equipment": equipment}))[PASS]
        assert isinstance(made, CalibrationRecord) is good
        if isinstance(made, Unfit):
            assert "ended on 2026-01-04" in made.reasons[0]


def test_without_order_or_standard_there_is_none(run: Folder, laboratory: LaboratoryFile) -> None:
    bare = laboratory.model_copy(update={"order": (), "equipment": ()})
    unfit = built(run, bare)[PASS]
    assert isinstance(unfit, Unfit)
    told = " | ".join(unfit.reasons)
    assert "no order fits" in told
    assert "no standard machine" in told
    assert "no indenter" in told


def mistakes() -> Iterator[tuple[str, str, str]]:
    yield 'name_zh = "示例计量检定所"', "", "laboratory.name_zh"
    yield "[numbers]", "[numbers]\ncolour = 1", "numbers.colour"
    yield 'pattern = "{series}', 'pattern = "no number" #', "numbers.pattern"
    yield 'role = "indenter"', 'role = "nail"', "equipment.1.role"
    yield "valid_until = 2026-09-30", 'valid_until = "soon"', "equipment.0.valid_until"
    yield 'service = "calibration"', 'service = "repair"', "order.0.service"
    yield "url = ", "uri = ", "verification_page.url"
    yield "[laboratory]", "[laboratory", "not TOML"


@pytest.mark.parametrize(("old", "new", "key"), list(mistakes()))
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    text = LABORATORY.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "laboratory.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LaboratoryError) as told:
        read_laboratory(path)
    assert any(key in problem for problem in told.value.problems), told.value.problems
