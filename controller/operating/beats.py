"""Heartbeats: each part of the daemon promises when it will be heard of next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection


class Beats:
    """Keeps the promises and tells who broke one.

    ``now`` gives seconds of link time and may be called from any thread. A part
    named in ``helpers`` is reported like the others, but the daemon is not
    restarted for its sake: a library that is away never stops a cell.
    """

    def __init__(self, now: Callable[[], float], helpers: Collection[str] = ()) -> None:
        self._now = now
        self._helpers = frozenset(helpers)
        self._due: dict[str, float] = {}

    def beat(self, name: str, within_s: float) -> None:
        """Note a sign of life; the next one comes within so many seconds."""
        self._due[name] = self._now() + within_s

    def rest(self, name: str) -> None:
        """Note that a part waits for others, for as long as they like."""
        self._due[name] = math.inf

    def leave(self, name: str) -> None:
        """Forget a part that has ended in good order."""
        self._due.pop(name, None)

    def parts(self) -> tuple[str, ...]:
        """Return everybody who ever promised anything and has not left, sorted."""
        return tuple(sorted(self._due))

    def stalled(self) -> tuple[str, ...]:
        """Return who is overdue, sorted."""
        now = self._now()
        # A copy: a commit beats from the thread that it runs in.
        return tuple(sorted(name for name, due in tuple(self._due.items()) if due < now))

    def vital(self, stalled: Collection[str]) -> tuple[str, ...]:
        """Return those of the stalled for whose sake the daemon should be restarted."""
        return tuple(name for name in stalled if name not in self._helpers)
