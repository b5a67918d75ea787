"""The doctor: looks at devices and house, moves nothing, claims nothing, takes no port away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from controller.assembly import Folder, calibration_of, spool_of
from controller.checkpoint import read_state
from controller.config import LabConfig
from controller.events import EpochClaimed, JournalSealed
from controller.journal import JournalError, read_open_rows
from controller.operating.doctor_devices import Bedside
from controller.operating.doctor_house import House, ask_daemon, line_findings
from controller.operating.doctor_sight import NAME as SIGHT
from controller.operating.doctor_sight import Sight
from controller.operating.findings import Check, Finding, examine, ok, warn
from controller.operating.lines import real_port
from controller.operating.port_use import port_in_use
from drivers.lines import LabLines
from runtime import Clock, DeadlineError, offload, within

FIRST_S = 1.5
"""What the others build on (the running daemon, the journal's epochs) is asked for so long."""


async def examine_cell(config: LabConfig, folder: Folder | None) -> list[Finding]:
    """Look at everything; with a folder also at the run that lives there. Takes 5 s at most."""
    clock = Clock.starting()
    daemon: Mapping[str, Any] | None = None
    epochs: Mapping[str, int] = {}
    checks: dict[str, Check] = {}
    if folder is not None:
        daemon, epochs = await _known(folder)
        checks |= House(config, folder, spool_of(config, folder), clock, daemon).checks()
        checks[SIGHT] = Sight(config, calibration_of(config, folder), clock).check
    alarms = tuple(_alarms(daemon)) if daemon is not None else None
    checks |= Bedside(config, LabLines(), clock, epochs, alarms).checks()

    async def results() -> Finding:
        return await offload(look_at_results, config)

    checks["results"] = results
    return [*line_findings(config), *await examine(checks)]


async def _known(folder: Folder) -> tuple[Mapping[str, Any] | None, Mapping[str, int]]:
    daemon: Mapping[str, Any] | None = None
    epochs: Mapping[str, int] = {}
    try:
        async with within(FIRST_S, "the daemon and the journal"):
            daemon = await offload(ask_daemon, folder.path)
            epochs = await offload(_epochs, folder)
    except DeadlineError:
        # Each has a check of its own, which will say so.
        pass
    return daemon, epochs


def _epochs(folder: Folder) -> Mapping[str, int]:
    """Return the epochs last claimed, by device; empty without a readable journal."""
    claimed: dict[str, int] = {}
    try:
        for row in read_open_rows(folder.journal):
            if row.kind not in (JournalSealed.__name__, EpochClaimed.__name__):
                continue
            event = row.event()
            if isinstance(event, JournalSealed):
                claimed |= read_state(event.state_version, event.state).epochs
            elif isinstance(event, EpochClaimed):
                claimed[event.device] = event.epoch
    except JournalError:
        return {}
    return claimed


def _alarms(daemon: Mapping[str, Any]) -> list[str]:
    return [str(alarm[0]) for alarm in daemon.get("alarms", ())]


def look_at_results(config: LabConfig) -> Finding:
    """Look at the tester's one-way port without opening it: an opened port may lose a record."""
    url = config.devices.results.url
    if config.devices.results.by_hand:
        return ok("results", "by hand: a person reads the tester's display, there is no line")
    if urlsplit(url).scheme != "serial":
        return ok("results", f"{url}: the tester never answers, so nothing was asked")
    return port_in_use("results", url, real_port(url)) or warn(
        "results", f"{url}: nobody listens", "start the recorder, or the daemon with one inside"
    )
