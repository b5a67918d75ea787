"""Put a cell together: drivers from `lab.toml`, on whatever lines they are given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.by_hand import Hands, attended
from controller.config import LabConfig
from controller.config.device import Device
from controller.connecting import climate_of, positioner_of, safety_of, sizing_of
from controller.devices import Devices, Question, Sign
from controller.eyes import EYES, Eyes
from controller.gallery import Gallery
from controller.journal import Boundary
from controller.ledger import Ledger
from controller.line_recording import line_names, recorded
from controller.rig import Rig
from drivers.arm_controller import DashboardStarter
from drivers.camera_worker import WorkerCamera
from drivers.dashboard import Dashboard
from drivers.grbl_stage import GrblStage
from drivers.guarded_sensors import GuardedSensors
from drivers.interfaces import Sensors, ThermoHygrometer
from drivers.kept_spool import KeptSpool
from drivers.lines import Lines
from drivers.modbus import ModbusLink
from drivers.nod import Nod
from drivers.spool import SpoolReader
from drivers.station_plc import StationPlc
from drivers.tended_lines import TendedLines
from drivers.ur_arm import UrArm
from drivers.watchdog_beat import WatchdogBeat
from metrology import load_regulation
from runtime import Clock

SPOOL_PATIENCE_S = 5.0
"""How long the spool may take to be read, s: a slow disk is no silent tester."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a run keeps its things."""

    path: Path

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal.sqlite"

    @property
    def spool(self) -> Path:
        """What the recorder keeps."""
        return self.path / "records.spool"

    @property
    def pictures(self) -> Path:
        """Photographs, by the hash of their pixels."""
        return self.path / "pictures"

    @property
    def calibration(self) -> Path:
        """The calibration of the camera, unless the configuration names another."""
        return self.path / "calibration.json"

    @property
    def library(self) -> Path:
        """The information library."""
        return self.path / "records.sqlite"


def spool_of(config: LabConfig, folder: Folder) -> Path:
    """Return the recorder's file: the configured one, or the one in the folder of the run."""
    configured = config.devices.results.spool
    return Path(configured) if configured else folder.spool


def calibration_of(config: LabConfig, folder: Folder) -> Path:
    """Return the camera's calibration: the configured file, or the one in the run's folder."""
    configured = config.cell.calibration
    return Path(configured) if configured else folder.calibration


def connect_devices(
    config: LabConfig, lines: Lines, clock: Clock, spool: Path, hands: Hands | None = None
) -> Devices:
    """Return the drivers that the configuration names; lines are opened on first use.

    ``hands`` are needed where a person does a device's work: that has no line, and the
    driver that would use it gives its place up.
    """
    devices = _on_lines(config, lines, clock, spool, hands)
    return devices if hands is None else attended(config, devices, hands)


def _on_lines(
    config: LabConfig, lines: Lines, clock: Clock, spool: Path, hands: Hands | None
) -> Devices:
    devices, durations = config.devices, config.durations
    plc = StationPlc(
        ModbusLink(lines, devices.station.url, reply_s=devices.station.timeout_s),
        clock,
        durations.cycle.times(),
        measure_s=durations.measure_s,
    )
    poses = config.poses.table(config.cell.slots, config.cell.reject_places)
    arm = UrArm(
        ModbusLink(lines, devices.arm.url, reply_s=devices.arm.timeout_s),
        clock,
        durations.arm.times(),
        poses,
    )
    patience = durations.photograph_s + devices.camera.timeout_s
    camera = WorkerCamera(lines, devices.camera.url, clock, capture_s=patience)
    dashboard = Dashboard(lines, devices.arm.dashboard, clock)
    sensors: Sensors = plc
    climate: ThermoHygrometer = plc
    positioner = positioner_of(config, lines, clock, arm, plc)
    results = SpoolReader(spool)
    kept = KeptSpool(results, beats=devices.results.recorder == "service")
    signs = {
        "station": _sign(plc.beat, devices.station, plc.nod),
        "arm": _sign(arm.beat, devices.arm, arm.nod),
        "dashboard": Sign(dashboard.alive, line=devices.arm.dashboard, nod=dashboard.nod),
        "results": Sign(kept.look, SPOOL_PATIENCE_S, nod=kept.nod),
        "camera": Sign(camera.alive, line=devices.camera.url, nod=camera.nod),
    }
    # An arm that pushes is felt already.
    if not devices.stage.arm_pushes:
        nod = positioner.nod if isinstance(positioner, GrblStage) else None
        signs["positioner"] = _sign(positioner.read, devices.stage, nod)
    sizing = sizing_of(config, lines, clock, hands)
    if sizing is not None:
        signs |= sizing.signs
    if devices.climate is not None:
        hygrometer = climate_of(devices.climate, lines)
        climate = hygrometer
        signs["climate"] = _sign(hygrometer.climate, devices.climate, hygrometer.nod)
    if devices.safety is not None:
        chain = safety_of(devices.safety, lines)
        sensors = GuardedSensors(plc, chain)
        watchdog = WatchdogBeat(chain, chain.feed_in_passing)
        signs["safety"] = _sign(watchdog.beat, devices.safety, watchdog.nod)
    return Devices(
        arm=arm,
        arm_controller=DashboardStarter(dashboard, devices.arm.program),
        positioner=positioner,
        tester=plc,
        results=results,
        sensors=sensors,
        heartbeat=plc,
        sizing=sizing.stage if sizing is not None else plc,
        climate=climate,
        camera=camera,
        sizing_name="sizing" if sizing is not None else "station",
        climate_name="climate" if devices.climate is not None else "station",
        signs=signs,
    )


def _sign(question: Question, device: Device, nod: Nod | None = None) -> Sign:
    return Sign(question, 0.9 * device.timeout_s, device.url, nod)


def open_rig(
    config: LabConfig,
    folder: Folder,
    lines: Lines,
    clock: Clock,
    *,
    boundary: Boundary | None = None,
    keep_pictures: bool = True,
    eyes: Eyes = EYES,
) -> Rig:
    """Open the journal of a folder and connect a cell to it.

    Raises `controller.journal.JournalError` if the journal cannot be used, OSError if
    what a person writes in cannot be had.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(folder.journal, clock, boundary)
    tended = TendedLines(recorded(config, lines, clock, folder.journal), line_names(config))
    return Rig(
        ledger=ledger,
        devices=connect_devices(
            config,
            tended,
            clock,
            spool_of(config, folder),
            Hands(config, ledger, clock, folder.path),
        ),
        config=config,
        regulation=load_regulation(config.cell.regulation),
        gallery=Gallery(folder.pictures if keep_pictures else None),
        boundary=boundary or (lambda name: None),
        lines=tended,
        calibration=calibration_of(config, folder),
        eyes=eyes,
    )
