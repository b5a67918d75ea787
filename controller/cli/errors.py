"""Foreseeable trouble on the command line: a line that says what and what to do, no traceback."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

IMPOSSIBLE = 2
"""Exit code: what was asked cannot be done as asked; nothing has happened."""
NOT_DONE = 1
"""Exit code: it was tried, and is not done or not good."""


def refuse(*lines: str, code: int = IMPOSSIBLE) -> NoReturn:
    """Print each line on standard error and end with the exit code."""
    for line in lines:
        print(f"hardlab: {line}", file=sys.stderr)
    raise typer.Exit(code)
