"""The command that does everything a laboratory does each night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from controller.cli import audit, delivery
from controller.cli.audit import KeyFile
from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import DEFAULT_OUT, Out, run_folder


def nightly(
    key_file: KeyFile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many files to read anew.")] = 20_000,
    out: Out = DEFAULT_OUT,
) -> None:
    """Anchor the chains, read files anew, audit, compare with LIMS, name what needs a person.

    What fails does not keep the rest from being done; the exit code is 1 then.
    """
    run_folder(out)
    steps: dict[str, Callable[[], None]] = {
        "anchor": lambda: audit.anchor(key_file, out),
        "scrub": lambda: audit.scrub(limit, out),
        "audit": lambda: audit.verify(None, out),
        "reconcile": lambda: delivery.reconcile(500, out),
        "delivery": lambda: delivery.status(out),
    }
    failed = [name for name, step in steps.items() if not _done(name, step)]
    if failed:
        refuse(f"a person is needed: {', '.join(failed)}", code=NOT_DONE)


def _done(name: str, step: Callable[[], None]) -> bool:
    print(f"-- {name}", flush=True)
    try:
        step()
    except typer.Exit as end:
        return not end.exit_code
    return True
