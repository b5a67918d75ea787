"""No valid calibration, no plan: the block waits with an alarm, nothing is indented."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.assembly import Folder
from controller.calibrated import ALARM
from controller.events import AlarmCleared, AlarmRaised, IndentIntended, Planned
from controller.journal import read_rows
from hil_sim.scenario.calibrating import calibrate_station
from hil_sim.scenario.lab import build_lab
from hil_sim.scenario.run import Session, daemon, recorder
from runtime import Clock, run_virtual
from tests.labs import lab_config, tray, truths
from vision.calibration_file import read_calibration, write_calibration

PATIENCE_S = 900


def live(tmp_path, spoil, *, mended=False):
    """Work a block with a spoilt calibration, perhaps mended at the alarm; return the events."""
    import asyncio

    config, folder = lab_config(), Folder(tmp_path)

    async def main():
        clock = Clock.starting()
        calibrate_station(config, folder, clock.utc())
        good = read_calibration(folder.calibration)
        spoil(folder.calibration, good)
        manifest = tray("2007-102")
        lab = build_lab(config, manifest, truths(), seed=1, clock=clock)
        session = Session(config, folder, clock, 1, keep_pictures=False)
        keeping = asyncio.create_task(recorder(session, lab))
        rigs = []

        async def beside(rig):
            rigs.append(rig)
            if mended:
                while not rig.state.alarms:
                    await rig.ledger.changed(rig.ledger.version)
                write_calibration(folder.calibration, good)

        try:
            async with asyncio.timeout(6000 if mended else PATIENCE_S):
                await daemon(session, lab, manifest, meanwhile=beside)
        except TimeoutError:
            pass
        keeping.cancel()
        rigs[0].ledger.journal.close()

    run_virtual(main())
    return [row.event() for row in read_rows(folder.journal)]


def outdated(path, good):
    write_calibration(path, replace(good, valid_until=good.made - timedelta(days=1)))


def coarse(path, good):
    write_calibration(path, replace(good, residuals=replace(good.residuals, stage_mm=0.02)))


def other_scale(path, good):
    write_calibration(path, replace(good, px_per_mm=good.px_per_mm * 1.01))


def blurred(path, good):
    write_calibration(path, replace(good, px_per_mm=12.0))


def tampered(path, good):
    path.write_text(path.read_text().replace('"px_per_mm": 1', '"px_per_mm": 2'))


def made_by_customers(events):
    return [e for e in events if isinstance(e, IndentIntended) and not e.duty]


@pytest.mark.parametrize("spoil", [outdated, coarse, other_scale, blurred, tampered])
def test_nothing_is_planned_without_a_good_calibration(tmp_path, spoil):
    events = live(tmp_path, spoil)
    assert any(isinstance(e, AlarmRaised) and e.alarm == ALARM for e in events)
    assert not any(isinstance(e, Planned) for e in events)
    assert made_by_customers(events) == []


def test_a_new_calibration_ends_the_alarm_without_a_restart(tmp_path):
    events = live(tmp_path, outdated, mended=True)
    assert any(isinstance(e, AlarmCleared) and e.alarm == ALARM for e in events)
    assert any(isinstance(e, Planned) for e in events)
    assert len(made_by_customers(events)) == 5
