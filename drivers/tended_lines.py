"""Lines that are tended: each is counted, and its loss and its return are logged once.

Drivers above open lines again by themselves and notice nothing. A line is *lost* when
it cannot be opened, when its other end goes away, or when a driver gives it up because
no fit answer came. It is *back* when something is heard on a connection that has stood
for a while: a peer that only takes the connection, or is given up again at once, is not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.lines import Connection, LineError, Lines, ProtocolFactory
from drivers.wrapped_lines import Ear

log = logging.getLogger("hardlab.lines")

STANDING_S = 0.5
"""Link time after which a connection that is talked on counts as one that holds."""


@dataclass(slots=True)
class LineTally:
    """How one line has fared since the process began.

    ``opened``: connections; ``refused``: could not be opened; ``lost``: ended by the other
    side; ``given_up``: closed by the driver. ``up`` is None until the first word or failure.
    """

    name: str
    opened: int = 0
    refused: int = 0
    lost: int = 0
    given_up: int = 0
    up: bool | None = None
    since_s: float = 0.0
    released: bool = False

    @property
    def reconnects(self) -> int:
        """Connections beyond the first."""
        return max(0, self.opened - 1)

    @property
    def errors(self) -> int:
        """How often it failed, in whatever way."""
        return self.refused + self.lost + self.given_up

    def down(self, now_s: float, why: str) -> None:
        """Take it for lost; told once."""
        if self.released:
            return
        if self.up is not False:
            self.up, self.since_s = False, now_s
            log.error("%s: line lost: %s; it is opened again by itself", self.name, why)

    def heard(self, now_s: float) -> None:
        """Take it for working; told once if it was lost."""
        if self.up is False:
            log.warning("%s: line is back after %.1f s", self.name, now_s - self.since_s)
        self.up = True


class TendedLines:
    """Wraps `Lines`; ``tallies`` has one `LineTally` for each URL that was ever asked for.

    ``names`` gives a line's name by its URL; others are called by the URL. A line is
    named from the start, so that one that was never opened is seen as well.
    """

    def __init__(self, lines: Lines, names: Mapping[str, str] | None = None) -> None:
        self.tallies = {url: LineTally(name) for url, name in (names or {}).items()}
        self._lines = lines

    def release(self) -> None:
        """Tend no more: what ends from now on ends with the process."""
        for tally in self.tallies.values():
            tally.released = True

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Open the line and tend it. Raises `LineError`."""
        tally = self.tallies.setdefault(url, LineTally(url))
        ears: list[_TendedEar] = []

        def listen() -> _TendedEar:
            ears.append(_TendedEar(factory(), tally))
            return ears[-1]

        try:
            transport, _ = await self._lines.connect(url, listen)
        except LineError as error:
            tally.refused += 1
            tally.down(_now(), str(error))
            raise
        except asyncio.CancelledError:
            tally.refused += 1
            tally.down(_now(), "not open in time")
            raise
        return ears[-1].mouth(transport), ears[-1].inner


class _TendedEar(Ear):
    """Notes on one connection."""

    def __init__(self, inner: asyncio.BaseProtocol, tally: LineTally) -> None:
        super().__init__(inner)
        self._tally = tally
        self._opened_s = _now()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened_s = _now()
        self._tally.opened += 1
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._tally.up:
            now = _now()
            if self._tally.up is None or now - self._opened_s >= STANDING_S:
                self._tally.heard(now)
        self.inner.data_received(data)

    def ended(self, error: Exception | None) -> None:
        """Count that the other side has gone."""
        self._tally.lost += 1
        self._tally.down(_now(), str(error or "closed by the other side"))

    def given_up(self) -> None:
        """Count it, unless the caller was cancelled: he has nothing against the line."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            return
        self._tally.given_up += 1
        self._tally.down(_now(), "given up: no fit answer came in time")


def _now() -> float:
    return asyncio.get_running_loop().time()
