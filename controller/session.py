"""One life of the daemon, from opening the journal to the end of the tray."""

from __future__ import annotations

from controller.cell import Cell
from controller.config import config_digest
from controller.holder import stock_holder
from controller.manifest import Manifest
from controller.operating.watch import Watch
from controller.rig import Rig
from controller.startup import begin_session
from controller.trays import accept_tray, refuse_unfit

PROGRAM = "hardlab 0.1.0"


async def work_tray(
    rig: Rig, manifest: Manifest | None, *, seed: int = 0, watch: Watch | None = None
) -> None:
    """Reconcile with the past, then verify the tray; return when it is finished or stopped.

    Without a manifest the cell goes on with the tray it has and stays for those that
    are presented to it, until it is stopped. ``seed`` is that of a simulated lab, kept
    in the journal so that a run can be repeated; ``watch`` hears of the work. Raises
    `controller.trays.TrayError` if another tray is not finished.
    """
    if manifest is not None and manifest.tray != rig.state.tray:
        refuse_unfit(rig.state, manifest)
    await begin_session(rig, PROGRAM, config_digest(rig.config), seed)
    await stock_holder(rig)
    if manifest is not None and manifest.tray != rig.state.tray:
        await accept_tray(rig, manifest)
    await Cell(rig, watch, stay=manifest is None).run()
