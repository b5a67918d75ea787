"""``hardlab doctor`` tells whether everything is there that a cell needs."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import AsJson
from controller.cli.service import Config, Line


def doctor(
    config: Config,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the run; without it only devices.")
    ] = None,
    line: Line = None,
    as_json: AsJson = False,
) -> None:
    """Look at every device and at the run's folder, and say what to do about what is wrong.

    Nothing is moved, nothing claimed, and no port taken from a daemon at work.
    Takes 5 seconds at most. Ends with 1 if anything failed.

    Example: hardlab doctor --config lab.toml --out run
    """
    from controller.assembly import Folder
    from controller.config import ConfigError, load_config
    from controller.config.overrides import with_lines
    from controller.operating.doctor import examine_cell
    from controller.operating.findings import healthy

    try:
        lab = with_lines(load_config(config), line or [])
    except ConfigError as error:
        refuse(*error.problems)
    # What pymodbus says of a dead host is in the findings already.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    async def main() -> int:
        findings = await examine_cell(lab, Folder(out) if out is not None else None)
        if as_json:
            print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
        else:
            print("\n".join(finding.line() for finding in findings))
        code = 0 if healthy(findings) else NOT_DONE
        if any(finding.seen.startswith("no answer within") for finding in findings):
            # A hung system call sits in a thread, and an orderly end would wait for it.
            sys.stdout.flush()
            os._exit(code)
        return code

    raise typer.Exit(asyncio.run(main()))
