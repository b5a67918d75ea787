"""Every wait on a device has a deadline, and the deadline says what was awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class DeadlineError(TimeoutError):
    """The awaited thing did not come in time."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: nothing within {seconds:g} s")
        self.what = what
        self.seconds = seconds


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Bound a block by ``seconds`` of link time; raise `DeadlineError` naming ``what``."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except DeadlineError:
        raise
    except TimeoutError:
        raise DeadlineError(what, seconds) from None


def heed_cancellation() -> None:
    """Raise CancelledError if the running task was asked to end and nobody has heeded it yet.

    Before Python 3.12 ``asyncio.wait_for`` returns its result and forgets the wish to
    cancel when both come in the same turn of the loop; call this after a library that
    uses it, or a loop around it may never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
