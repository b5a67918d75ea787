"""Modbus/TCP areas of the safety controller Pilz PNOZmulti 2, base unit PNOZ m B0. Pure.

Addresses and the control register: communication manual 1002971. Virtual inputs
can be written (4x), everything can be read as input registers (3x). What a
virtual bit means is fixed by the safety program, so the two enumerations below
are ours and the program must be written to them.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.codecs.registers import Field, Table

PRODUCT = 772_100
"""Order number of the base unit PNOZ m B0, as the unit shows it."""

REQUESTS = Table((Field("bits", 0),))
"""Virtual inputs i0..i15: the daemon's. The other 112 are left to others."""

CONTROL = Table((Field("control", 255),))

STATES = Table((Field("bits", 512),))
"""Virtual outputs o0..o15: what the safety program shows."""

IDENTITY = Table((Field("product", 8192, "u32"), Field("serial", 8194, "u32"), Field("type", 8196)))


class Request(IntEnum):
    """Bits of `REQUESTS`. All fall to 0 when the watchdog fires, so 0 is the stopping side."""

    ALIVE = 0
    RUN_PERMITTED = 1


class State(IntEnum):
    """Bits of `STATES`; ``RESET_REQUIRED`` is the only one that is bad when set."""

    E_STOP_OK = 0
    DOOR_OK = 1
    RESET_REQUIRED = 2
    CHAIN_CLOSED = 3
    STOP_REQUESTED = 4


WATCHDOG_MS = dict(enumerate((100, 200, 500, 1000, 3000, 5000, 10_000), start=1))
"""The times that the control register can select, by code."""

_TRIGGER = 0x8000
_KEEP_ENTRY = 0x4000


def control(watchdog_ms: int) -> int:
    """Return the control register that arms the watchdog with a time in ms.

    The trigger bit goes with it, and the firing is kept in the unit's error stack.
    Raises ValueError for a time that the unit does not have.
    """
    for code, ms in WATCHDOG_MS.items():
        if ms == watchdog_ms:
            return _TRIGGER | _KEEP_ENTRY | code << 8
    raise ValueError(f"no watchdog of {watchdog_ms} ms; choose of {sorted(WATCHDOG_MS.values())}")


def armed_ms(word: int) -> int:
    """Return the watchdog time in ms that a control register selects, 0 for none.

    The trigger bit reads as anything and is not looked at.
    """
    return WATCHDOG_MS.get(word >> 8 & 7, 0)


def bit(word: int, number: int) -> bool:
    """Return one bit of a register; virtual bit n is bit n of its register."""
    return bool(word >> number & 1)
