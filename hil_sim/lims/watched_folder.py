"""A simulated LIMS that reads a folder: takes a CSV and what belongs to it, answers .ok or .err."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class FolderLims:
    """Looks when told to. ``taken`` are the rows it read, ``refuses`` the keys it does not like.

    ``incomplete`` are the keys whose CSV lay there before all that it names.
    """

    drop: Path
    answers: bool = True
    refuses: set[str] = field(default_factory=set)
    taken: list[dict[str, str]] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def look(self) -> int:
        """Take every CSV that lies there; return how many."""
        found = sorted(self.drop.glob("*.csv"))
        for path in found:
            self._take(path)
        return len(found)

    def _take(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        good = row["key"] not in self.refuses
        if good:
            self.taken.append(row)
        if not self._complete(path, row):
            self.incomplete.append(row["key"])
        for other in self.drop.glob(f"{path.stem}.*"):
            other.unlink()
        if self.answers:
            said = f"L-{len(self.taken):06}" if good else "customer is not in the master data"
            path.with_suffix(".ok" if good else ".err").write_text(said, encoding="utf-8")

    def _complete(self, path: Path, row: dict[str, str]) -> bool:
        wanted = {value for name, value in row.items() if name.endswith("_sha256")}
        files = [p.read_bytes() for p in self.drop.glob(f"{path.stem}.*")]
        held = {hashlib.sha256(content).hexdigest() for content in files}
        return wanted <= held and path.with_suffix(".xml").exists()
