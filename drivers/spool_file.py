"""The spool: what a one-way tester published, kept by a recorder for the daemon.

A text file that only grows. One entry per line: UTC time of arrival, kind, the
raw bytes as hex, CRC-32 of what stands before it. An entry counts when it and
its line end are on the disk, so a torn last one was never promised to anybody.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What an entry tells: bytes of the tester, or that its line came or went."""

    LINE = "line"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``raw`` is empty unless it is a line."""

    received: datetime
    kind: Kind
    raw: bytes = b""

    def encode(self) -> bytes:
        """Return the line of the file, with its end."""
        body = f"{self.received.isoformat()} {self.kind} {self.raw.hex() or '-'}".encode("ascii")
        return b"%s %08x\n" % (body, zlib.crc32(body))


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line of the file that is no entry: what was torn by a crash and written over."""

    text: bytes


def decode(line: bytes) -> Entry | Damaged:
    """Read one line of the file, without its end."""
    body, _, crc = line.rpartition(b" ")
    if crc != b"%08x" % zlib.crc32(body):
        return Damaged(line)
    try:
        received, kind, raw = body.decode("ascii").split(" ")
        time = datetime.fromisoformat(received)
        return Entry(time, Kind(kind), b"" if raw == "-" else bytes.fromhex(raw))
    except ValueError:
        return Damaged(line)


class Spool:
    """The writer's side. One process at a time: a second one is refused with OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise OSError(f"{path}: another recorder writes this spool") from error
        _sync_folder(path.parent)
        self._clean = _ends_with_newline(path)

    def append(self, received: datetime, raw: bytes = b"", kind: Kind = Kind.LINE) -> None:
        """Write one entry; when this returns it survives a loss of power.

        Raises OSError (disk full, disk gone); the entry may then be called again.
        """
        data = Entry(received, kind, raw).encode()
        start, self._clean = b"" if self._clean else b"\n", False
        _write_all(self._file.fileno(), start + data)
        os.fsync(self._file.fileno())
        self._clean = True

    def beat(self, now: datetime) -> None:
        """Show that its writer lives, by the file's time; nothing is written. Raises OSError."""
        time_ns = int(now.timestamp() * 1e9)
        os.utime(self._file.fileno(), ns=(time_ns, time_ns))

    def close(self) -> None:
        """Close the file and let another writer in."""
        self._file.close()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file survive a loss of power as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
