r"""The line log: every byte that passed on a line, as text that only grows.

A file begins with a header, then one line per thing that happened:

    # hardlab-lines 1 {"continued": false, "name": "stage", "url": "...", "utc": "..."}
    12.500000 1 + 0 ""
    12.500000 1 > 1 "?"
    12.500312 1 < 4 "ok\r\n"
    12.610000 1 > 12 00010000000601030064001c

that is: link time in s, number of the connection, sign, how many bytes, the bytes.
They are a JSON string where all are printable, else hex, else (many) ``z`` and
base64 of zlib. The length tells a torn line from a short one. ``utc`` is the time at
link time zero.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

MAGIC = b"# hardlab-lines 1 "
MOST_HEX = 512
"""More bytes than this are compressed: pictures would fill the log otherwise."""
MOST_BYTES = 1 << 27
"""No record holds more: a damaged length must not ask for all memory."""

_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"


class Sign(StrEnum):
    """What happened."""

    OPENED = "+"
    REFUSED = "!"
    """Could not be opened; the bytes say why, none: whoever wanted it gave up waiting."""
    SENT = ">"
    HEARD = "<"
    CLOSED = "x"
    """By the driver."""
    LOST = "-"
    """By the device or the wire; the bytes say why, if the system did."""


@dataclass(frozen=True, slots=True)
class Start:
    """A writer began here; ``continued`` if only the file is new.

    ``utc`` is the date and time at link time zero.
    """

    name: str
    url: str
    utc: datetime
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened, at a link time in microseconds."""

    at_us: int
    connection: int
    sign: Sign
    data: bytes = b""

    @property
    def at_s(self) -> float:
        """Link time, s."""
        return self.at_us / 1e6


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line that is neither: torn by a crash, or of another program."""

    text: bytes


Entry: TypeAlias = Start | Record | Damaged


def encode_start(start: Start) -> bytes:
    """Return the header line, with its end."""
    fields = {
        "name": start.name,
        "url": start.url,
        "utc": start.utc.isoformat(),
        "continued": start.continued,
    }
    return MAGIC + json.dumps(fields, sort_keys=True).encode("ascii") + b"\n"


def encode(at_us: int, connection: int, sign: str, data: bytes) -> bytes:
    """Return the line of one record, with its end."""
    seconds, micros = divmod(at_us, 1_000_000)
    head = b"%d.%06d %d %s %d " % (seconds, micros, connection, sign.encode("ascii"), len(data))
    return head + _payload(data) + b"\n"


def _payload(data: bytes) -> bytes:
    if not data.translate(None, _PRINTABLE):
        return json.dumps(data.decode("ascii")).encode("ascii")
    if len(data) > MOST_HEX:
        return b"z" + base64.b64encode(zlib.compress(data, 1))
    return data.hex().encode("ascii")


_SIGNS = "".join(map(re.escape, Sign))
_LINE = re.compile(
    rf"(\d{{1,12}})\.(\d{{6}}) (\d{{1,9}}) ([{_SIGNS}]) (\d{{1,9}}) (.*)".encode("ascii"), re.DOTALL
)


def decode(line: bytes) -> Entry:
    """Read one line without its end. Never raises: what does not fit is `Damaged`."""
    if line.startswith(MAGIC):
        return _start(line) or Damaged(line)
    match = _LINE.fullmatch(line)
    if match is None:
        return Damaged(line)
    seconds, micros, connection, sign, length, payload = match.groups()
    data = _bytes(payload, int(length))
    if data is None or len(data) != int(length):
        return Damaged(line)
    at_us = int(seconds) * 1_000_000 + int(micros)
    return Record(at_us, int(connection), Sign(sign.decode("ascii")), data)


def _bytes(payload: bytes, length: int) -> bytes | None:
    try:
        if payload.startswith(b'"'):
            text = json.loads(payload)
            return text.encode("ascii") if isinstance(text, str) else None
        if payload.startswith(b"z"):
            unpacking = zlib.decompressobj()
            packed = base64.b64decode(payload[1:], validate=True)
            data = unpacking.decompress(packed, min(length, MOST_BYTES) + 1)
            return data if unpacking.eof else None
        return bytes.fromhex(payload.decode("ascii")) if payload else None
    except (ValueError, RecursionError, zlib.error):
        return None


def _start(line: bytes) -> Start | None:
    try:
        fields = json.loads(line[len(MAGIC) :])
        name, url, continued = fields["name"], fields["url"], fields["continued"]
        utc = datetime.fromisoformat(fields["utc"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not (isinstance(name, str) and isinstance(url, str) and isinstance(continued, bool)):
        return None
    return Start(name, url, utc, continued) if utc.tzinfo is not None else None


# -- files ----------------------------------------------------------------------

SUFFIX = ".lines"
_FILE = re.compile(r"(.+)\.(\d{6,})\.lines")


def file_name(name: str, number: int) -> str:
    """Return how the so-manieth file of a line is called."""
    return f"{name}.{number:06d}{SUFFIX}"


def log_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each line in a folder, in the order they were written."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _FILE.fullmatch(path.name):
            found.setdefault(match[1], []).append((int(match[2]), path))
    return {name: [path for _, path in sorted(files)] for name, files in sorted(found.items())}


def read_log(*files: Path) -> Iterator[Entry]:
    """Yield what the files hold, in order. Raises OSError if one cannot be read.

    A last line without its end was torn by a crash and is `Damaged`.
    """
    for path in files:
        with path.open("rb") as file:
            for line in file:
                yield decode(line[:-1]) if line.endswith(b"\n") else Damaged(line)
