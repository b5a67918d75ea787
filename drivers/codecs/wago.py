"""Register map of the WAGO 750 fieldbus couplers over Modbus/TCP. Pure.

Process image from 0 (inputs on reading, outputs on writing), outputs read back
from 0x0200, watchdog from 0x1000, sizes from 0x1022, nameplate from 0x2010.
Source: the 750-341/-342 manuals. From memory [MEM]: the watchdog counts in
100 ms, and its registers still answer after it fired.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from drivers.codecs.registers import Field, Table

SERIES = 750
OUTPUTS_START = 0x0000
READ_BACK_START = 0x0200
DEVICE_FAILURE = 4
"""Exception code of every answer after the watchdog fired."""

NAMEPLATE = Table((Field("firmware", 0x2010), Field("series", 0x2011), Field("item", 0x2012)))
SIZES = Table(
    (
        Field("analog_outputs", 0x1022),
        Field("analog_inputs", 0x1023),
        Field("digital_outputs", 0x1024),
        Field("digital_inputs", 0x1025),
    )
)
"""Sizes of the process image in bits; analogue words stand before the digital ones."""

TIME = Table((Field("time", 0x1000),))
MASK = Table((Field("mask", 0x1001),))
TRIGGER = Table((Field("trigger", 0x1003),))
RUNNING = Table((Field("running", 0x1006),))
STOP = Table((Field("stop", 0x1008),))
STOP_WORD = 0x55AA
TICK_MS = 100


class Watchdog(IntEnum):
    """State of the watchdog, register 0x1006."""

    STOPPED = 0
    RUNNING = 1
    FIRED = 2


def ticks(milliseconds: int) -> int:
    """Return the time register for a watchdog time.

    Raises ValueError unless it is a multiple of 100 ms that fits into 16 bits.
    """
    count, rest = divmod(milliseconds, TICK_MS)
    if rest or not 1 <= count <= 0xFFFF:
        raise ValueError(f"a watchdog of {milliseconds} ms is no multiple of {TICK_MS} ms")
    return count


def words(start: int, bits: int) -> Table:
    """Return the table of registers from ``start`` that hold so many digital channels.

    Raises ValueError for none.
    """
    if bits < 1:
        raise ValueError("no channels, no registers")
    return Table(tuple(Field(f"w{i}", start + i) for i in range(-(-bits // 16))))


def pack(channels: Iterable[bool]) -> list[int]:
    """Return registers for digital channels; channel 0 is bit 0 of the first."""
    registers: list[int] = []
    for i, on in enumerate(channels):
        if i % 16 == 0:
            registers.append(0)
        registers[-1] |= on << (i % 16)
    return registers


def unpack(registers: Sequence[int], count: int) -> tuple[bool, ...]:
    """Return the first ``count`` digital channels of registers."""
    return tuple(bool(registers[i // 16] >> (i % 16) & 1) for i in range(count))
