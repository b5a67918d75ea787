"""File drop: CSV, XML and the documents in a folder that the LIMS watches.

Files are staged beside the folder, on the same disk, and renamed into it; the CSV comes last and
is what the LIMS waits for. That one rename is the sending, so after any death the stage tells
whether it happened: no stage, never begun; the CSV still in it, not sent; the CSV gone, sent. The
LIMS answers with ``NAME.ok`` or ``NAME.err``.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lims_bridge.adapters.table import csv_of, xml_of
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    Assurance,
    CannotTell,
    Finding,
    NotSent,
    Outcome,
    Refused,
    Waiting,
)
from lims_bridge.delivery.parcel import Held, Parcel
from lims_bridge.keeping.files import sync_folder
from runtime import offload


@dataclass(frozen=True, slots=True)
class FolderReceiver:
    """A LIMS that reads ``drop``; ``answers`` says whether it writes ``.ok`` and ``.err``.

    ``staging`` is ours alone, on the same disk; the folders in it are our memory of what was sent.
    """

    drop: Path
    staging: Path
    answers: bool = True

    @property
    def assurance(self) -> Assurance:
        """Return how a second sending is kept harmless: the staging folder is asked."""
        return "look-up"

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Stage and rename; then wait for the answer, if one will come."""
        try:
            await offload(self._drop, parcel)
        except OSError as error:
            return NotSent(f"{error.strerror}: {error.filename}")
        if self.answers:
            return Waiting(f"dropped as {name_of(parcel.key)}.csv; no answer yet")
        return Arrived(f"{name_of(parcel.key)}.csv")

    async def look_up(self, parcel: Parcel) -> Finding:
        """Read the answer, or how far the sending came."""
        try:
            return await offload(self._find, parcel)
        except OSError as error:
            return CannotTell(f"{error.strerror}: {error.filename}")

    async def recent(self, limit: int) -> tuple[Held, ...] | CannotTell:
        """Say that a folder keeps no list: the LIMS takes files away."""
        return CannotTell("a file drop cannot be asked what arrived; its answers were read")

    async def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _drop(self, parcel: Parcel) -> None:
        name = name_of(parcel.key)
        stage = self.staging / name
        if not stage.exists():
            self._stage(stage, contents_of(parcel, name))
        last = stage / f"{name}.csv"
        for path in sorted(stage.iterdir()):
            if path != last:
                path.replace(self.drop / path.name)
        sync_folder(self.drop)
        last.replace(self.drop / last.name)
        sync_folder(self.drop)
        sync_folder(stage)

    def _stage(self, stage: Path, contents: dict[str, bytes]) -> None:
        half = stage.with_name(f"{stage.name}.part")
        if half.exists():
            shutil.rmtree(half)
        half.mkdir(parents=True)
        for file, content in contents.items():
            _write(half / file, content)
        sync_folder(half)
        half.replace(stage)
        sync_folder(self.staging)

    def _find(self, parcel: Parcel) -> Finding:
        name = name_of(parcel.key)
        stage = self.staging / name
        if not stage.exists() or (stage / f"{name}.csv").exists():
            return Absent()
        ok, err = self.drop / f"{name}.ok", self.drop / f"{name}.err"
        if err.exists():
            return self._refused(stage, err)
        if ok.exists():
            # Kept with what was sent: after a death before it is written down it is read again.
            ok.replace(stage / ok.name)
        answer = stage / ok.name
        if answer.exists():
            return Arrived(_said(answer) or answer.name)
        return Waiting(f"dropped as {name}.csv; no answer yet") if self.answers else Arrived(name)

    def _refused(self, stage: Path, err: Path) -> Refused:
        """Put a refused sending aside, so that it can be sent again once the cause is gone."""
        said = _said(err)
        err.replace(stage / err.name)
        tries = sum(1 for _ in self.staging.glob(f"{glob.escape(stage.name)}.refused-*"))
        stage.replace(self.staging / f"{stage.name}.refused-{tries + 1}")
        return Refused(f"{err.name}: {said}")


def contents_of(parcel: Parcel, name: str) -> dict[str, bytes]:
    """Return the files of a parcel by their names in the folder, the CSV last."""
    files = {f"{name}.{_suffix(d.name)}": parcel.files[d.sha256] for d in parcel.documents}
    return {**files, f"{name}.xml": xml_of(parcel), f"{name}.csv": csv_of(parcel)}


def name_of(key: str) -> str:
    """Return the file name of a key: letters, digits, dot and dash; two keys never share one."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda m: "".join(f"_{b:02x}" for b in m[0].encode()), key)


def _suffix(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "", name) or "bin"


def _said(answer: Path) -> str:
    return " ".join(answer.read_text(encoding="utf-8", errors="replace").split())[:200]


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
