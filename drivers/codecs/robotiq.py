"""Registers of the Robotiq 2F-85 and 2F-140 grippers, Modbus RTU, slave 9, 115200 8N1. Pure.

Three registers are written from 0x03E8, three read from 0x07D0, two bytes each.
Frames: the 2F manual. The meaning of the fault codes is from memory of its pages
on status [MEM] and must be compared with the manual of the gripper in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from drivers.codecs.registers import Field, Table

UNIT = 9
OPEN, CLOSED = 0, 255
"""Position requests for the fingers fully open and fully closed."""

COMMAND = Table((Field("action", 0x03E8), Field("position", 0x03E9), Field("speed_force", 0x03EA)))
STATUS = Table(
    (Field("status", 0x07D0), Field("fault_echo", 0x07D1), Field("position_current", 0x07D2))
)
ACTIVATION = Table((Field("status", 0x07D0),))
"""The first status register alone, as polled while the gripper activates."""

_ACT, _GTO = 0x01, 0x08
_RESERVED = 0x06


class Activation(IntEnum):
    """``gSTA``: how far activation has come; 2 is not used."""

    RESET = 0
    RUNNING = 1
    ACTIVE = 3


class Contact(IntEnum):
    """``gOBJ``: what stopped the fingers; means something only while ``gGTO`` is set."""

    MOVING = 0
    OPENING = 1
    CLOSING = 2
    AT_REQUEST = 3


class Severity(Enum):
    """What a fault code asks for."""

    NONE = "none"
    PRIORITY = "priority"
    MINOR = "minor"
    MAJOR = "major"


FAULTS = {
    0x00: "none",
    0x05: "action delayed until activation is complete",
    0x07: "the activation bit must be set first",
    0x08: "too hot",
    0x09: "no communication for a second",
    0x0A: "supply voltage too low",
    0x0B: "automatic release in progress",
    0x0C: "internal fault",
    0x0D: "activation failed",
    0x0E: "overcurrent",
    0x0F: "automatic release complete",
}
"""``gFLT`` [MEM]."""


def severity(fault: int) -> Severity:
    """Return the class of a fault code; one that is not in the table counts as major.

    So does any fault of the gripper's own controller, in the upper half of the byte.
    """
    if fault == 0:
        return Severity.NONE
    if fault in (0x05, 0x07):
        return Severity.PRIORITY
    return Severity.MINOR if fault in (0x08, 0x09) else Severity.MAJOR


@dataclass(frozen=True, slots=True)
class Report:
    """One status. Positions are counts 0 (open) to 255 (closed), the current is in mA.

    ``requested`` is the gripper's echo of the position asked for: only if it is
    the one that was asked for does ``contact`` speak of that motion.
    """

    activated: bool
    going: bool
    activation: Activation
    contact: Contact
    fault: int
    requested: int
    position: int
    current_ma: int


def command(
    *,
    activate: bool,
    go: bool = False,
    position: int = OPEN,
    speed: int = 0,
    force: int = 0,
) -> list[int]:
    """Return the three registers of a request; position, speed and force are 0..255.

    Raises ValueError for a number outside.
    """
    for name, value in (("position", position), ("speed", speed), ("force", force)):
        if not 0 <= value <= 0xFF:
            raise ValueError(f"{name} {value} is not within 0..255")
    action = _ACT * activate | _GTO * go
    return COMMAND.encode(
        {"action": action << 8, "position": position, "speed_force": speed << 8 | force}
    )


def report(registers: Sequence[int]) -> Report:
    """Decode the three status registers.

    Raises ValueError when they cannot come from a 2F gripper: a reserved bit is
    set, or a state is shown that it does not have.
    """
    raw = STATUS.decode(registers)
    status = _status_byte(raw["status"])
    return Report(
        activated=bool(status & _ACT),
        going=bool(status & _GTO),
        activation=_activation(status),
        contact=Contact(status >> 6),
        fault=raw["fault_echo"] >> 8,
        requested=raw["fault_echo"] & 0xFF,
        position=raw["position_current"] >> 8,
        current_ma=10 * (raw["position_current"] & 0xFF),
    )


def activation(registers: Sequence[int]) -> Activation:
    """Decode the one register of `ACTIVATION`. Raises ValueError as `report` does."""
    return _activation(_status_byte(ACTIVATION.decode(registers)["status"]))


def encode(shown: Report) -> list[int]:
    """Return the status registers that show a report."""
    status = _ACT * shown.activated | _GTO * shown.going
    status |= shown.activation << 4 | shown.contact << 6
    return STATUS.encode(
        {
            "status": status << 8,
            "fault_echo": shown.fault << 8 | shown.requested,
            "position_current": shown.position << 8 | shown.current_ma // 10,
        }
    )


def _status_byte(word: int) -> int:
    status, reserved = word >> 8, word & 0xFF
    if reserved or status & _RESERVED:
        raise ValueError(f"status {word:#06x} has reserved bits set")
    return status


def _activation(status: int) -> Activation:
    found = status >> 4 & 3
    if found == 2 or (found and not status & _ACT):
        raise ValueError(f"status byte {status:#04x} shows no state of a 2F gripper")
    return Activation(found)
