"""Writes a line log: bounded in size, one file after the other, never two writers in one.

Each process begins a new file, so a line torn by its death is the last one of a
file. Writing is one system call without ``fsync``: what was written survives the
death of the process, not always that of the machine. A log is a help and no
evidence; the journal and the spool are.
"""

from __future__ import annotations

import logging
import os
import weakref
from dataclasses import dataclass
from pathlib import Path

from drivers.linelog import Sign, Start, encode, encode_start, file_name, log_files
from runtime import Clock

log = logging.getLogger(__name__)

MOST_FILES = 1000
"""Of one line. A process that restarts every few seconds makes many short ones."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Limits:
    """When a new file begins, and how many full ones are kept for each line."""

    rotate_bytes: int = 16 << 20
    keep: int = 8

    @property
    def most_bytes(self) -> int:
        """What one line may take on the disk, up to the last record."""
        return self.rotate_bytes * self.keep


class LineLog:
    """The log of one line. Nothing here raises: trouble is told once, and the line goes on.

    The file is closed with this object at the latest: a line has no moment after
    which nobody could speak on it.
    """

    def __init__(
        self, folder: Path, name: str, url: str, clock: Clock, limits: Limits | None = None
    ) -> None:
        self.missed = 0
        """Records that could not be written."""
        self._folder = folder
        self._name = name
        self._url = url
        self._clock = clock
        self._limits = limits or Limits()
        self._file: int | None = None
        self._closer: weakref.finalize[[int], LineLog] | None = None
        self._size = 0
        self._connections = 0
        self._begun = False
        self._broken = False

    def connection(self) -> int:
        """Return the number of a new connection; a log that broke is tried again."""
        self._connections += 1
        self._broken = False
        return self._connections

    def write(self, connection: int, sign: Sign, data: bytes = b"") -> None:
        """Write one record, now."""
        if self._broken:
            self.missed += 1
            return
        line = encode(round(self._clock.link() * 1e6), connection, sign, data)
        try:
            self._put(line)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file."""
        if self._closer is not None:
            self._closer()
        self._file = self._closer = None

    def _put(self, line: bytes) -> None:
        if self._file is None or self._size + len(line) > self._limits.rotate_bytes:
            self._next_file()
        assert self._file is not None
        self._size += len(line)
        if os.write(self._file, line) != len(line):
            raise OSError("written only in part; is the disk full?")

    def _next_file(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._prune()
        self._file = self._create()
        self._closer = weakref.finalize(self, os.close, self._file)
        start = Start(self._name, self._url, self._clock.origin, self._begun)
        self._size = os.write(self._file, encode_start(start))
        self._begun = True

    def _create(self) -> int:
        while True:
            files = log_files(self._folder).get(self._name, [])
            number = int(files[-1].name.split(".")[-2]) + 1 if files else 1
            try:
                # Exclusive: another process may record the same line, into its own files.
                return os.open(self._folder / file_name(self._name, number), _NEW, 0o644)
            except FileExistsError:
                continue

    def _prune(self) -> None:
        """Delete the oldest files, so that one more full file fits."""
        files = log_files(self._folder).get(self._name, [])
        sizes = [path.stat().st_size for path in files]
        room = self._limits.most_bytes - self._limits.rotate_bytes
        while files and (sum(sizes) > room or len(files) >= MOST_FILES):
            files.pop(0).unlink(missing_ok=True)
            sizes.pop(0)

    def _give_up(self, error: OSError) -> None:
        log.error("%s: not recorded until the line is opened again: %s", self._url, error)
        self._broken = True
        self.missed += 1
        self.close()
