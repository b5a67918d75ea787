"""A simulated lab that is served on wires, alone or with its daemon in the same process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from controller.daemon import Outside, Post, run_daemon
from controller.operating.leaving import Ending
from drivers.lines import LabLines
from hil_sim.scenario.calibrating import calibrate_station
from hil_sim.scenario.fault_console import FaultConsole, attend_terminal
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.truth import Truth
from hil_sim.wire import Wires
from runtime import Clock


async def serve_lab(
    post: Post,
    truths: Mapping[str, Truth],
    *,
    seed: int,
    real: Collection[str] = (),
    console: bool = False,
) -> None:
    """Serve the lab of a post until SIGTERM or SIGINT. Raises `drivers.lines.LineError`.

    Nothing is put at the URLs in ``real``: there are real devices. With a ``console``
    faults are put on the lab from the terminal.
    """
    async with served_lab(post, truths, seed=seed, real=real) as lab:
        if console:
            clock = Clock.starting(speed=post.speed)
            attend_terminal(FaultConsole(lab, clock, seed))
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()


async def run_mixed(
    post: Post,
    truths: Mapping[str, Truth],
    *,
    seed: int,
    real: Collection[str] = (),
    outside: Outside | None = None,
) -> Ending:
    """Serve the lab and run its daemon beside it; return how the daemon ended.

    Devices at ``memory://`` are virtual, all others are reached by their wires,
    whoever serves them. Raises what `serve_lab` and `controller.daemon.run_daemon` raise.
    """
    async with served_lab(post, truths, seed=seed, real=real) as lab:
        return await run_daemon(post, outside, LabLines(lab.bench))


@asynccontextmanager
async def served_lab(
    post: Post, truths: Mapping[str, Truth], *, seed: int, real: Collection[str] = ()
) -> AsyncIterator[SimulatedLab]:
    """Serve the lab of a post for as long as the block lasts. Raises `drivers.lines.LineError`."""
    post.folder.path.mkdir(parents=True, exist_ok=True)
    wires = Wires(absent=real)
    clock = Clock.starting(speed=post.speed)
    if post.config.devices.camera.url not in real:
        calibrate_station(post.config, post.folder, clock.utc())
    lab = build_lab(
        post.config,
        post.manifest,
        truths,
        seed=seed,
        clock=clock,
        world_file=post.folder.path / "world.jsonl",
        wires=wires,
    )
    await wires.open()
    print("the simulated lab is served", flush=True)
    try:
        yield lab
    finally:
        await wires.close()
        lab.world.close()
