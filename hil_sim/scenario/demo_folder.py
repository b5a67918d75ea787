"""The folder of a demo: fresh, gone on with, replaced, or left alone."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from controller.assembly import Folder
from controller.fold import fold_all
from controller.journal import JournalError, Row, read_rows
from hil_sim.scenario.demo_request import Job, Refused

_OWN = (
    *("demo.json", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"),
    *("records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "records.spool"),
    *("world.jsonl", "results.csv", "results.json", "commands.ipc", "updates.ipc", "bus.lock"),
    *("sim.log", "recorder.log", "daemon.log", "stage", "results"),
    *("pictures", "plans", "archive", "calibration.json"),
    *("certificates", "canonical", "previews"),
)
"""All that a demo leaves behind; nothing else is ever deleted."""

How = Literal["fresh", "resumed", "replaced", "reported"]


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The folder of one demo."""

    path: Path

    @property
    def folder(self) -> Folder:
        """The part that the controller knows."""
        return Folder(self.path)

    @property
    def world(self) -> Path:
        """The simulated world's own file, which the controller never opens."""
        return self.path / "world.jsonl"

    @property
    def marker(self) -> Path:
        """What says that the folder is a demo's, and which."""
        return self.path / "demo.json"

    @property
    def plans(self) -> Path:
        """Pictures of the plans."""
        return self.path / "plans"

    @property
    def results(self) -> tuple[Path, Path]:
        """Results as CSV and as JSON."""
        return self.path / "results.csv", self.path / "results.json"

    def rows(self) -> list[Row]:
        """Return the journal as committed; empty when there is none. Raises `JournalError`."""
        return list(read_rows(self.folder.journal)) if self.folder.journal.exists() else []

    def prepare(self, job: Job) -> How:
        """Make the folder ready for a job, and return how it was found. Raises `Refused`."""
        how = self._judge(job)
        if how == "replaced":
            self._clear()
        if how in ("fresh", "replaced"):
            data = {"format": 1, "seed": job.request.seed, "fingerprint": job.fingerprint()}
            self.marker.write_text(json.dumps(data) + "\n", encoding="utf-8")
        return how

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Hold the folder for this process alone. Raises `Refused` if another has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "demo.lock").open("a")
        except OSError as error:
            remedy = "give a folder you may write to with --out"
            raise Refused(f"{self.path}: cannot be used: {error.strerror}; {remedy}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                remedy = "wait for it, stop it, or give another folder with --out"
                raise Refused(f"{self.path}: another run is at work here; {remedy}") from None
            yield

    def _judge(self, job: Job) -> How:
        left = [item.name for item in self.path.iterdir() if item.name != "demo.lock"]
        if not left:
            return "fresh"
        marker = self._marker()
        if marker is None:
            raise Refused(
                f"{self.path}: holds {min(left)} and is not the folder of a demo; "
                "give another folder with --out"
            )
        if self._finished():
            # Death may come between the last event and the report of it.
            same = marker.get("fingerprint") == job.fingerprint()
            return "replaced" if self.results[1].exists() or not same else "reported"
        if not self.folder.journal.exists():
            return "replaced"
        if marker.get("fingerprint") != job.fingerprint():
            raise Refused(
                f"{self.path}: holds an unfinished run with another seed, tray or configuration; "
                "finish it with the command that started it, delete the folder, "
                "or give another one with --out"
            )
        return "resumed"

    def _marker(self) -> dict[str, Any] | None:
        try:
            data = json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data if isinstance(data, dict) else None

    def _finished(self) -> bool:
        try:
            return fold_all(row.event() for row in self.rows()).tray_finished
        except (JournalError, ValueError) as error:
            raise Refused(
                f"{error}; delete the folder {self.path}, or give another one with --out"
            ) from None

    def _clear(self) -> None:
        for name in _OWN:
            item = self.path / name
            if item.is_dir():
                shutil.rmtree(item)
            else:
                item.unlink(missing_ok=True)
