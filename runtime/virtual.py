"""An event loop whose timers jump when nothing is ready, and that reports a deadlock."""

from __future__ import annotations

import asyncio
import gc
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlockError(RuntimeError):
    """Nothing is scheduled and nothing can arrive: every task waits for another."""


_WORK_FIRST = 32
"""So many rounds may pass before descriptors are looked at: it is a system call."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the clock to it."""

    def __init__(self, pace: float | None) -> None:
        super().__init__()
        self.now = 0.0
        self._pace = pace
        self._unasked = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._unasked += 1
        if self._unasked < _WORK_FIRST and timeout is not None and self._pace is None:
            self.now += timeout
            return []
        self._unasked = 0
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self._pace is not None:
            return self._wait(timeout)
        if timeout is None:
            raise DeadlockError(_report())
        self.now += timeout
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let real time pass, ``pace`` virtual seconds a second; a descriptor may end it."""
        assert self._pace is not None
        began = time.monotonic()
        ready = super().select(None if timeout is None else timeout / self._pace)
        passed = (time.monotonic() - began) * self._pace
        # Idle without timers: virtual time stands, so that a paused view stays where it is.
        if timeout is not None:
            self.now += min(timeout, passed) if ready else timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs the same coroutines in virtual time.

    ``pace`` is None to run as fast as the processor allows, or the number of
    virtual seconds that pass in one real second. Executor work runs inline:
    no thread, so the same seed gives the same order of events. It seems to take
    ``offload_s`` virtual seconds, as on a slow disk.
    """

    def __init__(self, pace: float | None = None, offload_s: float = 0.0) -> None:
        self._jumper = _JumpingSelector(pace)
        super().__init__(self._jumper)
        self._offload_s = offload_s
        # Floats beyond 2^24 s are spaced wider than asyncio's own nanosecond.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._jumper.now

    def run_in_executor(
        self, executor: object, func: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        """Run the function here and now; its future is done after whatever else is ready.

        With threads, others run between an effect and the one who waits for it: so here too.
        """
        future: asyncio.Future[T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            self._soon(_finish, future, None, error)
        else:
            self._soon(_finish, future, result, None)
        return future

    def _soon(self, callback: Callable[..., None], *args: object) -> None:
        if self._offload_s:
            self.call_later(self._offload_s, callback, *args)
        else:
            self.call_soon(callback, *args)


def _finish(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def run_virtual(
    main: Coroutine[Any, Any, T],
    *,
    pace: float | None = None,
    offload_s: float = 0.0,
    context: Context | None = None,
) -> T:
    """Run a coroutine to its end in virtual time; see `VirtualLoop` for pace and offload.

    Raises `DeadlockError`, naming the waiting tasks, when nothing is scheduled.
    """
    with (
        _rarely_collecting(),
        asyncio.Runner(loop_factory=lambda: VirtualLoop(pace, offload_s)) as runner,
    ):
        return runner.run(main, context=context)


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Let the garbage collector look less often: hours pass in seconds, and little is cyclic."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _report() -> str:
    waiting = sorted(_where(task) for task in asyncio.all_tasks() if not task.done())
    return "nothing is scheduled and every task waits:\n  " + "\n  ".join(waiting)


def _where(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack(limit=1)
    place = f"{stack[0].f_code.co_qualname}:{stack[0].f_lineno}" if stack else "no frame"
    return f"{task.get_name()} in {place}"
