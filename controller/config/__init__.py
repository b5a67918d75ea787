"""The configuration of one cell: `lab.toml`, read, checked and frozen."""

from controller.config.by_hand import ByHandSection, TesterDevice
from controller.config.camera import CameraDevice, CameraSource
from controller.config.cell import (
    CellSection,
    DutiesSection,
    HolderBlock,
    HolderSection,
    LabSection,
)
from controller.config.device import Device
from controller.config.devices import ArmDevice, DevicesSection, ResultsDevice
from controller.config.durations import (
    ArmDurations,
    CycleDurations,
    DurationsSection,
    StageDurations,
)
from controller.config.lab import LabConfig
from controller.config.lines import LinesSection
from controller.config.measurement import SimulationSection, UncertaintySection
from controller.config.optional_devices import (
    ClimateDevice,
    GaugeDevice,
    ReaderDevice,
    SafetyDevice,
)
from controller.config.policy import KINDS, Choice, PolicyEntry, PolicySection
from controller.config.poses import PosesSection
from controller.config.reading import ConfigError, config_digest, load_config, parse_config
from controller.config.stage import StageDevice

__all__ = [
    "KINDS",
    "ArmDevice",
    "ArmDurations",
    "ByHandSection",
    "CameraDevice",
    "CameraSource",
    "CellSection",
    "Choice",
    "ClimateDevice",
    "ConfigError",
    "CycleDurations",
    "Device",
    "DevicesSection",
    "DurationsSection",
    "DutiesSection",
    "GaugeDevice",
    "HolderBlock",
    "HolderSection",
    "LabConfig",
    "LabSection",
    "LinesSection",
    "PolicyEntry",
    "PolicySection",
    "PosesSection",
    "ReaderDevice",
    "ResultsDevice",
    "SafetyDevice",
    "SimulationSection",
    "StageDevice",
    "StageDurations",
    "TesterDevice",
    "UncertaintySection",
    "config_digest",
    "load_config",
    "parse_config",
]
