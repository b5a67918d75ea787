"""Result records of the Newage Versitron BT130R: one-way lines of text. Pure.

The manual (p. 65) prints the template ``######:bbbHHHHHSSSSSbTT`` - sequence
number, hardness, scale, tolerance - which has 23 characters, and says that there
are 22. Both are taken: the sequence number may have 5 or 6 digits, a blank may be
missing before the hardness or before the tolerance. There is no checksum, so a
line must fit in exactly one way and everything else is rejected. The scale
names are ours: the manual does not list them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

END = b"\r\n"
LENGTHS = (22, 23)

SCALE_TEXT = MappingProxyType(
    {
        **{s: s for s in ("HRA", "HRBW", "HRC", "HRD", "HREW", "HRFW", "HRGW", "HRHW", "HRKW")},
        **{s: s for s in ("HR15N", "HR30N", "HR45N")},
        # Five columns: the W of a superficial ball scale does not fit.
        **{f"{s}W": s for s in ("HR15T", "HR30T", "HR45T")},
    }
)
"""What stands in the scale columns for each symbol."""
_SYMBOL_OF = {text: symbol for symbol, text in SCALE_TEXT.items()}

_HARDNESS = re.compile(r" *\d{1,4}(\.\d{1,3})?")
_LAYOUTS = tuple(
    re.compile(rf"(\d{{{digits}}}):{lead}(.{{5}})(.{{5}}){gap}(Hi|Lo|Ok|HI|LO|OK|  )")
    for digits in (5, 6)
    for lead in ("   ", "  ")
    for gap in (" ", "")
)


@dataclass(frozen=True, slots=True)
class VersitronRecord:
    """One result: hardness exactly as printed, ``tolerance`` Hi, Lo, Ok or empty."""

    number: int
    scale: str
    hardness: Decimal
    tolerance: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not a record, and why."""

    raw: bytes
    reason: str


def parse(raw: bytes) -> VersitronRecord | Rejected:
    """Read one line, with or without its CR LF."""
    body = raw.removesuffix(b"\n").removesuffix(b"\r")
    if not body.isascii():
        return Rejected(raw, "not ASCII")
    text = body.decode("ascii")
    if len(text) not in LENGTHS:
        return Rejected(raw, f"{len(text)} characters instead of 22 or 23")
    fits = [match for layout in _LAYOUTS if (match := layout.fullmatch(text))]
    read = {record for match in fits if isinstance(record := _fields(match), VersitronRecord)}
    if len(read) == 1:
        return read.pop()
    if read:
        return Rejected(raw, "can be read in more than one way")
    reasons = [reason for match in fits if isinstance(reason := _fields(match), str)]
    return Rejected(raw, reasons[0] if reasons else "no sequence number, blanks or tolerance")


def _fields(match: re.Match[str]) -> VersitronRecord | str:
    number, hardness, scale, tolerance = match.groups()
    if not _HARDNESS.fullmatch(hardness):
        return f"hardness {hardness!r} is not a number"
    symbol = _SYMBOL_OF.get(scale.rstrip())
    if symbol is None:
        return f"scale {scale!r} is not known"
    return VersitronRecord(
        int(number), symbol, Decimal(hardness.strip()), tolerance.strip().capitalize()
    )


def encode(record: VersitronRecord, *, digits: int = 6) -> bytes:
    """Return the line that the tester prints, CR LF included.

    Raises ValueError if a field does not fit its columns.
    """
    hardness, scale = f"{record.hardness:>5}", SCALE_TEXT.get(record.scale, "")
    number, tolerance = f"{record.number:0{digits}d}", f"{record.tolerance:2}"
    line = f"{number}:   {hardness}{scale:5} {tolerance}".encode("ascii")
    if len(number) != digits or parse(line) != record:
        raise ValueError(f"{record} does not fit the columns of a record")
    return line + END


def successors(number: int) -> frozenset[int]:
    """Return which numbers may follow: one more, or the start after five or six nines.

    The manual does not say whether the count starts again from 0 or from 1.
    """
    more = frozenset({number + 1}) if number < 999_999 else frozenset()
    return more | {0, 1} if number in (99_999, 999_999) else more
