"""The devices that may be of several kinds: which driver stands behind an interface.

What has a section of its own in `lab.toml` gets its own driver; without one the
station PLC serves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.by_hand import Hands
from controller.config import ClimateDevice, LabConfig, SafetyDevice
from controller.devices import Sign
from drivers.arm_push import ArmPushPositioner, PushingArm
from drivers.dataman_reader import DataManReader
from drivers.dialogue import Patience
from drivers.grbl_stage import GrblStage
from drivers.hygrometer import Hygrometer
from drivers.interfaces import CodeReader, Gauge, Positioner, Sensors, SizingStage
from drivers.lines import Lines
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.mux10_gauge import Mux10Gauge
from drivers.pilz_safety import PilzSafety
from drivers.sizing import ComposedSizing
from drivers.timing import PushMotion
from runtime import Clock


def positioner_of(
    config: LabConfig, lines: Lines, clock: Clock, arm: PushingArm, sensors: Sensors
) -> Positioner:
    """Return the XY frame, or the arm as the one that pushes."""
    stage = config.devices.stage
    if stage.arm_pushes:
        return ArmPushPositioner(arm, sensors, clock, push_motion(config))
    return GrblStage(
        lines,
        stage.url,
        clock,
        config.durations.stage.times(),
        (stage.centre_x_mm, stage.centre_y_mm),
        (stage.load_x_mm, stage.load_y_mm),
    )


def push_motion(config: LabConfig) -> PushMotion:
    """Return how an arm pushes: as its script does, to the configured tolerance."""
    return PushMotion(tolerance_mm=config.devices.stage.tolerance_mm)


@dataclass(frozen=True, slots=True)
class OwnSizing:
    """A sizing stage that is not the PLC's, and the signs of life of its parts."""

    stage: SizingStage
    signs: Mapping[str, Sign]


def sizing_of(
    config: LabConfig, lines: Lines, clock: Clock, hands: Hands | None
) -> OwnSizing | None:
    """Return a sizing stage of gauge and reader; None where the PLC has both."""
    gauge, reader = config.devices.gauge, config.devices.reader
    if gauge is None or reader is None:
        return None
    signs = {}
    if gauge.by_hand and hands is not None:
        sized: Gauge = hands.gauge()
    else:
        sized = mux = Mux10Gauge(lines, gauge.url, clock, patience=_patience(gauge.timeout_s))
        signs["gauge"] = Sign(mux.alive, 0.9 * gauge.timeout_s, gauge.url, mux.nod)
    if reader.by_hand and hands is not None:
        read: CodeReader = hands.reader()
    else:
        read = dataman = DataManReader(
            lines, reader.url, clock, patience=_patience(reader.timeout_s)
        )
        signs["reader"] = Sign(dataman.alive, line=reader.url, nod=dataman.nod)
    return OwnSizing(ComposedSizing(sized, read), signs)


def _patience(reply_s: float) -> Patience:
    return Patience(reply_s=reply_s, late_s=reply_s)


def climate_of(device: ClimateDevice, lines: Lines) -> Hygrometer:
    """Return a thermo-hygrometer of its own."""
    kind = InputRegisterLink if device.area == "input" else ModbusLink
    link = kind(lines, device.url, unit=device.unit, framing="rtu", reply_s=device.timeout_s)
    return Hygrometer(link, device.registers)


def safety_of(device: SafetyDevice, lines: Lines) -> PilzSafety:
    """Return a safety controller."""
    link = InputRegisterLink(lines, device.url, unit=device.unit, reply_s=device.timeout_s)
    return PilzSafety(link, product=device.product, watchdog_ms=device.watchdog_ms)
