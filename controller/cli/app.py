"""The command `hardlab`, put together from its parts and from what other packages add."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points

import typer

from controller.cli import (
    audit,
    backup,
    camera,
    certificate,
    delivery,
    journal,
    library,
    lines,
    live,
    nightly,
    review,
    service,
    settings,
)

GROUP = "hardlab.commands"
"""Entry points under this name add commands: name = "module:function"."""

HELP = """
Verify hardness reference blocks (标准硬度块) with nobody in the room.

Start with [bold]hardlab demo[/bold]: a simulated cell verifies the example tray in a few
seconds and shows what it found. Nothing is connected, nothing can break.

While a cell works, a second terminal can look and give orders:
hardlab status, pause, resume, stop, decide.

Afterwards the journal tells everything that happened (hardlab journal
show), and the information library answers questions (hardlab records).

In the office, persons sign (hardlab review), LIMS are told (hardlab
delivery), and everything is kept and proved (hardlab audit, backup).
"""


def build() -> typer.Typer:
    """Return the application with every command."""
    app = typer.Typer(
        name="hardlab",
        help=HELP,
        rich_markup_mode="rich",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        app.command(point.name)(point.load())
    live.add_to(app)
    service.add_to(app)
    app.add_typer(journal.app, name="journal")
    app.add_typer(lines.app, name="lines")
    app.add_typer(camera.app, name="camera")
    app.command("records")(library.records)
    app.add_typer(review.app, name="review")
    app.add_typer(delivery.app, name="delivery")
    app.add_typer(audit.app, name="audit")
    app.command("nightly")(nightly.nightly)
    app.command("backup")(backup.backup)
    app.command("restore")(backup.restore)
    app.add_typer(settings.app, name="config")
    app.add_typer(certificate.app, name="certificate")
    return app


def main() -> None:
    """Run the command line; the exit code is 0, 1 (not done) or 2 (not possible as asked)."""
    logging.basicConfig(level=logging.ERROR, format="hardlab: %(message)s")
    build()()
