"""``hardlab sim``: the simulated cell on real wires, alone or with its daemon in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.service import STOPPED, Config, Line, Manifest, RunFolder, Speed, post_of

if TYPE_CHECKING:
    from controller.config import LabConfig

T = TypeVar("T")


def command(
    config: Config,
    manifest: Manifest,
    out: RunFolder,
    speed: Speed = 1.0,
    seed: Annotated[int, typer.Option(help="Another number is another lab.")] = 1,
    line: Line = None,
    with_daemon: Annotated[
        bool,
        typer.Option("--with-daemon", help="Run the daemon too: memory:// devices are virtual."),
    ] = False,
    console: Annotated[
        bool,
        typer.Option("--console", help="Put faults on the lab from this terminal: write help."),
    ] = False,
    real: Annotated[
        list[str] | None,
        typer.Option("--real", help="A device that is real and left alone: camera"),
    ] = None,
) -> None:
    """Serve every simulated device of a cell on pseudo-terminals and TCP ports.

    What happens to the blocks is kept in OUT/world.jsonl: killed and started
    again, the lab comes back as a cell does after a power loss. Serial lines
    are made under the very names that lab.toml gives them. With the daemon it
    ends when the tray is finished, with the daemon's exit code.

    Example: hardlab sim --config lab.toml --manifest tray.csv --out lab --speed 20
    """
    from controller.operating.leaving import Ending
    from hil_sim.scenario.serving import run_mixed, serve_lab
    from hil_sim.scenario.truth import read_truth

    post = post_of(config, manifest, out, speed, line or [])
    away = _urls_of(post.config, real or [])
    truth = truth_beside(manifest)
    try:
        truths = read_truth(truth) if truth.exists() else {}
    except OSError as error:
        refuse(str(error))
    if not with_daemon:
        _lived(serve_lab(post, truths, seed=seed, real=away, console=console))
        return
    ending = _lived(run_mixed(post, truths, seed=seed, real=away))
    codes = {Ending.FINISHED: 0, Ending.SIGNALLED: 0, Ending.STOPPED: STOPPED}
    raise typer.Exit(codes.get(ending, NOT_DONE))


def truth_beside(manifest: Path) -> Path:
    """Return where the truth of a manifest's simulated blocks lies, if it was written down."""
    return manifest.with_name(f"{manifest.stem}.truth.csv")


def _urls_of(config: LabConfig, names: Sequence[str]) -> frozenset[str]:
    from controller.line_recording import line_names

    urls = {name: url for url, name in line_names(config).items()}
    for name in names:
        if name not in urls:
            refuse(f"--real {name}: this cell has {', '.join(urls)}; name one of them")
        if urls[name].startswith("memory:"):
            refuse(f"--real {name}: {urls[name]} is no real line; give it one with --line")
    return frozenset(urls[name] for name in names)


def _lived(life: Coroutine[Any, Any, T]) -> T:
    """Run to the end; end with a line for each thing that made it fail."""
    from controller.bus import BusError
    from controller.journal import JournalError

    failed: list[str] = []
    results: list[T] = []
    try:
        results.append(asyncio.run(life))
    except* (BusError, JournalError, OSError) as group:
        failed = [str(error) for error in group.exceptions]
    # Not inside: what is raised there would end in a group again.
    if failed:
        refuse(*failed)
    return results[0]
