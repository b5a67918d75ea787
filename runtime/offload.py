"""Blocking work leaves the loop here; in virtual time it runs inline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function off the loop and return what it returns.

    The caller keeps the order where order matters: two calls may overlap.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, lambda: func(*args, **kwargs))


def offload_and_tell(
    told: Callable[[asyncio.Future[T]], object],
    func: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Run a blocking function off the loop and call with its future when that is done."""
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: func(*args, **kwargs)).add_done_callback(told)
