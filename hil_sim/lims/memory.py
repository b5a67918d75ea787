"""What a simulated LIMS remembers, on disk, so that it survives its own death."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS thing_key ON thing (kind, key);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class Memory:
    """Things by kind and key, several of a key if need be, in the order in which they came."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or create; without a path it lasts as long as the program."""
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)

    def add(self, kind: str, key: str, body: dict[str, Any]) -> int:
        """Add a thing; return its number."""
        row = (kind, key, json.dumps(body))
        number = self._db.execute(
            "INSERT INTO thing (kind, key, body) VALUES (?, ?, ?)", row
        ).lastrowid
        assert number is not None
        return number

    def change(self, number: int, body: dict[str, Any]) -> None:
        """Write a thing anew."""
        self._db.execute("UPDATE thing SET body = ? WHERE id = ?", (json.dumps(body), number))

    def of(self, kind: str, key: str | None = None) -> list[tuple[int, str, dict[str, Any]]]:
        """Return number, key and body of the things of a kind, of one key if given."""
        sql, values = "SELECT id, key, body FROM thing WHERE kind = ?", [kind]
        if key is not None:
            sql, values = f"{sql} AND key = ?", [kind, key]
        found = self._db.execute(f"{sql} ORDER BY id", values)
        return [(number, key, json.loads(body)) for number, key, body in found]

    def forget(self, number: int) -> None:
        """Lose a thing."""
        self._db.execute("DELETE FROM thing WHERE id = ?", (number,))

    def count(self, name: str) -> int:
        """Count something once more; return how often by now."""
        self._db.execute(
            "INSERT INTO tally VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1",
            (name,),
        )
        found: int = self._db.execute("SELECT count FROM tally WHERE name = ?", (name,)).fetchone()[
            0
        ]
        return found

    def close(self) -> None:
        """Close the file."""
        self._db.close()
