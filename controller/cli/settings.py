"""Commands about the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import refuse
from controller.config import ConfigError, LabConfig, config_digest, load_config
from metrology import load_regulation

app = typer.Typer(no_args_is_help=True, help="The configuration of a cell: lab.toml.")


@app.callback()
def _group() -> None:
    """Keep `config` a group even while it has one command."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The file to check, for example lab.toml.")],
) -> None:
    """Read a lab.toml, report every mistake with its remedy, and tell what it means.

    Example: hardlab config check examples/lab.toml
    """
    try:
        config = load_config(file)
    except ConfigError as error:
        refuse(*error.problems)
    for line in _summary(config):
        print(line)


def _summary(config: LabConfig) -> list[str]:
    cell = config.cell
    regulation = load_regulation(cell.regulation)
    open_tables = len(regulation.unconfirmed_tables)
    standing = (
        f"{open_tables} of its tables are not confirmed: verdicts will be provisional"
        if open_tables
        else "confirmed"
    )
    lines = {device: url for (device, key), url in config.devices.lines() if key == "url"}
    return [
        "The configuration is good.",
        f"cell        {cell.name}: {cell.slots} slots, {cell.reject_places} reject places",
        f"regulation  {regulation.code} ({standing})",
        f"check block {config.holder.check.name}, seating block {config.holder.seating.name}",
        *(f"{name:<11} {url}" for name, url in lines.items()),
        f"fingerprint {config_digest(config)}",
    ]
