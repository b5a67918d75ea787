"""Memory that was freed goes back to the machine: a daemon lives for months."""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Return freed pages to the machine; takes a few milliseconds, from any thread.

    Pictures leave holes of megabytes in the C library's heaps, one heap a thread, and it
    keeps them: without this, what a process holds creeps towards the sum of what its
    threads ever held. Does nothing where the C library has no ``malloc_trim``.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
