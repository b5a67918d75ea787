"""Looking over kept files, some each night, so that rot is found while a good backup exists."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore

MARK = "scrubbed-up-to"


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """How many files were read, which were not what their names say, and whether all were seen."""

    read: int
    damaged: tuple[str, ...]
    finished_round: bool


def scrub(files: FileStore, limit: int) -> Scrubbed:
    """Read up to ``limit`` files anew, going on where the last call ended."""
    mark = files.folder / MARK
    last = mark.read_text(encoding="ascii").strip() if mark.exists() else ""
    batch = list(islice((digest for digest in files.digests() if digest > last), limit))
    damaged = tuple(digest for digest in batch if not _good(files, digest))
    finished = len(batch) < limit
    if files.folder.exists():
        _remember(mark, "" if finished else batch[-1])
    return Scrubbed(len(batch), damaged, finished)


def _good(files: FileStore, digest: str) -> bool:
    try:
        files.get(digest)
    except (FileDamagedError, FileMissingError):
        return False
    return True


def _remember(mark: Path, digest: str) -> None:
    half_written = mark.with_name(f"{MARK}.part")
    half_written.write_text(digest, encoding="ascii")
    half_written.replace(mark)
