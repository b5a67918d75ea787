"""A line log as conversations: what was said in each connection, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.linelog import Damaged, Entry, Record, Sign, Start


@dataclass(slots=True)
class Conversation:
    """One connection, or one attempt at it. ``records`` are never empty."""

    start: Start
    connection: int
    records: list[Record] = field(default_factory=list)

    @property
    def at_us(self) -> int:
        """Link time of its first record, microseconds."""
        return self.records[0].at_us

    @property
    def refused(self) -> str | None:
        """Why it was not opened ("": whoever wanted it gave up waiting); None if it was."""
        first = self.records[0]
        return first.data.decode("ascii", "replace") if first.sign is Sign.REFUSED else None

    def said(self, sign: Sign) -> bytes:
        """Return all bytes of one side: `Sign.SENT` or `Sign.HEARD`."""
        return b"".join(record.data for record in self.records if record.sign is sign)


@dataclass(frozen=True, slots=True)
class LineStory:
    """A log as read: its conversations, and how many of its lines could not be understood."""

    conversations: tuple[Conversation, ...]
    damaged: int

    @property
    def url(self) -> str:
        """The line, as it was called when recorded; empty without any conversation."""
        return self.conversations[0].start.url if self.conversations else ""


def tell(entries: Iterable[Entry]) -> LineStory:
    """Sort the entries of one line's log by connection, in the order of their beginning.

    Records before any header belong to nobody and count as damaged.
    """
    found: dict[tuple[int, int], Conversation] = {}
    life, start, damaged = 0, None, 0
    for entry in entries:
        match entry:
            case Start():
                life, start = (life if entry.continued else life + 1), entry
            case Record() if start is not None:
                key = (life, entry.connection)
                found.setdefault(key, Conversation(start, entry.connection)).records.append(entry)
            case Record() | Damaged():
                damaged += 1
    return LineStory(tuple(found.values()), damaged)
