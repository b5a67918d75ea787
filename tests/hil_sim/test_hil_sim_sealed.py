"""Trays follow each other in one simulated cell: each is sealed, every reader crosses the cut."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller import projector as projecting
from controller.assembly import Folder
from controller.audit import audit
from controller.cli.app import build
from controller.events import IndentConfirmed
from controller.fold import fold_all
from controller.journal import Row, read_open_rows, read_rows
from controller.operating.doctor import _epochs
from controller.operating.doctor_house import House
from controller.operating.findings import Finding, Health, examine
from controller.projector import Projector
from controller.report import summarise
from hil_sim.scenario.crash import Reaper
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from records.database import connect
from records.repository import trays
from records.verification import differences
from runtime import Clock, run_virtual
from tests.labs import lab_config, tray, truths

CONFIG, TRAY, TRUTHS = lab_config(), tray("2007-102"), truths()
NAMES = ("tray-1", "tray-2", "tray-3")


@dataclass(frozen=True, slots=True)
class Worked:
    """What is left: the lab, and the boundaries that each life passed."""

    lab: SimulatedLab
    lives: tuple[Reaper, ...]


def work(folder: Path, *, trays: int = 3, deaths: Sequence[int] = ()) -> Worked:
    """Verify the same block on several trays, one life each; the second tray's life is killed."""

    async def main() -> Worked:
        clock = Clock.starting(DEMO_START)
        lab = build_lab(CONFIG, TRAY, TRUTHS, seed=1, clock=clock)
        session = Session(CONFIG, Folder(folder), clock, 1, keep_pictures=False)
        keeping = asyncio.ensure_future(recorder(session, lab))
        lives: list[Reaper] = []
        try:
            for number, name in enumerate(NAMES[:trays]):
                for at in (*(deaths if number == 1 else ()), None):
                    lives.append(Reaper(at))
                    manifest = replace(TRAY, tray=name)
                    with suppress(Killed):
                        await daemon(session, lab, manifest, boundary=lives[-1])
                        break
        finally:
            keeping.cancel()
        return Worked(lab, tuple(lives))

    return run_virtual(main())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trays")
    work(folder)
    return folder


def rows_of(folder: Path) -> list[Row]:
    return list(read_rows(folder / "journal.sqlite"))


def made(lab: SimulatedLab) -> int:
    return sum(bool(mark.cycle) for block in lab.world.blocks.values() for mark in block.marks)


def test_each_tray_is_sealed_when_the_next_is_accepted(run: Path) -> None:
    rows = rows_of(run)
    kinds = [row.kind for row in rows]
    seals = [n for n, kind in enumerate(kinds) if kind == "JournalSealed"]
    assert [kinds[n + 1] for n in seals] == ["TrayAccepted"] * 2
    names = sorted(file.name for file in (run / "archive").iterdir())
    assert names == ["000001-tray-1.jsonl", "000002-tray-2.jsonl"]
    result, state = summarise(rows)
    assert (result.tray, result.finished, result.sessions) == ("tray-3", True, 3)
    assert state == fold_all(row.event() for row in rows if row.kind != "JournalSealed")


def test_the_same_seed_gives_the_same_dump_and_the_same_archives(run: Path, tmp_path: Path) -> None:
    work(tmp_path)
    assert call("journal", "dump", "--out", str(tmp_path)) == call(
        "journal", "dump", "--out", str(run)
    )
    for file in (run / "archive").iterdir():
        assert (tmp_path / "archive" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("step", ["archive-named", "before-cut", "after-cut"])
@pytest.mark.parametrize("later", [0, 1])
def test_killed_while_it_seals_a_cell_verifies_every_tray_once(
    run_of_two: Worked, tmp_path: Path, step: str, later: int
) -> None:
    """Killed there, or at the boundary after it, and once more at the next try."""
    passed = run_of_two.lives[1].passed
    at = passed.index(step) + 1 + later
    done = work(tmp_path, trays=2, deaths=[at, passed.index("before-archive") + 1])
    assert done.lives[1].passed == passed[:at]
    rows = rows_of(tmp_path)
    assert [row.kind for row in rows].count("TrayFinished") == 2
    confirmed = [row.event() for row in rows if row.kind == "IndentConfirmed"]
    assert len(confirmed) == made(done.lab)
    numbers = {event.number for event in confirmed if isinstance(event, IndentConfirmed)}
    assert len(numbers) == len(confirmed)
    found = audit(tmp_path / "journal.sqlite")
    assert found.whole and found.archives == 1 and not found.strangers


@pytest.fixture(scope="module")
def run_of_two(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    return work(tmp_path_factory.mktemp("two"), trays=2)


# -- readers ---------------------------------------------------------------------------


def call(*words: str) -> str:
    result = CliRunner().invoke(build(), list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_commands_tell_the_whole_history(run: Path) -> None:
    rows = rows_of(run)
    out = str(run)
    dumped = call("journal", "dump", "--out", out).splitlines()
    assert len(dumped) == len(rows)
    said = call("journal", "verify", "--out", out)
    assert f"{len(rows)} events in 2 archives and the journal" in said and rows[-1].hash in said
    shown = call("journal", "show", "--out", out)
    for name in NAMES:
        assert f"tray {name} finished" in shown
    assert "are sealed in 000002-tray-2.jsonl" in shown
    assert call("journal", "show", "--last", "1", "--out", out) == shown.splitlines()[-1] + "\n"


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_a_library_that_lags_behind_a_cut_follows(
    run: Path, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is behind by two trays, and stops between any two rows."""
    monkeypatch.setattr(projecting, "BATCH", batch)
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    projector = Projector(run / "journal.sqlite", url)
    assert asyncio.run(projector.catch_up()), projector.trouble
    projector.close()
    engine = connect(url)
    try:
        assert differences(engine, rows_of(run)) == ()
        assert len(trays(engine)) == 3
    finally:
        engine.dispose()


def examined(folder: Path) -> Finding:
    async def main() -> list[Finding]:
        house = House(CONFIG, Folder(folder), folder / "records.spool", Clock.starting())
        return await examine({"journal": house.chain})

    (finding,) = asyncio.run(main())
    return finding


def test_the_doctor_looks_at_the_open_journal_and_the_newest_archive(
    run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    good = examined(copy)
    assert good.health is Health.OK and "2 archives" in good.seen
    older, newest = sorted((copy / "archive").iterdir())
    older.rename(tmp_path / older.name)
    assert examined(copy).health is Health.WARN
    (tmp_path / older.name).rename(older)
    newest.chmod(0o644)
    newest.write_text(newest.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert examined(copy).health is Health.FAIL


def test_the_doctor_knows_the_epochs_claimed_before_the_cut(run: Path, tmp_path: Path) -> None:
    state = fold_all(row.event() for row in rows_of(run))
    assert state.epochs and _epochs(Folder(run)) == state.epochs
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    sealed = next(read_open_rows(copy / "journal.sqlite"))
    with sqlite3.connect(copy / "journal.sqlite") as db:
        db.execute("DELETE FROM event WHERE seq > ?", (sealed.seq,))
    db.close()
    assert _epochs(Folder(copy)) == fold_all([sealed.event()]).epochs != {}
