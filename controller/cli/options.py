"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.assembly import Folder
from controller.cli.errors import refuse

DEFAULT_OUT = Path("out/demo-1")
"""Where `hardlab demo` without options puts its run."""

Out = Annotated[
    Path,
    typer.Option(help="The folder of the run, as given to the command that started it."),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON for other programs instead of text."),
]


def run_folder(out: Path) -> Folder:
    """Return the folder of a run; end with a line if there is no journal in it."""
    folder = Folder(out)
    if not folder.journal.exists():
        refuse(
            f"{out}: no run lies here (journal.sqlite is missing); give its folder with --out, "
            "or make a run with: hardlab demo"
        )
    return folder
