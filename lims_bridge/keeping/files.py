"""Files named by the SHA-256 of their content: written once, never changed, found again.

A file lies under the first two digits of its name, read-only. Two that store the same content
store one file. Nothing here is ever overwritten: erasing is a separate, journaled act.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lims_bridge.exact import sha256_hex

log = logging.getLogger(__name__)

DIGEST_LENGTH = 64


class FileMissingError(LookupError):
    """No file of that digest is kept (any more)."""


class FileDamagedError(ValueError):
    """The kept file is not what its name says."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files named by their content."""

    folder: Path

    def path(self, digest: str) -> Path:
        """Return where a file of that digest lies, or would."""
        if len(digest) != DIGEST_LENGTH or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"{digest!r} is no SHA-256")
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Keep content; return its digest when it is on the disk.

        A kept file that is no longer what its name says is put aside as evidence, and said.
        """
        digest = sha256_hex(content)
        place = self.path(digest)
        if place.exists():
            if place.read_bytes() == content:
                return digest
            self._put_aside(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        half_written = place.with_name(f".{digest}.{os.getpid()}.part")
        with half_written.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half_written.chmod(0o444)
        half_written.replace(place)
        sync_folder(place.parent)
        return digest

    def _put_aside(self, place: Path) -> None:
        aside = place.with_name(f"{place.name}.damaged")
        place.replace(aside)
        log.error("%s was altered: it lies beside it as %s, and is kept anew", place, aside.name)

    def get(self, digest: str) -> bytes:
        """Return the content. Raises `FileMissingError` or `FileDamagedError`."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise FileMissingError(f"no file {digest[:12]}… is kept in {self.folder}") from None
        if sha256_hex(content) != digest:
            raise FileDamagedError(
                f"{self.path(digest)} was altered: its content has the digest "
                f"{sha256_hex(content)[:12]}…; take it from a backup"
            )
        return content

    def holds(self, digest: str) -> bool:
        """Say whether a file of that digest is there; its content is not looked at."""
        return self.path(digest).exists()

    def erase(self, digest: str) -> None:
        """Remove a file for good; one that is gone already is no error."""
        self.path(digest).unlink(missing_ok=True)
        if self.path(digest).parent.exists():
            sync_folder(self.path(digest).parent)

    def digests(self) -> Iterator[str]:
        """Yield the names of all kept files, sorted."""
        if not self.folder.exists():
            return
        for drawer in sorted(path for path in self.folder.iterdir() if path.is_dir()):
            for path in sorted(drawer.iterdir()):
                if len(path.name) == DIGEST_LENGTH:
                    yield path.name


def sync_folder(folder: Path) -> None:
    """Have the entries of a folder on the disk: a rename is lost in a power failure without it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
