"""Look at the house: folder, disk, journal, clock, library, recorder, daemon; change nothing."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from controller.archive import archive_folder, checkpoint, digest_of
from controller.assembly import Folder
from controller.bus import BusClient, BusError
from controller.config import LabConfig
from controller.events import JournalSealed
from controller.journal import (
    GENESIS,
    JournalError,
    broken_links,
    read_open_rows,
    read_rows,
)
from controller.messages import SNAPSHOT, Command
from controller.operating.findings import Check, Finding, fail, ok, warn
from controller.operating.lines import line_problems
from records.database import migrations
from runtime import Clock, offload, unique_id

GIGABYTE = 1_000_000_000
LITTLE_BYTES, TOO_LITTLE_BYTES = 5 * GIGABYTE, GIGABYTE // 2
CHUNK = 2000
"""Rows between two looks at the deadline."""
OLDEST = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock that shows less was never set: this program is younger."""
DAY_S = 86_400.0
ANSWER_S = 0.6


def ask_daemon(folder: Path) -> Mapping[str, Any] | None:
    """Return what a running daemon tells of its cell, None if none answers. Blocks for 1.2 s."""
    try:
        with BusClient(folder) as client:
            reply = client.send(Command(unique_id(), SNAPSHOT, {}, "doctor"), ANSWER_S)
    except BusError:
        return None
    state: Mapping[str, Any] = reply.body.get("state", {})
    return state


@dataclass(frozen=True, slots=True)
class House:
    """Where a run lives, and what its daemon told (None: none answers)."""

    config: LabConfig
    folder: Folder
    spool: Path
    clock: Clock
    daemon: Mapping[str, Any] | None = None

    def checks(self) -> dict[str, Check]:
        """Return the checks by their names."""
        return {
            "daemon": self.answering,
            "folder": self.writable,
            "disk": self.room,
            "journal": self.chain,
            "clock": self.time,
            "library": self.library,
            "recorder": self.recorder,
        }

    async def answering(self) -> Finding:
        """Tell whether a daemon runs."""
        if self.daemon is None:
            return ok("daemon", "none runs in this folder")
        return ok("daemon", f"runs, {self.daemon.get('mode', 'mode unknown')}")

    async def writable(self) -> Finding:
        """Write a file that has no name, and let it go."""
        return await offload(_writable, self.folder.path)

    async def room(self) -> Finding:
        """Tell how much the disk has left."""
        return await offload(_room, self.folder.path)

    async def chain(self) -> Finding:
        """Check the chain since the last closed tray, in pieces, so that it can be given up.

        What was sealed before would take too long: `hardlab journal verify` reads it all.
        """
        if not self.folder.journal.exists():
            return ok("journal", "none yet; the first start makes it")
        try:
            sealed = await offload(_sealed, self.folder.journal)
            seq, head = (sealed.last, sealed.head) if sealed else (0, GENESIS)
            while rows := await offload(_rows, self.folder.journal, seq):
                for broken in broken_links(iter(rows), head, seq):
                    remedy = "the file was changed: keep it, compare with the backup"
                    return fail("journal", f"the chain is broken at event {broken}", remedy)
                seq, head = rows[-1].seq, rows[-1].hash
            if sealed and (wrong := await offload(_archives, self.folder.journal, sealed)):
                return wrong
        except JournalError as error:
            return fail("journal", str(error), "keep the file; restore the last backup elsewhere")
        since = f" since event {sealed.last}, {sealed.number} archives" if sealed else ""
        return ok("journal", f"{seq} events, the chain is whole{since}; head {head[:12]}")

    async def time(self) -> Finding:
        """Compare the system clock with this program's age and the journal's last event."""
        now = self.clock.utc()
        if now < OLDEST:
            return fail("clock", f"shows {now:%Y-%m-%d %H:%M}", "set it: timedatectl, chrony")
        last = await offload(_last_at, self.folder.journal)
        ahead = (last - now).total_seconds() if last is not None else 0.0
        if ahead > DAY_S:
            seen = (
                f"shows {now:%Y-%m-%d %H:%M}, {ahead / DAY_S:.1f} d before the journal's last event"
            )
            return fail("clock", seen, "set the clock before anything is measured")
        if ahead > 2.0:
            seen = f"the journal's last event lies {ahead:.0f} s ahead"
            return warn("clock", seen, "set the clock; after a run with --speed this is no fault")
        return ok("clock", f"shows {now:%Y-%m-%d %H:%M} UTC, not behind the journal")

    async def library(self) -> Finding:
        """Compare the library's revision with this program's."""
        if not self.folder.library.exists():
            return ok("library", "none yet; the first start makes it")
        return await offload(_library, self.folder.library)

    async def recorder(self) -> Finding:
        """Tell whether somebody writes the spool."""
        who = self.config.devices.results.recorder
        if self.config.devices.results.by_hand:
            return ok("recorder", "none: a person reads the tester's display")
        alive = await offload(_locked, self.spool)
        if alive:
            return ok("recorder", f"writes {self.spool}")
        if who == "inside":
            if self.daemon is None:
                return ok("recorder", "runs inside the daemon, which is not running")
            return fail("recorder", "the daemon runs, but nobody writes the spool", "restart it")
        remedy = "start it: systemctl start hardlab-recorder@CELL; until then records are lost"
        return fail("recorder", f"nobody writes {self.spool}", remedy)


def line_findings(config: LabConfig) -> list[Finding]:
    """Return what is wrong with the lines themselves."""
    remedy = "correct lab.toml or --line"
    return [fail("lines", problem, remedy) for problem in line_problems(config)] or [
        ok("lines", "every device has a line of its own")
    ]


def _writable(folder: Path) -> Finding:
    place = folder
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remedy = "give the user of the daemon the right to write there"
        return fail("folder", f"{place}: {error.strerror}", remedy)
    return ok("folder", f"{folder}: " + ("writable" if place == folder else "can be made"))


def _room(folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    seen = f"{free / GIGABYTE:.1f} GB free"
    if free < TOO_LITTLE_BYTES:
        return fail("disk", seen, "make room: a full disk stops the cell in the middle of a block")
    if free < LITTLE_BYTES:
        return warn("disk", seen, "make room soon: move finished trays and pictures to the archive")
    return ok("disk", seen)


def _rows(journal: Path, after: int) -> list[Any]:
    return list(islice(read_rows(journal, after), CHUNK))


def _sealed(journal: Path) -> JournalSealed | None:
    """Return the sealing that the open journal begins with."""
    return checkpoint(next(read_open_rows(journal), None))


def _archives(journal: Path, last: JournalSealed) -> Finding | None:
    """Return what is wrong with the archives: one is missing, or the newest was changed."""
    folder = archive_folder(journal)
    there = {name[:6] for name in (file.name for file in folder.glob("*.jsonl"))}
    gone = [number for number in range(1, last.number + 1) if f"{number:06d}" not in there]
    if gone:
        shown = ", ".join(map(str, gone[:5])) + (" …" if len(gone) > 5 else "")
        seen = f"{len(gone)} of {last.number} archives are not in {folder}: {shown}"
        return warn("journal", seen, "the cell works without; put them back to verify the history")
    if digest_of(folder / last.archive) != last.digest:
        remedy = "keep the file, put it back from a backup"
        return fail("journal", f"{last.archive} was changed since it was sealed", remedy)
    return None


def _last_at(journal: Path) -> datetime | None:
    if not journal.exists():
        return None
    with (
        suppress(sqlite3.Error, ValueError),
        closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as db,
    ):
        found = db.execute("SELECT at FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return datetime.fromisoformat(found[0]) if found else None
    return None


def _library(file: Path) -> Finding:
    # Only read: a doctor upgrades nothing.
    engine = create_engine(f"sqlite:///file:{file.absolute()}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            has = MigrationContext.configure(connection).get_current_revision()
            script = ScriptDirectory.from_config(migrations(connection))
            known = {revision.revision for revision in script.walk_revisions()}
            head = script.get_current_head()
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error)
        return fail(
            "library", f"{file}: {said}", "restore it, or let it be made anew: move it away"
        )
    finally:
        engine.dispose()
    if has == head:
        return ok("library", f"at revision {has}")
    if has is None or has in known:
        seen = f"at revision {has or 'none'}, this program has {head}"
        return warn("library", seen, "the next start upgrades it: make a backup first")
    return fail("library", f"unknown revision {has}", "a newer program wrote it: use that one")


def _locked(spool: Path) -> bool:
    """Tell whether a recorder holds the spool's lock; for an instant we do, if it does not."""
    try:
        with spool.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
