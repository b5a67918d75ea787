"""The processes of a cell on this machine: started together, ended together."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from controller.config import LabConfig
from controller.line_recording import line_names

STOP_S = 30.0
BAUD = {"stage": 115200, "results": 9600, "gauge": 9600, "climate": 9600}
"""The serial devices of a cell, and how fast they talk."""


@contextmanager
def running(
    commands: Mapping[str, Sequence[str]], folder: Path
) -> Iterator[Mapping[str, subprocess.Popen[bytes]]]:
    """Run ``hardlab`` once per name; at the end all are told to end, the last one first.

    What each prints is kept in the folder: NAME.log.
    """
    hardlab = shutil.which("hardlab", path=str(Path(sys.executable).parent)) or "hardlab"
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in commands.items():
            with (folder / f"{name}.log").open("ab") as log:
                command = [hardlab, *arguments]
                processes[name] = subprocess.Popen(command, stdout=log, stderr=log)
        yield processes
    finally:
        for process in reversed(processes.values()):
            process.terminate()
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()


def free_lines(config: LabConfig, folder: Path) -> dict[str, str]:
    """Return a free TCP port for each network device and a terminal for each serial one."""
    names = set(line_names(config).values())
    serial = names & BAUD.keys()
    urls = {name: f"tcp://127.0.0.1:{port}" for name, port in _ports(names - serial).items()}
    here = folder.absolute()
    return urls | {name: f"serial://{here}/{name}?baud={BAUD[name]}" for name in sorted(serial)}


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    return _ports({"any"})["any"]


def _ports(names: set[str]) -> dict[str, int]:
    # All are held until the last is found, or the same would be found twice.
    sockets = {name: socket.socket() for name in sorted(names)}
    try:
        for each in sockets.values():
            each.bind(("127.0.0.1", 0))
        return {name: int(each.getsockname()[1]) for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()
