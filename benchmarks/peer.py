"""The peer: one point of a `bluesky` count over one `ophyd-async` soft signal.

Nothing is journaled there, no file is written, no hardware is asked: it is the
price of orchestration alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from bluesky import RunEngine
from bluesky.plans import count
from ophyd_async.core import init_devices, soft_signal_rw

from benchmarks.samples import Laps, Stopwatch


class _Engine(Protocol):
    """What is used of the engine, which is not typed strictly."""

    def __call__(self, plan: object) -> object: ...
    def subscribe(self, func: Callable[[str, object], None], name: str) -> int: ...


_count: Any = count


class BlueskyCount:
    """Counts points and takes the time between one event document and the next.

    Opening and closing the run is thereby left out, to the peer's advantage.
    """

    def __init__(self) -> None:
        # Without context managers the engine leaves the signal handlers alone.
        self._engine = cast(_Engine, RunEngine({}, context_managers=[]))
        with init_devices():
            self._signal = soft_signal_rw(float, 1.0, name="hardness")
        self._watch = Stopwatch()
        self._engine.subscribe(self._on_event, "event")

    def round(self, points: int) -> Laps:
        """Count so many points more than one and return the laps between them."""
        self._watch = Stopwatch()
        self._engine(_count([self._signal], points + 1))
        return self._watch.laps()

    def _on_event(self, name: str, document: object) -> None:
        self._watch.lap()
