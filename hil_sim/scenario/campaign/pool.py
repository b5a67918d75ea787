"""Orders on all cores of this machine, or on a cluster of Dask workers elsewhere."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from typing import Any

from hil_sim.scenario.campaign.order import Order, Report
from hil_sim.scenario.campaign.working import work


class NoClusterError(RuntimeError):
    """The cluster cannot be used; the message says why and what to do."""


def work_here(orders: Sequence[Order], workers: int) -> Iterator[Report]:
    """Yield reports as they come, from so many processes of this machine."""
    if workers == 1 or len(orders) == 1:
        yield from map(work, orders)
        return
    # Fresh interpreters: nothing of this process, planted bugs least of all, is inherited.
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers, len(orders))) as pool:
        yield from pool.imap_unordered(work, orders)


def work_on_cluster(orders: Sequence[Order], address: str) -> Iterator[Report]:
    """Yield reports as they come, from the workers of a Dask scheduler.

    The workers need this very program; what failed runs leave lies on their disks.
    Raises `NoClusterError` if there is no such scheduler, or no Dask.
    """
    try:
        distributed: Any = __import__("distributed")
    except ImportError:
        raise NoClusterError("--scheduler needs Dask: pip install 'hardlab[cluster]'") from None
    try:
        client = distributed.Client(address, timeout="10s")
    except OSError as error:
        remedy = "start one with: dask scheduler, and workers with: dask worker ADDRESS"
        raise NoClusterError(f"{address}: no scheduler answers ({error}); {remedy}") from None
    with client:
        futures = client.map(work, list(orders), pure=False)
        for _, report in distributed.as_completed(futures, with_results=True):
            yield report
