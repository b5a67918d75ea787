"""Archive files: the rows of a closed tray, one line of JSON each, sealed and never written again.

Lines of text, not a database: their bytes follow from the rows alone, so the digest is the same
on every machine, ``sha256sum`` checks it, and they can be read without any program of ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from controller.events import JournalSealed
from controller.journal_row import JournalError, Row

FOLDER = "archive"
READ_ONLY = 0o444
_NAME_BYTES = 120

# The body is JSON on one line and taken as it is: the chain is over its very bytes.
_LINE = re.compile(
    r'\{"seq":(\d+),"at":("[^"]*"),"kind":("[^"]*"),"version":(-?\d+),'
    r'"body":(\{.*\}),"hash":"([0-9a-f]{64})"\}\n'
)


def archive_folder(journal: Path) -> Path:
    """Return the folder, beside a journal, of what was sealed from it."""
    return journal.parent / FOLDER


def archive_name(number: int, tray: str) -> str:
    """Return the file name of an archive, whatever characters the tray's name has."""
    safe = re.sub(r"[^\w.-]", "_", tray).encode()[:_NAME_BYTES].decode(errors="ignore")
    return f"{number:06d}-{safe}.jsonl"


def encode(row: Row) -> str:
    """Return a row as its line, with the line's end."""
    at, kind = json.dumps(row.at), json.dumps(row.kind)
    return (
        f'{{"seq":{row.seq},"at":{at},"kind":{kind},"version":{row.version},'
        f'"body":{row.body},"hash":"{row.hash}"}}\n'
    )


def decode(line: str) -> Row | None:
    """Return the row of a line, None if it is none."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    seq, at, kind, version, body, own = found.groups()
    return Row(int(seq), json.loads(at), json.loads(kind), int(version), body, own)


def read_archive(path: Path, after: int = 0) -> Iterator[Row]:
    """Yield the rows of an archive after a number. Raises `JournalError`."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                row = decode(line)
                if row is None:
                    raise JournalError(
                        f"{path}: line {number} is no row of a journal; "
                        "the file was changed: put it back from a backup"
                    )
                if row.seq > after:
                    yield row
    except FileNotFoundError:
        raise JournalError(f"{path}: this archive is missing: put it back from a backup") from None
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"{path}: cannot be read: {error}") from error


def write_archive(path: Path, lines: Iterable[str]) -> str:
    """Write a file of lines in place of a draft that may lie there; return its SHA-256.

    On return it is on disk and read-only. Raises OSError.
    """
    digest = hashlib.sha256()
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        for line in lines:
            data = line.encode()
            digest.update(data)
            file.write(data)
        file.flush()
        os.fchmod(file.fileno(), READ_ONLY)
        os.fsync(file.fileno())
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file. Raises `JournalError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error


def sealed_rows(journal: Path, first: Row, after: int = 0) -> Iterator[Row]:
    """Yield the archived rows after a number, up to ``first``, the first row of the open journal.

    Raises `JournalError` if an archive is missing, damaged, or does not end where it should.
    """
    needed: list[tuple[Path, int, str]] = []
    row = first
    while (sealed := checkpoint(row)) is not None and after + 1 < row.seq:
        path = archive_folder(journal) / Path(sealed.archive).name
        needed.append((path, sealed.last, sealed.head))
        if sealed.first <= after + 1:
            break
        row = next(read_archive(path))
    for path, last, head in reversed(needed):
        seq, own = 0, ""
        for row in read_archive(path, after):
            yield row
            seq, own = row.seq, row.hash
        if (seq, own) != (last, head):
            raise JournalError(
                f"{path}: ends with event {seq} and another hash than event {last} had when it "
                "was sealed: put it back from a backup"
            )


def checkpoint(row: Row | None) -> JournalSealed | None:
    """Return the sealing that a row tells of, if it does. Raises `JournalError`."""
    if row is None or row.kind != JournalSealed.__name__:
        return None
    event = row.event()
    assert isinstance(event, JournalSealed)
    return event
