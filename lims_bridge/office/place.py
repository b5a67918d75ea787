"""Where an office keeps its things: in the folder of the run, beside the journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lims_bridge.keeping.anchors import AnchorFolder
from lims_bridge.keeping.files import FileStore


@dataclass(frozen=True, slots=True)
class OfficePlace:
    """The folder of a run, as the office sees it."""

    path: Path

    @property
    def library(self) -> str:
        """Return the URL of the database that holds the office's tables."""
        return f"sqlite:///{self.path / 'records.sqlite'}"

    @property
    def files(self) -> FileStore:
        """Return the files by their content: records, documents, cards, lists of checks."""
        return FileStore(self.path / "files")

    @property
    def anchors(self) -> AnchorFolder:
        """Return the signed anchors."""
        return AnchorFolder(self.path / "anchors")

    @property
    def key(self) -> Path:
        """Return where the key that signs anchors lies unless told otherwise."""
        return self.path / "anchor.key"

    @property
    def config(self) -> Path:
        """Return the configuration of destinations."""
        return self.path / "office.toml"
