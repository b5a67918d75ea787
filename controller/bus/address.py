"""Where the sockets of a run lie."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

MAX_PATH_BYTES = 107
"""Longest path of a Unix socket: 108 bytes of sockaddr_un less the closing zero (unix(7))."""


class BusError(RuntimeError):
    """The bus cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """The two sockets of one daemon and the lock that says it lives."""

    commands: Path
    updates: Path
    lock: Path

    def endpoints(self) -> tuple[str, str]:
        """Return the ZeroMQ endpoints of commands and updates."""
        return f"ipc://{self.commands}", f"ipc://{self.updates}"


def address_in(folder: Path | str, temporary: Path | None = None) -> Address:
    """Return the address of the daemon whose run lies in a folder.

    A folder with a path too long for a socket gets a short private one under
    the temporary folder, the same for daemon and clients. Raises `BusError`
    when even that is too long.
    """
    home = Path(folder).resolve()
    for place in (home, _short(home, temporary or Path(tempfile.gettempdir()))):
        address = Address(place / "commands.ipc", place / "updates.ipc", home / "bus.lock")
        longest = max(len(os.fsencode(p)) for p in (address.commands, address.updates))
        if longest <= MAX_PATH_BYTES:
            return address
    raise BusError(
        f"{address.commands} has {longest} bytes, a socket may have {MAX_PATH_BYTES}; "
        "set TMPDIR to a shorter folder, for the daemon and its clients"
    )


def prepare(address: Address) -> None:
    """Make the folders. Raises `BusError` if somebody else could put sockets there."""
    folder = address.commands.parent
    try:
        address.lock.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        seen = folder.lstat()
    except OSError as error:
        raise BusError(f"{folder}: {error.strerror}; choose another folder") from None
    if folder != address.lock.parent and not _private(seen):
        raise BusError(f"{folder} is not a folder of ours alone; remove it")


def _private(seen: os.stat_result) -> bool:
    ours = seen.st_uid == os.geteuid() and stat.S_ISDIR(seen.st_mode)
    return ours and not seen.st_mode & 0o077


def _short(home: Path, temporary: Path) -> Path:
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return temporary / f"hardlab-{os.geteuid()}-{name}"
