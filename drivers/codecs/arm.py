"""Register map of the arm's job mailbox on a UR controller's Modbus server. Pure.

Registers 128-255 are the general-purpose ones that ``deploy/ur/cell.script``
reads and writes; 256-405 are the controller's own (UR article 16377).
"""

from __future__ import annotations

from enum import IntEnum

from drivers.codecs.registers import Field, Table

IDENTITY = 0x4841
MAP_VERSION = 1

COMMAND = Table(
    (
        Field("sequence", 128),
        Field("job", 129),
        Field("station", 130),
        Field("index", 131),
        Field("epoch", 132, "u32"),
        Field("x", 134, "i16"),
        Field("y", 135, "i16"),
    )
)
"""Written by the daemon in one FC16; the script acts only on a changed ``sequence``.

``x`` and ``y`` count for PUSH: the point of the block, in 0.01 mm, to bring under the indenter.
"""

STATUS = Table(
    (
        Field("accepted", 160),
        Field("activity", 161),
        Field("fault", 162),
        Field("heartbeat", 163),
        Field("epoch", 164, "u32"),
        Field("boot", 166, "u32"),
        Field("holding", 168),
        Field("at_station", 169),
        Field("at_index", 170),
        Field("refused", 171),
        Field("refusal", 172),
        Field("probed", 173),
        Field("probe_x", 174, "i16"),
        Field("probe_y", 175, "i16"),
        Field("identity", 176),
        Field("map_version", 177),
    )
)
"""Written by the script; ``at_station`` is 0 between taught poses.

``identity`` is `IDENTITY` once our script runs: a controller that was just switched on
shows 0, somebody else's controller or program shows anything.

``probed`` is 1 while both edge probes at the anvil touch a block; ``probe_x`` and
``probe_y`` are then the point of it under the indenter, in 0.01 mm.
"""

NAMEPLATE = Table((Field("identity", 176), Field("map_version", 177)))
"""The part of STATUS that tells who is there: asked first on every new connection."""

ROBOT_MODE = Table((Field("robot_mode", 258),))
SAFETY = Table((Field("powered", 260), Field("safety_mode", 266)))
"""260-265 are flags the driver does not use; 259 is not documented, hence two reads."""
POSE = Table(
    tuple(Field(axis, 400 + i, "i16") for i, axis in enumerate(("x", "y", "z", "rx", "ry", "rz")))
)
"""TCP pose in the base frame: x, y, z in 0.1 mm; rx, ry, rz in mrad."""

ROBOT_RUNNING = 7
SAFETY_MODES = {
    1: "NORMAL",
    2: "REDUCED",
    3: "PROTECTIVE_STOP",
    4: "RECOVERY",
    5: "SAFEGUARD_STOP",
    6: "SYSTEM_EMERGENCY_STOP",
    7: "ROBOT_EMERGENCY_STOP",
    8: "VIOLATION",
    9: "FAULT",
    10: "VALIDATE_JOINT_ID",
    11: "UNDEFINED",
}


class Job(IntEnum):
    """What the script can be asked to do."""

    CLAIM = 1
    CARRY = 2
    PICK = 3
    RELEASE = 4
    RETREAT = 5
    PUSH = 6


class ArmFault(IntEnum):
    """Why a job ended in fault."""

    NONE = 0
    NOTHING_GRIPPED = 1
    STILL_HOLDING = 2
    PROTECTIVE_STOP = 3
    NOT_OVER_TARGET = 4
    NOT_FOLLOWING = 5
