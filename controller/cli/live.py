"""Commands for a cell at work: they speak to its daemon over the bus."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import DEFAULT_OUT, AsJson, Out

PANEL = "While a cell works"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (status, tray, pause, resume, stop, decide):
        app.command(rich_help_panel=PANEL)(command)
    # Coordinates may be negative, and are no options.
    app.command(rich_help_panel=PANEL, context_settings={"ignore_unknown_options": True})(answer)


def status(out: Out = DEFAULT_OUT, as_json: AsJson = False) -> None:
    """Show the cell as it stands: what every device does, the tray, questions, alarms.

    Example: hardlab status --out out/demo-1
    """
    from controller.report.overview import overview_from
    from controller.report.panel import overview_panel
    from controller.report.table import console

    seen = _asked(out, "snapshot").get("state", {})
    if as_json:
        print(json.dumps(seen, ensure_ascii=False, indent=2, sort_keys=True))
        return
    console().print(overview_panel(overview_from(seen), out=str(out)))


def tray(
    manifest: Annotated[Path, typer.Argument(help="A CSV file with one row per block.")],
    out: Out = DEFAULT_OUT,
) -> None:
    """Present the next tray to a cell that stays: a hardlab daemon without a manifest.

    The tray stands in the cell when this is said. It is refused, with every reason,
    while another is not finished or if the manifest cannot be right.

    Example: hardlab tray T-0417.csv --out run
    """
    from controller.manifest import ManifestError, manifest_text

    try:
        text = manifest_text(manifest)
    except ManifestError as error:
        refuse(*error.problems)
    body = _asked(out, "tray", file=str(manifest), manifest=text)
    print(f"Tray {body['tray']} is accepted: {body['blocks']} blocks.")


def pause(out: Out = DEFAULT_OUT) -> None:
    """Let the cell finish the motion it is in, and then wait. Nothing is lost.

    Go on with: hardlab resume
    """
    _ordered(out, "pause", "The cell finishes what is in motion, then waits (HELD).")


def resume(out: Out = DEFAULT_OUT) -> None:
    """Let a cell that waits go on. Open questions must be answered first (hardlab decide)."""
    _ordered(out, "resume", "The cell goes on.")


def stop(out: Out = DEFAULT_OUT) -> None:
    """End the run in good order: 停止(软件). This is not the emergency stop.

    Whoever stands in danger presses the red button. A stopped run goes on where it
    was when the command that started it is given again.
    """
    _ordered(out, "stop", "The cell finishes what is in motion, then ends.")


def decide(
    question: Annotated[str, typer.Argument(help="The question, for example q-0001.")],
    answer: Annotated[str, typer.Argument(help="One of the answers that hardlab status shows.")],
    out: Out = DEFAULT_OUT,
) -> None:
    """Answer a question that the cell asks a person. The answer goes into the journal.

    Example: hardlab decide q-0001 reject
    """
    _ordered(out, "decide", f"{question} is answered: {answer}.", question=question, option=answer)


def answer(
    question: Annotated[str, typer.Argument(help="The question, for example q-0007.")],
    words: Annotated[list[str], typer.Argument(help="What you chose, or measured and type.")],
    out: Out = DEFAULT_OUT,
) -> None:
    """Tell what you did or measured in the place of a device: driver = "manual" in lab.toml.

    hardlab status shows what is asked and what may be typed. An answer that does not fit
    is asked for again, with the reason; nothing is done with it.

    Example: hardlab answer q-0007 10.02 60.01 60.00
    """
    said = " ".join(words)
    _ordered(out, "decide", f"{question} is answered: {said}.", question=question, option=said)


def _ordered(out: Path, verb: str, done: str, **args: str) -> None:
    _asked(out, verb, **args)
    print(done)


def _asked(out: Path, verb: str, **args: str) -> Mapping[str, Any]:
    """Return what the daemon answers; end with a line if it refuses or there is none."""
    # Loads ZeroMQ: only these commands need it.
    from controller.bus import BusClient, BusError, NoDaemonError
    from controller.messages import Command
    from runtime import unique_id

    try:
        with BusClient(out) as client:
            reply = client.send(Command(unique_id(), verb, args, _person()))
    except NoDaemonError:
        refuse(
            f"no cell at work answers in {out}; start one with: hardlab demo --watch --out {out} "
            "(a run without --watch takes no orders), or give the folder of another with --out"
        )
    except BusError as error:
        refuse(str(error))
    if not reply.accepted:
        refuse(*reply.reason.splitlines(), code=NOT_DONE)
    return reply.body


def _person() -> str:
    """Return who gives the order, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"
