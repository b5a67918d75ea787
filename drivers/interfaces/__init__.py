"""What the devices of a cell can do, whoever made them.

Behind each protocol stand real, simulated, replayed and manual devices alike.
Foreseeable failures are values: a command answers `Done`, `NotDone` (proved not
to have happened) or `Unknown` (sent, and its end not seen). A driver sends a
command **once**; what to do after `Unknown` is the executor's decision.
"""

from __future__ import annotations

from drivers.interfaces.arm import Arm, ArmController, ArmStatus
from drivers.interfaces.camera import Camera, Photograph
from drivers.interfaces.climate import Climate, ThermoHygrometer
from drivers.interfaces.fence import Activity, Fence
from drivers.interfaces.gripper import Grip, Gripper, GripperStatus
from drivers.interfaces.outcome import Done, Failure, NotDone, Outcome, Unknown
from drivers.interfaces.places import SIZING, TESTER, VISION, Place, Station
from drivers.interfaces.positioner import Positioner, PositionerStatus
from drivers.interfaces.remote_io import IoState, RemoteIo
from drivers.interfaces.results import ResultChannel, ResultRecord
from drivers.interfaces.safety import SafetyChain, SafetyState
from drivers.interfaces.sensing import Heartbeat, Inputs, Sensors
from drivers.interfaces.sizing import CodeReader, Dimensions, Gauge, Sized, SizingStage
from drivers.interfaces.tester import Cycle, CycleEnd, IndentOrder, Tester, TesterStatus

__all__ = [
    "SIZING",
    "TESTER",
    "VISION",
    "Activity",
    "Arm",
    "ArmController",
    "ArmStatus",
    "Camera",
    "Climate",
    "CodeReader",
    "Cycle",
    "CycleEnd",
    "Dimensions",
    "Done",
    "Failure",
    "Fence",
    "Gauge",
    "Grip",
    "Gripper",
    "GripperStatus",
    "Heartbeat",
    "IndentOrder",
    "Inputs",
    "IoState",
    "NotDone",
    "Outcome",
    "Photograph",
    "Place",
    "Positioner",
    "PositionerStatus",
    "RemoteIo",
    "ResultChannel",
    "ResultRecord",
    "SafetyChain",
    "SafetyState",
    "Sensors",
    "Sized",
    "SizingStage",
    "Station",
    "Tester",
    "TesterStatus",
    "ThermoHygrometer",
    "Unknown",
]
