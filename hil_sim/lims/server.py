"""A simulated LIMS as a process of its own: ``python -m hil_sim.lims.server --help``."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from hil_sim.lims.exchange import Site, serve
from hil_sim.lims.memory import Memory
from hil_sim.lims.moods import AS_MEASURED, Moods
from hil_sim.lims.rest import RestLims
from hil_sim.lims.senaite import SenaiteLims

KINDS = ("keys", "look-up", "none", "senaite")


def site_of(kind: str, memory: Memory, moods: Moods) -> Site:
    """Return a LIMS of a kind."""
    if kind == "senaite":
        return SenaiteLims(memory, moods=moods)
    habits = {"keys": "keys", "look-up": "look-up", "none": "none"}
    return RestLims(memory, habit=habits[kind], moods=moods)  # type: ignore[arg-type]  # a habit of this kind


async def _serve(kind: str, port: int, memory: Memory, moods: Moods) -> None:
    server = await serve(site_of(kind, memory, moods), port)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until killed; the first line printed names the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, default="keys", help="what it knows of keys")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--memory", type=Path, help="the file in which it remembers")
    parser.add_argument("--well", action="store_true", help="misbehave never, instead of as usual")
    given = parser.parse_args()
    moods = Moods() if given.well else AS_MEASURED
    asyncio.run(_serve(given.kind, given.port, Memory(given.memory), moods))


if __name__ == "__main__":
    main()
