"""Backup of a folder while the laboratory works, and restoring one that proves itself.

Databases are copied by SQLite itself, each as of one instant: first the information library, then
the journal (so that the copy of the library is never ahead of it), then whatever else lies there;
a picture is on the disk before the journal speaks of it. ``backup.json`` lists every file with
its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lims_bridge.exact import canonical
from lims_bridge.keeping.files import sync_folder

LIST = "backup.json"
SCHEMA = "hardlab/backup/1"
FIRST = ("records.sqlite", "journal.sqlite")
"""Databases whose order matters; all others follow by name."""

_SQLITE = b"SQLite format 3\x00"
# A key that signs must not lie where the signed things lie.
_LEFT_OUT = (".part", "-wal", "-shm", "-journal", ".lock", ".pid", ".key")
_WRITABLE = 0o222
_CHUNK = 1 << 20

Progress = Callable[[str], None]


class BackupError(RuntimeError):
    """A backup cannot be made or is not good; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """How much was copied."""

    files: int
    size: int


def back_up(source: Path, target: Path, now: datetime, told: Progress = lambda name: None) -> Made:
    """Copy a folder to a new one; it is complete when its list is there.

    Raises `BackupError` if the target is not empty or something cannot be copied whole.
    """
    if not source.is_dir():
        raise BackupError(f"{source}: no such folder")
    if target.resolve().is_relative_to(source.resolve()):
        raise BackupError(f"{target}: lies in what is to be backed up; choose another place")
    _empty(target)
    listed: dict[str, dict[str, str | int]] = {}
    for path in _ordered(source):
        name = path.relative_to(source).as_posix()
        told(name)
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, copy)
        if copy.exists():
            listed[name] = {"sha256": _digest(copy), "size": copy.stat().st_size}
    _write_list(target, listed, now)
    return Made(len(listed), sum(int(entry["size"]) for entry in listed.values()))


def check_backup(backup: Path) -> Made:
    """Read every file of a backup and compare it with the list. Raises `BackupError`."""
    listed = _read_list(backup)
    here = {p.relative_to(backup).as_posix() for p in backup.rglob("*") if p.is_file()} - {LIST}
    missing, more = sorted(listed.keys() - here), sorted(here - listed.keys())
    altered = [name for name in sorted(listed.keys() & here) if not _same(backup, name, listed)]
    for what, names in (("missing", missing), ("not in the list", more), ("altered", altered)):
        if names:
            named = ", ".join(names[:5])
            raise BackupError(f"{backup}: {len(names)} files {what}: {named}; use another backup")
    return Made(len(listed), sum(int(entry["size"]) for entry in listed.values()))


def restore(backup: Path, target: Path, told: Progress = lambda name: None) -> Made:
    """Check a backup and copy it to a new folder, checked again there. Raises `BackupError`."""
    made = check_backup(backup)
    _empty(target)
    listed = _read_list(backup)
    for name in listed:
        told(name)
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(backup / name, copy)
        shutil.copymode(backup / name, copy)
        if not _same(target, name, listed):
            raise BackupError(f"{copy}: was not written as it was read; the disk is failing")
    for database in _databases(target):
        _whole(database)
    return made


def _ordered(source: Path) -> Iterator[Path]:
    first = [source / name for name in FIRST if (source / name).exists()]
    others = sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink())
    yield from first
    yield from (p for p in others if p not in first and not p.name.endswith(_LEFT_OUT))
    # What appeared meanwhile: the databases may speak of it.
    known = set(others) | set(first)
    fresh = sorted(p for p in source.rglob("*") if p.is_file() and p not in known)
    yield from (p for p in fresh if not p.name.endswith(_LEFT_OUT))


def _copy(path: Path, copy: Path) -> None:
    try:
        # A sealed database is known by its digest: it is copied byte by byte.
        if _is_database(path) and path.stat().st_mode & _WRITABLE:
            _copy_live(path, copy)
        else:
            shutil.copyfile(path, copy)
        shutil.copymode(path, copy)
        _sync(copy)
    except FileNotFoundError:
        # Taken away meanwhile (a rotated line log): what the databases speak of never is.
        return
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{path}: cannot be copied: {error}") from error


def _copy_live(path: Path, copy: Path) -> None:
    address = f"{path.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as live,
        closing(sqlite3.connect(copy)) as kept,
    ):
        live.backup(kept)
        kept.execute("PRAGMA journal_mode=DELETE")
    _whole(copy)


def _whole(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        (said,) = db.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise BackupError(f"{database}: damaged: {said}; use another backup")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _databases(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*.sqlite")) if _is_database(path))


def _empty(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target}: is not empty; nothing is ever overwritten, choose another")
    target.mkdir(parents=True, exist_ok=True)


def _write_list(target: Path, listed: dict[str, dict[str, str | int]], now: datetime) -> None:
    made = {"schema": SCHEMA, "at": now.isoformat(timespec="seconds"), "files": listed}
    half_written = target / f"{LIST}.part"
    half_written.write_bytes(canonical(made))
    _sync(half_written)
    half_written.replace(target / LIST)
    sync_folder(target)


def _read_list(backup: Path) -> dict[str, dict[str, str | int]]:
    try:
        made = json.loads((backup / LIST).read_bytes())
    except FileNotFoundError:
        raise BackupError(f"{backup}: no {LIST}: no backup, or one that was not finished") from None
    except ValueError as error:
        raise BackupError(f"{backup}: {LIST} is damaged: {error}") from None
    if made.get("schema") != SCHEMA:
        raise BackupError(f"{backup}: made by another program version ({made.get('schema')})")
    listed: dict[str, dict[str, str | int]] = made["files"]
    outside = [
        name for name in listed if not (backup / name).resolve().is_relative_to(backup.resolve())
    ]
    if outside:
        raise BackupError(f"{backup}: {LIST} names files outside of it: {outside[0]}")
    return listed


def _same(folder: Path, name: str, listed: dict[str, dict[str, str | int]]) -> bool:
    return _digest(folder / name) == listed[name]["sha256"]


def _digest(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
