"""Where a reader of a spool may begin: a prefix that was read before, proved by its checksum.

What a prefix holds follows from its bytes alone, so a memo is believed only while the file
begins with the very same bytes. It hides nothing: who asks for an older record reads all again.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Memo:
    """The first ``size`` bytes of a spool, their CRC-32, and what they hold."""

    size: int = 0
    crc: int = 0
    records: int = 0
    connected: bool | None = None


def memo_of(spool: Path) -> Path:
    """Return the file beside a spool where its memo is kept."""
    return spool.with_name(f"{spool.name}.memo")


def recall(spool: Path) -> Memo:
    """Return the memo of a spool if it fits, else that of nothing read yet. Raises OSError."""
    try:
        text, _, check = memo_of(spool).read_text(encoding="utf-8").partition("\n")
        memo = Memo(**json.loads(text))
        sound = check == _check(text) and checksum(spool, 0, memo.size, 0) == memo.crc
        return memo if sound else Memo()
    except (FileNotFoundError, ValueError, TypeError):
        return Memo()


def keep(spool: Path, memo: Memo) -> None:
    """Keep a memo; without one the next start takes longer, so a disk that refuses is no harm."""
    path = memo_of(spool)
    fresh = path.with_suffix(".new")
    with suppress(OSError):
        text = json.dumps(asdict(memo))
        fresh.write_text(f"{text}\n{_check(text)}", encoding="utf-8")
        os.replace(fresh, path)


def _check(text: str) -> str:
    """Return what stands below a memo: a digit that turned would shift every number."""
    return f"{zlib.crc32(text.encode()):08x}"


def checksum(spool: Path, start: int, end: int, before: int) -> int | None:
    """Return the CRC-32 up to ``end``, given that up to ``start``; None: it is not that long."""
    with spool.open("rb") as file:
        file.seek(start)
        while start < end:
            read = file.read(min(CHUNK, end - start))
            if not read:
                return None
            before, start = zlib.crc32(read, before), start + len(read)
    return before
