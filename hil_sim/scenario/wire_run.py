"""``hardlab demo --wire``: simulator, recorder and daemon as processes, joined by real wires."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from controller.bus import BusClient, BusError
from controller.report.overview import overview_from
from hil_sim.scenario.demo_folder import DemoFolder
from hil_sim.scenario.demo_request import EXAMPLES, Job, Refused
from hil_sim.scenario.demo_run import End
from hil_sim.scenario.display import tell_display
from hil_sim.scenario.processes import free_lines, running

LOOK_S = 1.0
PROCESSES = ("sim", "recorder", "daemon")


def run_on_wires(job: Job, folder: DemoFolder, err: Console) -> End:
    """Start all processes, run the tray, stop them cleanly; return how it ended.

    What they print is kept beside the journal: sim.log, recorder.log, daemon.log.
    """
    lines = free_lines(job.config, folder.path)
    commands = {name: _command(job, folder.path, name, lines) for name in PROCESSES}
    with running(commands, folder.path) as processes:
        _look_on(job, folder.path, processes["daemon"], err)
        code = processes["daemon"].returncode
        ended_early = [n for n in ("sim", "recorder") if processes[n].poll() is not None]
    if ended_early or code not in (0, 1):
        said = ended_early or ["daemon"]
        raise Refused(*(_last_line(folder.path / f"{name}.log", name) for name in said))
    return "finished" if code == 0 else "stopped"


def _command(job: Job, folder: Path, name: str, lines: Mapping[str, str]) -> list[str]:
    request = job.request
    command = [name, "--out", str(folder)]
    command += ["--config", str(request.config or EXAMPLES / "lab.toml")]
    for device, url in lines.items():
        command += ["--line", f"{device}={url}"]
    if name != "recorder":
        command += ["--manifest", str(request.manifest or EXAMPLES / "tray-rockwell.csv")]
        command += ["--speed", str(request.speed)]
    if name == "sim":
        command += ["--seed", str(request.seed)]
    if name == "daemon":
        command += ["--recorder", "service"] + ([] if request.images else ["--no-images"])
    return command


def _look_on(job: Job, folder: Path, daemon: subprocess.Popen[bytes], err: Console) -> None:
    """Show how far the tray is until the daemon ends."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    quiet = job.request.as_json or not err.is_terminal
    with Progress(*columns, console=err, disable=quiet) as progress:
        task = progress.add_task("starting", total=len(job.manifest.blocks))
        while True:
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(LOOK_S)
                return
            seen = _seen(folder)
            if seen is not None:
                view = overview_from(seen)
                progress.update(task, completed=view.done, description=f"{view.mode} {view.at}")


def _seen(folder: Path) -> Mapping[str, Any] | None:
    try:
        with BusClient(folder) as client:
            state: Mapping[str, Any] = client.request("snapshot", timeout=0.5).body.get("state", {})
            tell_display(client, state.get("questions", ()), folder / "world.jsonl")
            return state or None
    except BusError:
        return None


def _last_line(log: Path, name: str) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["silent"]
    return f"the {name} ended: {lines[-1]}; all it said is in {log}"
