"""Lines that cannot work, found before anything is opened."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from controller.config import LabConfig


def line_problems(config: LabConfig) -> list[str]:
    """Return one line for each mistake, with its remedy.

    Two names of one port (a link beside the device it points to) would have both
    drivers talk at once; a line in memory has nobody at its other end in a daemon.
    """
    problems = []
    owners: dict[str, str] = {}
    for path, url in config.devices.lines():
        name = ".".join(path)
        if url.startswith("memory:"):
            problems.append(
                f"devices.{name}: {url} is a line within one process; give the device a real line "
                f"with --line {path[0] if path[1] == 'url' else path[1]}=tcp://host:port"
            )
            continue
        port = real_port(url)
        owner = owners.setdefault(port, name)
        if owner != name:
            problems.append(
                f"devices.{name}: {url} is the same port as devices.{owner}; give each its own"
            )
    return problems


def real_port(url: str) -> str:
    """Return what a line comes down to: links followed, the own machine by its number."""
    parts = urlsplit(url)
    if parts.scheme == "serial":
        return os.path.realpath(parts.path)
    host = (parts.hostname or "").lower()
    return f"{'127.0.0.1' if host == 'localhost' else host}:{parts.port}"
