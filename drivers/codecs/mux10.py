"""Frames of a Mitutoyo MUX-10 multiplexer for Digimatic gauges. Pure.

A reading is ``0CASRRRRRRRR`` and CR: channel C, sign S, eight characters of
digits and one point, ``01A-001.2340``. The frame names neither unit nor gauge and
has no checksum, so whatever differs in one place is rejected.

The frame is published; how a channel is asked for and the error frames are not.
`Dialect` has them from memory [MEM] and takes others: compare them with the
manual of the device before it counts. The comma format of other multiplexers is
not read, because the meaning of its last two fields is not published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

END = b"\r"
LONGEST = 12
WIDTH = 8
"""Characters of a value, its point included."""
CHANNELS = range(1, 10)

_READING = re.compile(rb"0([1-9])A([+-])([0-9.]{8})")
_NUMBER = re.compile(r"\d+\.\d+|\d+")


def _requests() -> Mapping[int, bytes]:
    return MappingProxyType({channel: b"%d\r" % channel for channel in CHANNELS})


def _errors() -> Mapping[bytes, str]:
    return MappingProxyType({b"911": "the gauge sends no data", b"912": "the gauge sends nonsense"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What to send to ask each channel, and what the error frames mean [MEM]."""

    requests: Mapping[int, bytes] = field(default_factory=_requests)
    errors: Mapping[bytes, str] = field(default_factory=_errors)


_COMMON = Dialect()


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one channel, with the digits as they were sent."""

    channel: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class GaugeError:
    """An error frame; which channel it belongs to is not known."""

    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that are no frame, and why."""

    raw: bytes
    reason: str


Frame = Reading | GaugeError | Rejected


def parse(raw: bytes, dialect: Dialect) -> Frame:
    """Read one frame without its CR."""
    if raw in dialect.errors:
        return GaugeError(raw.decode("ascii", "backslashreplace"), dialect.errors[raw])
    match = _READING.fullmatch(raw)
    if match is None:
        return Rejected(raw, "no reading and no known error frame")
    channel, sign, digits = (group.decode("ascii") for group in match.groups())
    if not _NUMBER.fullmatch(digits):
        return Rejected(raw, f"{digits!r} is not a number")
    return Reading(int(channel), Decimal(sign + digits))


def encode(reading: Reading) -> bytes:
    """Return the frame of a reading, CR included, filled up with zeros in front.

    Raises ValueError if the channel has two digits or the value does not fit.
    """
    digits = f"{abs(reading.value):f}".rjust(WIDTH, "0")
    sign = "-" if reading.value.is_signed() else "+"
    frame = f"0{reading.channel}A{sign}{digits}".encode("ascii")
    if parse(frame, _COMMON) != reading:
        raise ValueError(f"{reading} does not fit a frame")
    return frame + END
