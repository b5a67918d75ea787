"""The end of ``hardlab demo --certificates``: every document of the tray, and where to look."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.progress import Progress

from controller.certificates import LaboratoryFile
from controller.certificates.demonstration import Demonstration, demonstrate
from hil_sim.scenario.demo_folder import DemoFolder


def write_certificates(
    laboratory: LaboratoryFile, folder: DemoFolder, out: Console, err: Console, *, quiet: bool
) -> bool:
    """Make, verify and index the documents; return whether all of them are good."""
    rows = folder.rows()
    began = out.get_time()
    with Progress(console=err, transient=True, disable=quiet) as progress:
        task = progress.add_task("documents 出具证书", total=None)
        found = demonstrate(
            folder.folder,
            laboratory,
            # Documents are dated by the lab's clock: the same seed gives the same pages.
            datetime.fromisoformat(rows[-1].at),
            told=lambda block: progress.advance(task),
        )
    if not quiet:
        _tell(found, out, out.get_time() - began)
    return not found.failed


def _tell(found: Demonstration, out: Console, seconds: float) -> None:
    each = f", {seconds / found.made:.2f} s each" if found.made else ""
    out.print(f"documents 证书  {found.made} made, sealed as demo and verified{each}")
    for entry in found.failed:
        out.print(f"  {entry.block}: {'; '.join(entry.troubles)}")
    out.print(f"open 打开       {found.index}", soft_wrap=True)
