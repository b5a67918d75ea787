"""The canonical records of a run, from its information library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from controller.assembly import Folder
from lims_bridge.building import Unfit, build_record
from lims_bridge.laboratory import LaboratoryFile
from lims_bridge.record import CalibrationRecord
from metrology import UnknownRegulationError, load_regulation
from records.database import open_database
from records.repository import dossier, runs, trays
from records.views import RunView, TrayView


@contextmanager
def closing_engine(folder: Folder) -> Iterator[Engine]:
    """Open the information library of a run, and close it again."""
    engine = open_database(f"sqlite:///{folder.library}")
    try:
        yield engine
    finally:
        engine.dispose()


def run_records(
    engine: Engine, laboratory: LaboratoryFile, now: datetime, blocks: frozenset[str] | None = None
) -> Iterator[tuple[RunView, CalibrationRecord | Unfit]]:
    """Yield the record of every block of the last tray, or why it has none; only ``blocks``."""
    found = trays(engine)
    if not found:
        return
    tray = found[-1]
    for run in runs(engine, tray.name):
        if run.tray_seq == tray.seq and (blocks is None or run.block_id in blocks):
            yield run, _record(engine, laboratory, now, tray, run)


def record_again(
    engine: Engine, laboratory: LaboratoryFile, now: datetime, old: CalibrationRecord
) -> CalibrationRecord | Unfit:
    """Return a record as the library and the laboratory's file tell it now."""
    for tray in trays(engine):
        if tray.seq != old.origin.tray_seq:
            continue
        for run in runs(engine, tray.name):
            if (run.tray_seq, run.block_id) == (tray.seq, old.item.number):
                return _record(engine, laboratory, now, tray, run)
    return Unfit(old.item.number, (f"the library has no run of tray {old.origin.tray}",))


def _record(
    engine: Engine, laboratory: LaboratoryFile, now: datetime, tray: TrayView, run: RunView
) -> CalibrationRecord | Unfit:
    found = dossier(engine, run.key)
    assert found is not None, "the run was just listed"
    try:
        regulation = load_regulation(tray.regulation)
    except UnknownRegulationError as error:
        return Unfit(run.block_id, (str(error),))
    return build_record(found, laboratory, regulation, now)
