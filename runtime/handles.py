"""Callbacks and timers of the virtual loop: asyncio's, without what only debugging needs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from heapq import heapify, heappop, heappush
from typing import Any

_MANY = 200
"""So many timers, half of them cancelled, are worth being cleared away."""


class Soon(asyncio.Handle):
    """A callback that is due; the loop that makes it fills it in."""

    __slots__ = ()
    _repr = None
    _source_traceback = None
    _callback: Any
    _args: Any
    _loop: asyncio.AbstractEventLoop
    _context: Context

    def cancel(self) -> None:
        """Call it no more."""
        self._cancelled = True
        self._callback = self._args = None


class Later(asyncio.TimerHandle):
    """A callback that is due at a time, s."""

    __slots__ = ("_timers",)
    _repr = None
    _source_traceback = None

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
        timers: Timers,
    ) -> None:
        self._when = when
        self._callback: Any = callback
        self._args: Any = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._scheduled = False
        self._timers = timers

    def cancel(self) -> None:
        """Call it no more."""
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None
            self._timers.cancelled += 1


class Timers:
    """Timers by their time; those of the same time by the order in which they were set."""

    def __init__(self) -> None:
        self.cancelled = 0
        self._number = 0
        self.heap: list[tuple[float, int, Any]] = []

    def __len__(self) -> int:
        """How many are kept, cancelled ones included."""
        return len(self.heap)

    def set(self, timer: Later) -> Later:
        """Keep a timer until it fires."""
        self._number += 1
        heappush(self.heap, (timer._when, self._number, timer))
        return timer

    def first(self) -> float | None:
        """Return when the next one is due; None if there is none."""
        heap = self.heap
        if self.cancelled > _MANY and 2 * self.cancelled > len(heap):
            heap[:] = [entry for entry in heap if not entry[2]._cancelled]
            heapify(heap)
            self.cancelled = 0
        while heap and heap[0][2]._cancelled:
            heappop(heap)
            self.cancelled -= 1
        return heap[0][0] if heap else None

    def fire(self, before: float, soon: deque[asyncio.Handle]) -> None:
        """Move what is due before a time to what is called next."""
        heap = self.heap
        while heap and heap[0][0] < before:
            timer = heappop(heap)[2]
            if timer._cancelled:
                self.cancelled -= 1
            else:
                soon.append(timer)

    def clear(self) -> None:
        """Forget all."""
        self.heap.clear()
