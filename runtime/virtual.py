"""An event loop whose timers jump when nothing is ready, and that reports a deadlock."""

from __future__ import annotations

import asyncio
import gc
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import Any, TypeVar, TypeVarTuple

from runtime.handles import Later, Soon, Timers

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DeadlockError(RuntimeError):
    """Nothing is scheduled and nothing can arrive: every task waits for another."""


_blank = object.__new__
_WORK_FIRST = 32
"""So many turns pass before descriptors are looked at: it is a system call."""
_RESOLUTION_S = 1e-6
"""Timers this close fire together. Floats beyond 2^24 s are spaced wider than a nanosecond."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the clock to it."""

    def __init__(self, pace: float | None) -> None:
        super().__init__()
        self.now = 0.0
        self.pace = pace

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.pace is not None:
            return self._wait(timeout, self.pace)
        if timeout is None:
            raise DeadlockError(_report())
        self.now += timeout
        return ready

    def _wait(self, timeout: float | None, pace: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Let real time pass, ``pace`` virtual seconds a second; a descriptor may end it."""
        began = time.monotonic()
        ready = super().select(None if timeout is None else timeout / pace)
        passed = (time.monotonic() - began) * pace
        # Idle without timers: virtual time stands, so that a paused view stays where it is.
        if timeout is not None:
            self.now += min(timeout, passed) if ready else timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs the same coroutines in virtual time.

    ``pace`` is None to run as fast as the processor allows, or the number of
    virtual seconds that pass in one real second. Executor work runs inline:
    no thread, so the same seed gives the same order of events. It seems to take
    ``offload_s`` virtual seconds, as on a slow disk. Timers of the same time fire in the
    order in which they were set.

    Days of a cell are millions of turns, so a turn is made here and not in asyncio: the same
    steps without looking at descriptors each time, with timers that compare as tuples.
    """

    def __init__(self, pace: float | None = None, offload_s: float = 0.0) -> None:
        self._jumper = _JumpingSelector(pace)
        super().__init__(self._jumper)
        self._offload_s = offload_s
        self._timers = Timers()
        # What asyncio keeps its callbacks in; it has no other name for it.
        self._soon: deque[asyncio.Handle] = self._ready  # type: ignore[attr-defined]  # asyncio's own name

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._jumper.now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Arrange for a call in the next turn."""
        # Millions of them: one that is made here saves the call of its constructor.
        handle = _blank(Soon)
        handle._callback = callback
        handle._args = args
        handle._loop = self
        handle._context = copy_context() if context is None else context
        handle._cancelled = False
        self._soon.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Arrange for a call at a virtual time."""
        return self._timers.set(Later(when, callback, args, self, context, self._timers))

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Arrange for a call after so many virtual seconds."""
        when = self._jumper.now + delay
        return self._timers.set(Later(when, callback, args, self, context, self._timers))

    def _run_once(self) -> None:
        """Look at descriptors, then make so many turns: each calls what is ready, in order.

        A turn that finds nothing ready moves the clock first; with a pace time must pass.
        """
        soon, jumper, timers = self._soon, self._jumper, self._timers
        heap = timers.heap
        ready = jumper.select(self._patience(None if soon else timers.first()))
        self._process_events(ready)  # type: ignore[attr-defined]  # asyncio's own
        for _ in range(_WORK_FIRST):
            due = jumper.now + _RESOLUTION_S
            if heap and heap[0][0] < due:
                timers.fire(due, soon)
            for _ in range(len(soon)):
                handle: Any = soon.popleft()
                if handle._cancelled:
                    continue
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    message = f"Exception in callback {handle!r}"
                    self.call_exception_handler(
                        {"message": message, "exception": error, "handle": handle}
                    )
            if self._stopping or jumper.pace is not None:  # type: ignore[attr-defined]  # asyncio's
                return
            if not soon:
                first = timers.first()
                if first is None:
                    return
                if first > jumper.now:
                    jumper.now = first

    def _patience(self, first: float | None) -> float | None:
        if self._soon or self._stopping:  # type: ignore[attr-defined]  # asyncio's own
            return 0
        return None if first is None else max(0.0, first - self._jumper.now)

    def close(self) -> None:
        """Close the loop."""
        self._timers.clear()
        super().close()

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
            self._after_work(_finish, future, None, error)
        else:
            self._after_work(_finish, future, result, None)
        return future

    def _after_work(self, callback: Callable[..., None], *args: object) -> None:
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
