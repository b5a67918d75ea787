"""What was freed below something that lives goes back to the machine when asked."""

import ctypes
import os
from pathlib import Path

import pytest

from runtime import give_back_memory


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not the GNU C library")
def test_a_hole_in_the_heap_goes_back():
    # Small enough to lie in the heap; every tenth stays, so that no end of it falls free.
    pieces = [b"x" * 60_000 for _ in range(1000)]
    kept = pieces[::10]
    del pieces
    before = resident_bytes()
    give_back_memory()
    assert before - resident_bytes() > 30e6
    assert all(len(piece) == 60_000 for piece in kept)
