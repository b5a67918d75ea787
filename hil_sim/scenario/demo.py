"""``hardlab demo``: the options, and nothing heavy, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WATCH_PACE = 60.0


def command(
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="The tray: a CSV file with one row per block. "
            "NAME.truth.csv beside it says what the simulated blocks really are.",
            show_default="examples/tray-rockwell.csv",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The cell: a lab.toml.", show_default="examples/lab.toml"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to put the run.", show_default="out/demo-SEED"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number is another day in the lab.")] = 1,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Run 60 times as fast as life, with a live view."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON and nothing else.")
    ] = False,
    no_images: Annotated[
        bool,
        typer.Option(
            "--no-images",
            help="Let the camera send the outline and the marks as text: no photographs, "
            "no pictures of plans; faster.",
        ),
    ] = False,
    runs: Annotated[
        int,
        typer.Option(min=1, max=10_000, help="Run so many seeds and report the distribution."),
    ] = 1,
    wire: Annotated[
        bool,
        typer.Option(
            "--wire",
            help="Run simulator, recorder and daemon as processes, joined by TCP and serial lines.",
        ),
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, max=200, help="With --wire: how fast process time runs.")
    ] = 20.0,
    certificates: Annotated[
        bool,
        typer.Option(
            "--certificates", help="End with the tray's documents, sealed as demo, and an index."
        ),
    ] = False,
    laboratory: Annotated[
        Path | None,
        typer.Option(
            help="With --certificates: the laboratory as documents name it.",
            show_default="examples/laboratory.toml",
        ),
    ] = None,
    pace: Annotated[float | None, typer.Option(hidden=True, min=0.001)] = None,
) -> None:
    """Verify a tray of hardness blocks in a simulated cell; nothing real moves.

    The program that would run a real cell takes 33 blocks from their tray,
    measures and photographs them, indents each five times, judges it by the
    regulation and puts it back, or into the reject row.

    An interrupted run goes on where it was when the same command is given
    again; a finished one is replaced.

    For example:

    hardlab demo

    hardlab demo --watch

    hardlab demo --seed 7 --out my-run --no-images

    hardlab demo --runs 20

    hardlab demo --certificates

    hardlab demo --wire --speed 50
    """
    # Loads the vision and database libraries, a second or so: not for --help.
    from hil_sim.scenario.demo_request import Request
    from hil_sim.scenario.demo_session import run_demo
    from hil_sim.scenario.distribution import run_many

    if certificates and runs > 1:
        raise typer.BadParameter(
            "many runs make figures, no documents", param_hint="--certificates"
        )
    request = Request(
        manifest=manifest,
        config=config,
        out=out,
        seed=seed,
        pace=pace if pace is not None else (WATCH_PACE if watch else None),
        watch=watch,
        as_json=as_json,
        images=not no_images,
        wire=wire,
        speed=speed,
        certificates=certificates,
        laboratory=laboratory,
    )
    code = run_demo(request) if runs == 1 else run_many(request, runs)
    raise typer.Exit(code)
