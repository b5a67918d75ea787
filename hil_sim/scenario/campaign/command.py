"""``hardlab campaign``: the options, and nothing heavy, so that ``--help`` is quick."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="So many runs, one a seed.")] = 20,
    days: Annotated[
        float, typer.Option(min=0.001, max=365, help="Process time of each run, in days.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(help="The first seed; the others follow it.")] = 1,
    faults: Annotated[
        str,
        typer.Option(
            help="Profile: calm, crashes, everything, people, power, wire, a TOML file, "
            "or all for each in turn."
        ),
    ] = "everything",
    workers: Annotated[
        int, typer.Option(min=1, max=1024, help="Processes at a time.", show_default="all cores")
    ] = os.cpu_count() or 1,
    blocks: Annotated[int, typer.Option(min=1, max=33, help="Blocks a tray.")] = 33,
    out: Annotated[
        Path | None, typer.Option(help="Where the report goes.", show_default="out/campaign-SEED")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The cell: a lab.toml with virtual devices.", show_default="four, by seed"
        ),
    ] = None,
    mutant: Annotated[
        str, typer.Option(help="Plant this bug: the campaign must find it. See docs/campaigns.md.")
    ] = "",
    scheduler: Annotated[
        str, typer.Option(help="Run on a Dask cluster, as in tcp://host:8786.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON and nothing else.")
    ] = False,
) -> None:
    """Let simulated cells work for days while everything goes wrong, and watch every promise.

    No indentation is ever made twice or in a forbidden place, and no measurement is
    ever lost. Each run is decided by its seed alone; one that breaks a promise is
    told with the command that repeats it, its journal and a picture of its last minutes.
    The exit code is 0 if none did.

    For example:

    hardlab campaign

    hardlab campaign --runs 300 --faults all

    hardlab campaign --runs 4 --days 0.05 --mutant resend-on-timeout
    """
    # Loads the vision library, a second or so: not for --help.
    from hil_sim.scenario.campaign.session import Campaign, run_campaign

    campaign = Campaign(
        runs=runs,
        days=days,
        seed=seed,
        faults=faults,
        workers=workers,
        blocks=blocks,
        out=out or Path("out") / f"campaign-{seed}",
        config=str(config) if config is not None else "",
        mutant=mutant,
        scheduler=scheduler,
        as_json=as_json,
    )
    raise typer.Exit(run_campaign(campaign))
