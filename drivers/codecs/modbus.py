"""Modbus PDUs of the three functions that we use: read, write, and the exception. Pure.

Source: MODBUS Application Protocol Specification V1.1b3, 6.3, 6.4, 6.12 and 7. Frames
(MBAP header, CRC) are pymodbus'.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

READ_HOLDING, READ_INPUT, WRITE = 3, 4, 16
MOST_READ, MOST_WRITTEN = 125, 123
"""Registers of one request."""

_EXCEPTION = 0x80
_HEAD = struct.Struct(">BHH")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An exception reply."""

    code: int


@lru_cache(maxsize=256)  # a cell asks the same few questions all day
def read_request(function: int, start: int, count: int) -> bytes:
    """Return the question for so many registers. Raises ValueError if nobody may ask for them."""
    if not (start >= 0 and 1 <= count <= MOST_READ and start + count <= 0x10000):
        raise ValueError(f"{count} registers from {start} cannot be read at once")
    return _HEAD.pack(function, start, count)


def write_request(start: int, registers: Sequence[int]) -> bytes:
    """Return the request to write registers. Raises ValueError if they cannot be written."""
    count = len(registers)
    if not (start >= 0 and 1 <= count <= MOST_WRITTEN and start + count <= 0x10000):
        raise ValueError(f"{count} registers from {start} cannot be written at once")
    try:
        return _written(count).pack(WRITE, start, count, 2 * count, *registers)
    except struct.error:
        raise ValueError(f"not all of {list(registers)} are within 0..65535") from None


def read_answer(pdu: bytes, function: int, count: int) -> list[int] | Refusal | None:
    """Return the registers of an answer; None if it answers another question."""
    if len(pdu) == 2 + 2 * count and pdu[0] == function and pdu[1] == 2 * count:
        return list(_read(count).unpack_from(pdu, 2))
    return _refusal(pdu, function)


def write_answer(pdu: bytes, start: int, count: int) -> Refusal | bool:
    """Return True if these registers were written, False if it answers another request."""
    if pdu == _HEAD.pack(WRITE, start, count):
        return True
    return _refusal(pdu, WRITE) or False


@lru_cache(maxsize=256)
def _read(count: int) -> struct.Struct:
    return struct.Struct(f">{count}H")


@lru_cache(maxsize=256)
def _written(count: int) -> struct.Struct:
    return struct.Struct(f">BHHB{count}H")


def _refusal(pdu: bytes, function: int) -> Refusal | None:
    if len(pdu) == 2 and pdu[0] == function | _EXCEPTION:
        return Refusal(pdu[1])
    return None
