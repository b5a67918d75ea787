"""A soak: a daemon and its recorder work tray after tray on real wires, and are watched."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from controller.assembly import Folder, spool_of
from controller.bus import BusClient, BusError
from controller.config import LabConfig
from controller.config.overrides import with_lines, with_recorder
from controller.daemon import Post
from controller.messages import SNAPSHOT, Reply
from drivers.interfaces import Station
from hil_sim.scenario.lab import SimulatedLab
from hil_sim.scenario.processes import free_lines, free_port, running
from hil_sim.scenario.serving import served_lab
from hil_sim.scenario.soak_samples import Sample, add_to, metrics, sample
from hil_sim.scenario.soak_trays import Deliveries, empty
from runtime import offload

LOOK_S = 1.0
START_S = 60.0
ANSWER_S = 5.0
SAMPLE_S = 10.0
IDLE = ("IDLE", "COMPLETE")


class SoakError(RuntimeError):
    """The soak cannot go on; the message says what was seen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: hours of lab time, how fast, where, and which lab."""

    config_file: Path
    config: LabConfig
    folder: Path
    hours: float
    speed: float
    seed: int


@dataclass(slots=True)
class Soaked:
    """What came of it. ``answered`` are the questions that the technician answered."""

    samples: list[Sample] = field(default_factory=list)
    trays: int = 0
    answered: int = 0
    told: Mapping[str, float] = field(default_factory=dict)
    exit_codes: dict[str, int | None] = field(default_factory=dict)


class Soak:
    """One soak, from the first tray to the last."""

    def __init__(self, plan: Plan, progress: Callable[[float, str], None]) -> None:
        self.plan = plan
        self.soaked = Soaked()
        self._progress = progress
        self._port = free_port()
        self._lines = free_lines(plan.config, plan.folder)
        self._began = 0.0

    async def run(self) -> SimulatedLab:
        """Work until the hours are over and the tray of that time is finished. Raises `SoakError`.

        Returns the simulated lab, closed, with the truth of what happened.
        """
        plan, loop = self.plan, asyncio.get_running_loop()
        lines = [f"{name}={url}" for name, url in self._lines.items()]
        config = with_recorder(with_lines(plan.config, lines), "service")
        post = Post(config, Folder(plan.folder), None, plan.speed, keep_pictures=False)
        async with served_lab(post, {}, seed=plan.seed) as lab:
            with running(self._recorder(), plan.folder) as recorder:
                # A daemon that starts first says so, and rightly: no alarm is to be excused.
                await self._appears(spool_of(config, post.folder))
                with running(self._daemon(), plan.folder) as daemon:
                    processes = {**recorder, **daemon}
                    self._began = loop.time()
                    watching = asyncio.create_task(self._watch(processes), name="soak-watch")
                    try:
                        await self._work(lab, processes["daemon"])
                    finally:
                        watching.cancel()
                        await self._end(processes)
        return lab

    def _common(self) -> list[str]:
        common = ["--config", str(self.plan.config_file), "--out", str(self.plan.folder)]
        for name, url in self._lines.items():
            common += ["--line", f"{name}={url}"]
        return common

    def _recorder(self) -> dict[str, list[str]]:
        return {"recorder": ["recorder", *self._common()]}

    def _daemon(self) -> dict[str, list[str]]:
        how = ["--speed", str(self.plan.speed), "--recorder", "service", "--no-images"]
        return {"daemon": ["daemon", *self._common(), *how, "--metrics", f"127.0.0.1:{self._port}"]}

    async def _appears(self, file: Path) -> None:
        for _ in range(int(START_S / LOOK_S)):
            if await offload(file.exists):
                return
            await asyncio.sleep(LOOK_S)
        raise SoakError(f"the recorder kept nothing within {START_S:g} s: see {self.plan.folder}")

    @property
    def hour(self) -> float:
        """Hours of lab time since the beginning."""
        return (asyncio.get_running_loop().time() - self._began) * self.plan.speed / 3600

    async def _work(self, lab: SimulatedLab, daemon: subprocess.Popen[bytes]) -> None:
        deliveries = Deliveries(self.plan.config, self.plan.folder, self.plan.seed)
        await self._until(lab, daemon, _idle)
        while self.hour < self.plan.hours:
            delivery = await offload(deliveries.next, self.soaked.trays + 1)
            await deliveries.bring(lab, delivery)
            text = delivery.file.read_text(encoding="utf-8")
            reply = await self._ask("tray", file=str(delivery.file), manifest=text)
            if reply is None or not reply.accepted:
                raise SoakError(f"{delivery.file.stem}: {reply.reason if reply else 'no answer'}")
            await self._until(lab, daemon, partial(_finished, tray=delivery.manifest.tray))
            empty(lab, Station.SLOT)
            self.soaked.trays += 1

    async def _until(
        self,
        lab: SimulatedLab,
        daemon: subprocess.Popen[bytes],
        reached: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        """Look on until something is reached, and do what a technician would."""
        silent = 0.0
        while True:
            if (code := daemon.poll()) is not None:
                raise SoakError(f"the daemon ended with {code}; its log is in {self.plan.folder}")
            reply = await self._ask(SNAPSHOT)
            seen = reply.body.get("state") if reply is not None else None
            silent = 0.0 if seen else silent + LOOK_S
            if silent > START_S:
                raise SoakError(f"the daemon has not answered for {START_S:g} s")
            if seen:
                done = f"{seen['tray']} {seen['mode']} {seen['done']}/{seen['total']}"
                self._progress(self.hour, done)
                if reached(seen):
                    return
                await self._answer(lab, seen)
            await asyncio.sleep(LOOK_S)

    async def _answer(self, lab: SimulatedLab, seen: Mapping[str, Any]) -> None:
        """Empty the reject row when asked; whatever else is asked takes its safe default."""
        for asked in seen["questions"]:
            if "emptied" not in asked["options"]:
                continue
            empty(lab, Station.REJECT)
            reply = await self._ask("decide", question=asked["question"], option="emptied")
            self.soaked.answered += bool(reply and reply.accepted)

    async def _ask(self, verb: str, **args: str) -> Reply | None:
        def ask() -> Reply | None:
            try:
                with BusClient(self.plan.folder) as client:
                    return client.request(verb, timeout=ANSWER_S, **args)
            except BusError:
                return None

        return await offload(ask)

    async def _watch(self, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
        pids = {"sim": os.getpid(), **{name: each.pid for name, each in processes.items()}}
        while True:
            await asyncio.sleep(SAMPLE_S)
            try:
                url = f"http://127.0.0.1:{self._port}/metrics"
                self.soaked.told = await offload(metrics, url, 5.0)
                tasks = int(self.soaked.told.get("hardlab_tasks{}", -1))
                taken = [
                    sample(self.hour, name, pid, tasks if name == "daemon" else -1)
                    for name, pid in pids.items()
                ]
            except OSError:
                # Not up yet, or just ended: `_until` finds out which.
                continue
            self.soaked.samples += taken
            await offload(add_to, self.plan.folder / "soak.csv", taken)

    async def _end(self, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
        for name in ("daemon", "recorder"):
            processes[name].terminate()
            code = await offload(processes[name].wait, START_S)
            self.soaked.exit_codes[name] = code


def _idle(seen: Mapping[str, Any]) -> bool:
    return seen["mode"] in IDLE


def _finished(seen: Mapping[str, Any], tray: str) -> bool:
    return bool(_idle(seen) and seen["finished"] and seen["tray"] == tray)
