"""The command that asks the information library."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from controller.assembly import Folder
from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import DEFAULT_OUT, Out, run_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine


def records(
    out: Out = DEFAULT_OUT,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every row with the journal.")
    ] = False,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="First copy what the journal has and it has not.")
    ] = False,
) -> None:
    """Summarise the information library (信息库): trays, verdicts, and how much it holds.

    Example: hardlab records --out out/demo-1 --verify
    """
    # Database libraries take half a second to load: only commands that need them pay.
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from records.database import open_database

    folder = run_folder(out)
    if catch_up:
        _catch_up(folder)
    if not folder.library.exists():
        refuse(f"{folder.library}: no library yet; make it with: hardlab records --catch-up")
    try:
        engine = open_database(f"sqlite:///{folder.library}")
        try:
            _summarise(engine)
            if verify:
                _verify(engine, folder)
        finally:
            engine.dispose()
    except (SQLAlchemyError, CommandError) as error:
        reason = str(getattr(error, "orig", None) or error)
        refuse(
            f"{folder.library}: not a usable library: {reason}; take it from a backup. Without one "
            "move it away and say: hardlab records --catch-up (reviews and messages are lost then)"
        )


def _catch_up(folder: Folder) -> None:
    from controller.projector import Projector

    projector = Projector(folder.journal, f"sqlite:///{folder.library}")
    try:
        done = asyncio.run(projector.catch_up())
    finally:
        projector.close()
    if not done:
        refuse(f"the library cannot follow: {projector.trouble}", code=NOT_DONE)


def _summarise(engine: Engine) -> None:
    from records.repository import counts, trays, verdicts

    for tray in trays(engine):
        state = "finished" if tray.finished_at else "not finished"
        found = verdicts(engine, tray.name)
        passed = sum(verdict.passed for verdict in found)
        print(f"tray {tray.name} ({tray.at:%Y-%m-%d %H:%M}, {tray.regulation}): {state}")
        print(f"  {len(found)} verdicts, {passed} passed, {len(found) - passed} failed")
    held = {table: rows for table, rows in counts(engine).items() if rows}
    print("rows: " + ", ".join(f"{table} {rows}" for table, rows in held.items()))


def _verify(engine: Engine, folder: Folder) -> None:
    from controller.journal import JournalError, read_rows
    from records.chain import ProjectionError
    from records.verification import differences

    try:
        found = differences(engine, read_rows(folder.journal))
    except (ProjectionError, JournalError) as error:
        refuse(str(error), code=NOT_DONE)
    if found:
        shown = ", ".join(f"{d.table} {d.key}" for d in found[:5])
        refuse(f"{len(found)} rows differ from the journal: {shown}", code=NOT_DONE)
    print("every row is as the journal has it")
