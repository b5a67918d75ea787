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
