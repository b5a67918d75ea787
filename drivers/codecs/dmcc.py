"""Cognex DataMan control commands (DMCC) and their extended replies. Pure.

A command is ``||0:7>TRIGGER ON`` and CR LF: checksum kind 0 (none), a number
that the reply repeats, the command. The extended reply is ``||0:7[0]data``, the
number in brackets being the status. What the reader read comes later, unasked,
with status 1 and the data in base64 (RFC 2045). A reader just switched on
replies to nothing: `EXTENDED` makes it reply.

Not published: the header of an unasked reply (any is taken) and over which bytes
a checksum goes (none is used, and a reply that bears one is rejected). What the
reader sends when it could not read is set up in the reader: `Dialect`.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import IntEnum

END = b"\r\n"
LONGEST = 256
NUMBERS = range(1, 10_000)

TRIGGER = "TRIGGER ON"
EXTENDED = "SET COM.DMCC-RESPONSE 1"

_COMMAND = re.compile(rb"\|\|(?:(\d*)(?::(\d+))?)>(.*)")
_REPLY = re.compile(rb"\|\|(?:(\d*)(?::(\d*))?)\[(\d{1,3})\](.*)")


class Status(IntEnum):
    """What a reply's status says."""

    OK = 0
    READ = 1
    UNIDENTIFIED = 100
    BAD_COMMAND = 101
    BAD_PARAMETER = 102
    BAD_CHECKSUM = 103
    REJECTED = 104


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this reader is set up: the texts that mean "no read", and whether reads are base64."""

    no_read: frozenset[bytes] = frozenset({b"", b"NO-READ", b"NOREAD"})
    encoded: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``number`` is None when the sender gave none."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One extended reply; ``number`` is None when the header bears none."""

    status: int
    data: bytes
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not what it should be, and why."""

    raw: bytes
    reason: str


def encode_command(command: Command) -> bytes:
    """Return the bytes of a command, CR LF included. Raises ValueError if it breaks the line."""
    if not (command.text.isascii() and command.text.isprintable()):
        raise ValueError(f"not one line of ASCII: {command.text!r}")
    header = "||>" if command.number is None else f"||0:{command.number}>"
    return f"{header}{command.text}".encode("ascii") + END


def parse_command(line: bytes) -> Command | Rejected:
    """Read a command without its CR LF, as the reader does."""
    match = _COMMAND.fullmatch(line)
    if match is None:
        return Rejected(line, "no command header")
    checksum, number, text = match.groups()
    if checksum not in (b"", b"0"):
        return Rejected(line, "checksums are not used")
    return Command(text.decode("ascii", "replace").strip(), int(number) if number else None)


def encode_reply(reply: Reply) -> bytes:
    """Return the bytes of an extended reply, CR LF included."""
    header = b"||" if reply.number is None else b"||0:%d" % reply.number
    return b"%s[%d]%s" % (header, reply.status, reply.data) + END


def parse_reply(line: bytes) -> Reply | Rejected:
    """Read an extended reply without its CR LF."""
    match = _REPLY.fullmatch(line)
    if match is None:
        return Rejected(line, "no extended reply")
    checksum, number, status, data = match.groups()
    if checksum not in (b"", b"0"):
        return Rejected(line, "checksums are not used")
    return Reply(int(status), data, int(number) if number else None)


def decode_read(data: bytes, dialect: Dialect) -> str | Rejected | None:
    """Return the code in the data of a `Status.READ` reply, None when nothing was read."""
    text = data
    if dialect.encoded:
        try:
            text = base64.b64decode(data, validate=True)
        except binascii.Error:
            return Rejected(data, "not base64")
    if text in dialect.no_read:
        return None
    try:
        code = text.decode("utf-8")
    except UnicodeDecodeError:
        return Rejected(text, "the code is no text")
    return code if code.isprintable() else Rejected(text, "the code has control characters")


def encode_read(code: bytes, dialect: Dialect) -> bytes:
    """Return the data of a `Status.READ` reply for the bytes of a code."""
    return base64.b64encode(code) if dialect.encoded else code
