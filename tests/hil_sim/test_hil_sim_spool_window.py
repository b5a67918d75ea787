"""A cell whose reader of the spool lets go of records as soon as it may, killed and restarted."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.state import Stage
from drivers import spool
from drivers.spool_memo import recall
from hil_sim.scenario.crash import walk
from tests.labs import lab_config, tray, truths


@pytest.mark.parametrize("deaths", [(), (230, 120)])
def test_every_record_reaches_the_journal_once_through_the_smallest_window(
    deaths: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "SPARE", 1)
    outcome = walk(
        lab_config(), tray("2007-102"), truths(), tmp_path, deaths=deaths, absent_s=400, disk_s=0.01
    )
    assert outcome.broken == () and len(outcome.died_at) == len(deaths)
    assert [block.stage for block in outcome.state.customers] == [Stage.FINISHED]
    memo = recall(tmp_path / "records.spool")
    assert memo.records == outcome.state.records - 1 > 3, "all but the last was let go"
