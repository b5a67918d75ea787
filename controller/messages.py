"""What passes over the bus, as frozen messages in JSON; and the rule by which a view follows.

The only module that a process outside the daemon imports. It does no I/O.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias, TypeVar

Json: TypeAlias = Mapping[str, Any]
M = TypeVar("M", "Command", "Reply", "Snapshot", "Delta")

MAX_COMMAND_BYTES = 1 << 20
"""Longest command; the daemon refuses a longer one unread."""
MAX_BYTES = 1 << 26
"""Longest message of any kind: the state of a full cell has some hundred kilobytes."""

VERBS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("start", "pause", "resume", "stop"), frozenset[str]()),
    "decide": frozenset({"question", "option"}),
    "tray": frozenset({"file", "manifest"}),
}
"""Every verb that changes something, with the arguments it must have."""

PING = "ping"
SNAPSHOT = "snapshot"
QUESTIONS = frozenset({PING, SNAPSHOT})
"""Verbs that change nothing: answered by the bus itself, as often as asked."""


class MessageError(ValueError):
    """Bytes that are no message; the text says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """A person's wish. ``id`` is unique; the same id again gets the same answer."""

    id: str
    verb: str
    args: Json = field(default_factory=dict)
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the command of this id; ``reason`` says why not, ``body`` what else."""

    id: str
    accepted: bool
    reason: str = ""
    body: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state after the delta ``seq`` of this daemon ``session``."""

    session: str
    seq: int
    state: Json


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed: the ``seq``-th change of this daemon ``session``, counted from 1."""

    session: str
    seq: int
    kind: str
    body: Json


def plain(value: Any) -> Any:  # noqa: ANN401  # anything goes in, what JSON knows comes out
    """Return dataclasses, decimals, dates and enums as JSON has them; decimals become text."""
    if is_dataclass(value) and not isinstance(value, type):
        # Not `asdict`: it copies, and the state's read-only mappings cannot be copied.
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def encode(message: Command | Reply | Snapshot | Delta) -> bytes:
    """Write a message. Raises TypeError or ValueError for contents that JSON does not have."""
    data = {name: plain(getattr(message, name)) for name in message.__dataclass_fields__}
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def decode(raw: bytes, kind: type[M]) -> M:
    """Read a message of the kind expected. Raises `MessageError`."""
    limit = MAX_COMMAND_BYTES if kind is Command else MAX_BYTES
    if len(raw) > limit:
        raise MessageError(f"{len(raw)} bytes are more than a message may have ({limit})")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or data.keys() != kind.__dataclass_fields__.keys():
        names = ", ".join(kind.__dataclass_fields__)
        raise MessageError(f"a {kind.__name__.lower()} has {names}")
    for name, wanted in _TYPES[kind].items():
        if type(data[name]) is not wanted:
            raise MessageError(f"{name} of a {kind.__name__.lower()} must be {wanted.__name__}")
    return kind(**data)


_TYPES: dict[type[Any], dict[str, type[Any]]] = {
    Command: {"id": str, "verb": str, "args": dict, "by": str},
    Reply: {"id": str, "accepted": bool, "reason": str, "body": dict},
    Snapshot: {"session": str, "seq": int, "state": dict},
    Delta: {"session": str, "seq": int, "kind": str, "body": dict},
}


@dataclass(slots=True)
class Follower:
    """Decides which deltas a view may apply.

    Order: subscribe first, then ask for a snapshot, `begin` with it, and pass
    every delta (those that came meanwhile first) to `offer`. While nothing
    comes, ask with `PING` now and then and pass the answer to `behind`: the
    daemon lives, and the last delta was not missed.
    """

    session: str = ""
    seq: int = -1
    lost: bool = True
    left: set[str] = field(default_factory=set)

    def begin(self, snapshot: Snapshot) -> None:
        """Start, or start again, from a snapshot; what an earlier session still says is late."""
        if snapshot.session != self.session:
            self.left.add(self.session)
        self.session, self.seq, self.lost = snapshot.session, snapshot.seq, False

    def offer(self, delta: Delta) -> bool:
        """Return whether to apply the delta.

        ``lost`` becomes true when one is missing or the daemon was started
        anew: nothing is applied until `begin` with a new snapshot.
        """
        if self.lost or delta.session in self.left:
            return False
        if delta.session == self.session and delta.seq <= self.seq:
            return False
        if delta.session != self.session or delta.seq != self.seq + 1:
            self.lost = True
            return False
        self.seq = delta.seq
        return True

    def behind(self, session: str, seq: int) -> bool:
        """Return whether the daemon has told more than what came; sets ``lost``."""
        if (session, seq) != (self.session, self.seq):
            self.lost = True
        return self.lost
