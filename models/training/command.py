"""``hardlab train``: the options, and nothing heavy, so that ``--help`` is quick."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

_NEEDED = ("torch", "torchvision")
_TO_EXPORT = ("onnx",)


def command(
    out: Annotated[
        Path | None,
        typer.Option(help="Where to put crops, checkpoint and report.", show_default="out/train-N"),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same number gives the same crops.")] = 2,
    crops: Annotated[int, typer.Option(min=64, help="Rendered crops to learn from.")] = 24_000,
    tests: Annotated[int, typer.Option(min=60, help="Crops of each set to be tried on.")] = 1400,
    epochs: Annotated[int, typer.Option(min=1, help="How often each crop is shown.")] = 6,
    threads: Annotated[int, typer.Option(min=1, help="Threads to learn with.")] = 1,
    limit_crops: Annotated[
        int, typer.Option(min=6, help="Crops of each set for the Bayes limit.")
    ] = 60,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Start from the convolutions of these AlexNet weights (a PyTorch state dict).",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Write the model that the daemon loads.")
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option(help="With --export: the folder.", show_default="OUT/deployed"),
    ] = None,
) -> None:
    """Train the classifier of indentations on rendered crops, and report how good it is.

    An interrupted training goes on where it was when the same command is given again; a
    finished one is but tried and reported anew. The report compares with the Bayes limit
    and shows the worst cases. Without options, the weights become those that are shipped.

    For example:

    hardlab train

    hardlab train --export --into models/weights
    """
    needed = _NEEDED + _TO_EXPORT if export else _NEEDED
    lacking = [name for name in needed if find_spec(name) is None]
    if lacking:
        typer.echo(f"hardlab train needs {' and '.join(lacking)}: make train", err=True)
        raise typer.Exit(2)
    from rich.console import Console

    from models.training.run import Request, train

    folder = out or Path("out") / f"train-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    target = (into or folder / "deployed") if export else None
    console = Console()
    request = Request(folder, seed, crops, tests, epochs, threads, limit_crops, weights, target)
    try:
        page = train(request, console)
    except ValueError as trouble:
        typer.echo(f"hardlab train: {trouble}", err=True)
        raise typer.Exit(2) from trouble
    console.print(f"report {page}")
    if target:
        console.print(f"model  {target}")
