"""``hardlab soak``: a cell on real wires works tray after tray for a day, and is watched."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.service import Config


def command(
    out: Annotated[Path, typer.Option(help="An empty folder.")] = Path("out/soak"),
    config: Config = Path("examples/lab.toml"),
    hours: Annotated[float, typer.Option(min=0.1, help="Lab time.")] = 24.0,
    speed: Annotated[float, typer.Option(min=1, max=100, help="Lab time per real time.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Another number is another lab.")] = 1,
) -> None:
    """Run daemon, recorder and simulated devices as processes for a day, and look for leaks.

    A technician is simulated as well: he changes trays and empties the reject row.
    Memory, descriptors, threads and tasks are sampled; at the end the journal is
    compared with the truth. 24 h at --speed 20 take 72 minutes and the rest of a tray.

    Example: hardlab soak --hours 24 --speed 20 --out out/soak
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from controller.config import ConfigError, load_config
    from controller.journal import read_rows
    from drivers.lines import LineError
    from hil_sim.scenario.soak_report import keep, table, verdict
    from hil_sim.scenario.soak_run import Plan, Soak, SoakError

    if out.exists() and any(out.iterdir()):
        refuse(f"{out} is not empty: a soak begins anew; give another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    try:
        lab = load_config(config)
    except ConfigError as error:
        refuse(*error.problems)
    console = Console()
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=hours)
        soak = Soak(
            Plan(config, lab, out, hours, speed, seed),
            lambda hour, text: bar.update(task, completed=hour, description=text),
        )
        try:
            world = asyncio.run(soak.run()).world
        except (SoakError, LineError) as error:
            keep_what_is_there = soak.soaked.samples
            refuse(f"{error} ({len(keep_what_is_there)} samples were taken)", code=NOT_DONE)
    found = verdict(soak.soaked, list(read_rows(out / "journal.sqlite")), world)
    keep(out, found, soak.soaked.samples)
    console.print(table(found))
    console.print(
        f"{found.hours:.1f} h, {found.trays} trays, {found.indentations} indentations, "
        f"{found.events} events; questions {dict(found.questions)}, "
        f"communication errors {dict(found.communication_errors)}"
    )
    for line in found.wrong:
        console.print(f"wrong: {line}", style="bold red")
    console.print(f"samples and picture: {out}/soak.csv, soak.svg, soak.json")
    if found.wrong:
        raise typer.Exit(NOT_DONE)
