"""Puts the line log between a cell and its lines, if the configuration asks for it."""

from __future__ import annotations

import logging
from pathlib import Path

from controller.config import LabConfig
from drivers.linelog_writer import Limits
from drivers.lines import Lines
from drivers.recorded_lines import RecordedLines
from runtime import Clock

log = logging.getLogger(__name__)

FOLDER = "lines"
"""Where a run keeps its line logs unless told otherwise."""


def recorded(config: LabConfig, lines: Lines, clock: Clock, journal: Path) -> Lines:
    """Return these very lines, or with ``[lines] record`` lines that are logged.

    ``journal`` is the run's journal: beside it, or where the configuration says, but
    never into another run's folder. That is refused with an error in the log; the
    cell works all the same, since a log is a help and not evidence.
    """
    section = config.lines
    if not section.record:
        return lines
    folder = Path(section.folder) if section.folder else journal.parent / FOLDER
    other = foreign_journal(folder, journal)
    if other is not None:
        log.error("%s: lines are not recorded: %s is another run's journal", folder, other)
        return lines
    limits = Limits(section.rotate_mb * 1_000_000, section.keep)
    return RecordedLines(lines, clock, folder, line_names(config), limits)


def line_names(config: LabConfig) -> dict[str, str]:
    """Return what each line is called, by its URL: station, arm, dashboard, stage and so on."""
    named = {}
    for (device, key), url in config.devices.lines():
        named[url] = device if key == "url" else key
    return named


def foreign_journal(folder: Path, journal: Path) -> Path | None:
    """Return the journal of another run whose folder this is, or lies in; None if there is none."""
    ours = journal.resolve()
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        found = place / ours.name
        if found != ours and found.exists():
            return found
        if found == ours:
            return None
    return None
