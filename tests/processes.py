"""The processes of a cell on real wires, to be started, killed and started again."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.labs import EXAMPLES

START_S = 60.0
"""No promise: so long a test waits for a process of ours to start on a machine that is busy."""
HARDLAB = str(Path(sys.executable).parent / "hardlab")


def free_ports(count):
    """Return TCP ports that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Processes:
    """Simulator, daemon and recorder of one cell in one folder."""

    def __init__(self, folder, blocks, *, speed=20, policy=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        rows = (EXAMPLES / "tray-rockwell.csv").read_text(encoding="utf-8").splitlines()
        wanted = [row for row in rows[1:] if row.split(",")[1] in blocks]
        self.manifest = folder / "tray.csv"
        self.manifest.write_text("\n".join([rows[0], *wanted, ""]), encoding="utf-8")
        truth = (EXAMPLES / "tray-rockwell.truth.csv").read_text(encoding="utf-8")
        (folder / "tray.truth.csv").write_text(truth, encoding="utf-8")
        self.config = folder / "lab.toml"
        self.config.write_text(self._config(policy or {}), encoding="utf-8")
        ports = free_ports(4)
        urls = dict(zip(("station", "arm", "dashboard", "camera"), ports, strict=True))
        self.lines = [f"{name}=tcp://127.0.0.1:{port}" for name, port in urls.items()]
        self.lines += [f"stage=serial://{folder}/stage?baud=115200"]
        self.lines += [f"results=serial://{folder}/results?baud=9600"]
        self.run = folder / "run"
        self.speed = speed
        self.alive = {}

    def _config(self, policy):
        text = (EXAMPLES / "lab.toml").read_text(encoding="utf-8")
        text = text.replace('recorder = "inside"', 'recorder = "service"')
        spool = self.folder / "run" / "records.spool"
        text = re.sub(r"(?m)^spool = .*$", f'spool = "{spool}"', text)
        for kind, action in policy.items():
            text = re.sub(rf"(?m)^{kind} = .*$", f'{kind} = {{ action = "{action}" }}', text)
        return text

    def start(self, name):
        """Start one of the processes: sim, daemon, recorder."""
        command = [HARDLAB, name, "--config", self.config]
        command += [] if name == "recorder" else ["--manifest", self.manifest]
        command += ["--out", self.run]
        command += [] if name == "recorder" else ["--speed", str(self.speed)]
        for line in self.lines:
            command += ["--line", line]
        log = (self.folder / f"{name}.log").open("a", encoding="utf-8")
        process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log)
        log.close()
        self.alive[name] = process

    def kill(self, name):
        """Kill a process as `kill -9` does; return whether it was still alive."""
        process = self.alive[name]
        was_alive = process.poll() is None
        process.kill()
        process.wait()
        return was_alive

    def end(self, name, timeout=60):
        """End a process in good order; return its exit code."""
        process = self.alive[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout)

    def wait(self, name, timeout):
        """Wait for the end of a process; return its exit code."""
        return self.alive[name].wait(timeout)

    def told(self, name):
        """Return what a process has printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.alive.values():
            process.kill()
            process.wait()


def until(condition, timeout, every=0.1):
    """Wait in real time until a condition holds; a test over processes has no other clock."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every)
    return False
