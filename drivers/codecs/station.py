"""Register map of the station PLC (ours): mailbox, evidence, inputs. Pure.

The same tables serve the driver, the simulated PLC and ``deploy/plc/station.st``.
All holding registers, 0-based, 16 bit, big endian, u32 high word first.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.codecs.registers import Field, Table

IDENTITY = 0x4853
MAP_VERSION = 2

COMMAND = Table(
    (
        Field("epoch", 0, "u32"),
        Field("sequence", 2),
        Field("command", 3),
        Field("tag", 4),
        Field("scale", 5),
        Field("preliminary_dwell_ms", 6),
        Field("total_dwell_ms", 7),
        Field("recovery_dwell_ms", 8),
    )
)
"""Written by the daemon in one FC16; the PLC acts only on a ``sequence`` ahead of all before."""

MEASURE = Table((Field("tag", 20),))
"""Asks the sizing stage for a measurement: the PLC acts on a changed ``tag``.

A query, repeatable and unfenced, hence beside the mailbox: it may run during a force cycle.
"""

HEARTBEAT = Table((Field("heartbeat", 21),))
"""A number that changes every second while the daemon lives.

The first change arms the watch; after `HEARTBEAT_S` without one the PLC drops the
enable: a cycle under way is finished, none is begun.
"""
HEARTBEAT_S = 3.0

STATUS = Table(
    (
        Field("boot", 100, "u32"),
        Field("epoch", 102, "u32"),
        Field("accepted", 104),
        Field("activity", 105),
        Field("fault", 106),
        Field("cycle_count", 107, "u32"),
        Field("cycle_end", 109),
        Field("cycle_tag", 110),
        Field("preliminary_dwell_ms", 111),
        Field("loading_ms", 112),
        Field("total_dwell_ms", 113),
        Field("total_force_dn", 114, "u32"),
        Field("refused", 116),
        Field("refusal", 117),
        Field("inputs", 118),
        Field("slots_1_16", 119),
        Field("slots_17_32", 120),
        Field("slots_33_48", 121),
        Field("rejects", 122),
        Field("holders", 123),
        Field("temperature_cdeg", 124, "i16"),
        Field("humidity_cpct", 125),
        Field("identity", 126),
        Field("map_version", 127),
        Field("results", 128, "u32"),
    )
)
"""Read by the daemon in one FC03; boot, epoch, accepted and the cycle fields are retentive.

``refused`` counts only while ``refusal`` is not 0, and the next acceptance clears it.
A refused number is burned: it is never accepted afterwards.
``results`` is retentive too, `NO_RESULTS` where the tester's output is not wired."""

NO_RESULTS = 0xFFFF_FFFF

NAMEPLATE = Table((Field("identity", 126), Field("map_version", 127)))
"""The part of STATUS that tells who is there: asked first on every new connection."""

MEASUREMENT = Table(
    (
        Field("tag", 150),
        Field("thickness_um", 151, "u32"),
        Field("width_um", 153, "u32"),
        Field("depth_um", 155, "u32"),
        Field("code_length", 157),
        Field("code", 158, "text", 16),
    )
)
"""The last measurement; valid only while ``tag`` is that of the request."""


class Command(IntEnum):
    """What the daemon may ask of the PLC."""

    CLAIM = 1
    INDENT = 2
    RESET = 3


class Refusal(IntEnum):
    """Why the PLC did not take a command."""

    NONE = 0
    OLD_EPOCH = 1
    BAD_ARGUMENT = 2
    INTERLOCK = 3
    BUSY = 4
    FAULT = 5


class StationFault(IntEnum):
    """Why the PLC latched a fault; cleared by RESET once its cause is gone."""

    NONE = 0
    DOOR_OPENED = 1
    SAFETY_OPENED = 2
    POWER_LOST = 3
    NO_CONTACT = 4


class Input(IntEnum):
    """Bits of ``inputs``; 1 is the safe or occupied side."""

    DOOR_CLOSED = 0
    SAFETY_CLOSED = 1
    SIZING_OCCUPIED = 2
    VISION_OCCUPIED = 3
    TESTER_OCCUPIED = 4
    SLIPPED = 5
    ENABLED = 6


_SCALES = (
    *("HRA", "HRBW", "HRC", "HRD", "HREW", "HRFW", "HRGW", "HRHW", "HRKW"),
    *("HR15N", "HR30N", "HR45N", "HR15TW", "HR30TW", "HR45TW"),
)
SCALE_CODES = {symbol: code for code, symbol in enumerate(_SCALES, start=1)}
"""Number of each scale on the force selector."""


def newer(sequence: int, than: int) -> bool:
    """Return whether a 16-bit command number lies ahead of another, across the wrap."""
    return 0 < (sequence - than) % 0x10000 < 0x8000


def following(sequence: int) -> int:
    """Return the next 16-bit command number."""
    return (sequence + 1) % 0x10000
