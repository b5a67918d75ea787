"""Commands that copy the folder of a run while it works, and bring it back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import DEFAULT_OUT, Out, run_folder


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder for the copy.")],
    out: Out = DEFAULT_OUT,
) -> None:
    """Copy journal, library, office, pictures and documents, while the laboratory works.

    Example: hardlab backup /mnt/backup/2026-11-21 --out /var/lib/hardlab/rockwell-1
    """
    from lims_bridge.keeping.backup import BackupError, back_up
    from runtime import utc_now

    try:
        made = back_up(run_folder(out).path, target, utc_now(), _told)
    except BackupError as error:
        refuse(str(error), code=NOT_DONE)
    print(f"{made.files} files, {made.size / 1e6:.1f} MB in {target}")
    print(f"try it: hardlab restore {target} FOLDER && hardlab audit verify --out FOLDER")


def restore(
    source: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    target: Annotated[Path, typer.Argument(help="A new folder for the run.")],
) -> None:
    """Check a backup and make the folder of a run from it; nothing is overwritten.

    What was erased on record is erased again in the restored folder.
    """
    from lims_bridge.keeping.backup import BackupError
    from lims_bridge.keeping.backup import restore as bring_back
    from lims_bridge.keeping.erasure import finish_erasures
    from lims_bridge.office.place import OfficePlace
    from records.database import open_database

    try:
        made = bring_back(source, target, _told)
    except BackupError as error:
        refuse(str(error), code=NOT_DONE)
    place = OfficePlace(target)
    if (target / "records.sqlite").exists():
        engine = open_database(place.library)
        finish_erasures(engine, place.files)
        engine.dispose()
    print(f"{made.files} files, {made.size / 1e6:.1f} MB in {target}")
    print(f"now: hardlab audit verify --out {target}")


def _told(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{name[:100]}", end="", file=sys.stderr, flush=True)
