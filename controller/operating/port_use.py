"""Tell who has a serial port, by the system's own tables: the port itself is not opened."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from controller.operating.findings import Finding, fail, ok

PROCESSES = Path("/proc")


def port_in_use(name: str, url: str, port: str) -> Finding | None:
    """Return what there is to say of a port that is missing or open somewhere, None if it is free.

    Processes of other users cannot be seen; their ports look free.
    """
    if not os.path.exists(port):
        remedy = (
            "is the cable in, and the port's name in lab.toml right? look into /dev/serial/by-id"
        )
        return fail(name, f"{url}: no such port", remedy)
    if not os.access(port, os.R_OK | os.W_OK):
        return fail(name, f"{url}: not ours to read", "let the user into the group dialout")
    holders = [pid for pid in _processes() if pid != os.getpid() and _has_open(pid, port)]
    if not holders:
        return None
    return ok(name, f"{url}: in use by process {', '.join(map(str, holders))}, not touched")


def _processes() -> list[int]:
    return sorted(int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit())


def _has_open(pid: int, port: str) -> bool:
    with suppress(OSError):
        for descriptor in (PROCESSES / str(pid) / "fd").iterdir():
            with suppress(OSError):
                if os.readlink(descriptor) == port:
                    return True
    return False
