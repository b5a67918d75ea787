"""Lines that keep a log of every byte; drivers above and lines below notice nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from drivers.linelog import Sign
from drivers.linelog_writer import Limits, LineLog
from drivers.lines import Connection, LineError, Lines, ProtocolFactory
from drivers.wrapped_lines import Ear
from runtime import Clock


class RecordedLines:
    """Wraps `Lines`; what passes is logged under ``folder``, one log for each line.

    ``names`` gives a line's name by its URL; others are called after the URL.
    """

    def __init__(
        self,
        lines: Lines,
        clock: Clock,
        folder: Path,
        names: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._folder = folder
        self._names = names or {}
        self._limits = limits
        self._logs: dict[str, LineLog] = {}

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Open the line and log it from the first byte. Raises `LineError`."""
        log = self._log(url)
        number = log.connection()
        ears: list[_LoggedEar] = []

        def listen() -> _LoggedEar:
            ears.append(_LoggedEar(factory(), log, number))
            return ears[-1]

        try:
            transport, _ = await self._lines.connect(url, listen)
        except LineError as error:
            log.write(number, Sign.REFUSED, str(error).encode("ascii", "backslashreplace"))
            raise
        except asyncio.CancelledError:
            log.write(number, Sign.REFUSED)
            raise
        return ears[-1].mouth(transport), ears[-1].inner

    def close(self) -> None:
        """Close the logs; lines that are open stay so, and begin a new file when they speak."""
        for log in self._logs.values():
            log.close()

    def _log(self, url: str) -> LineLog:
        if url not in self._logs:
            name = self._names.get(url) or name_of(url)
            self._logs[url] = LineLog(self._folder, name, url, self._clock, self._limits)
        return self._logs[url]


def name_of(url: str) -> str:
    """Return a file name for a line that has no name: ``tcp://a:1`` is ``tcp-a-1``."""
    return re.sub(r"[^A-Za-z0-9]+", "-", url).strip("-")[:100] or "line"


class _LoggedEar(Ear):
    """Logs everything of one connection."""

    def __init__(self, inner: asyncio.BaseProtocol, log: LineLog, number: int) -> None:
        super().__init__(inner)
        self._log = log
        self._number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._log.write(self._number, Sign.OPENED)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._log.write(self._number, Sign.HEARD, data)
        super().data_received(data)

    def said(self, data: bytes) -> None:
        self._log.write(self._number, Sign.SENT, data)

    def ended(self, error: Exception | None) -> None:
        why = str(error or "").encode("ascii", "backslashreplace")
        self._log.write(self._number, Sign.LOST, why)

    def given_up(self) -> None:
        self._log.write(self._number, Sign.CLOSED)
