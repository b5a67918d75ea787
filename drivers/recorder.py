"""The recorder: owns a tester's port and keeps every byte it publishes.

It knows nothing of records, so that it need never be changed or restarted: the
daemon reads the spool, whenever it lives. Over-long lines and what came without
a line end are kept too, in pieces; the codec will reject them, a person can see them.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

from drivers.interfaces import Failure
from drivers.lines import LineError, Lines
from drivers.spool_file import Kind, Spool
from drivers.textline import TextLine
from runtime import Clock, DeadlineError, offload, within

log = logging.getLogger(__name__)

RECONNECT_S = 1.0
CONNECT_S = 5.0
LINE_S = 2.0
"""A line that is not ended so long after its first byte is kept as it is."""
DISK_RETRY_S = 1.0
BEAT_S = 0.2


async def record(lines: Lines, url: str, spool: Spool, clock: Clock) -> None:
    """Record what the tester at ``url`` publishes, for ever; reconnect by itself.

    Loss and return of the line are logged once each and stand in the spool.
    """
    was_up: bool | None = None
    while True:
        port = await _connect(lines, url)
        if port is not None:
            try:
                was_up = await _tell(url, was_up, True, spool, clock)
                await _stream(port, spool, clock)
            finally:
                port.close()
        was_up = await _tell(url, was_up, False, spool, clock)
        await clock.sleep_link(RECONNECT_S)


async def keep_alive(spool: Spool, clock: Clock) -> None:
    """Show for ever that the recorder lives; beside `record`, on the same loop."""
    while True:
        with suppress(OSError):
            spool.beat(clock.utc())
        await clock.sleep_link(BEAT_S)


async def _connect(lines: Lines, url: str) -> TextLine | None:
    try:
        async with within(CONNECT_S, f"open {url}"):
            _, port = await lines.connect(url, lambda: TextLine(url, keep_long=True))
    except (LineError, DeadlineError):
        return None
    assert isinstance(port, TextLine)
    return port


async def _stream(port: TextLine, spool: Spool, clock: Clock) -> None:
    """Keep lines until the port is gone."""
    while await port.arrival() is not Failure.NO_LINK:
        arrived = clock.utc()
        line = await port.line(LINE_S)
        if isinstance(line, Failure):
            line = port.buffer.take()
        if line:
            await _keep(spool, arrived, line, Kind.LINE, clock)


async def _keep(spool: Spool, at: datetime, raw: bytes, kind: Kind, clock: Clock) -> None:
    """Put one entry on the disk; a disk that refuses is tried again until it does not."""
    told = False
    while True:
        try:
            await offload(spool.append, at, raw, kind)
            return
        except OSError as error:
            if not told:
                log.error("%s cannot be written (%s); holding %r", spool.path, error, raw)
                told = True
        await clock.sleep_link(DISK_RETRY_S)


async def _tell(url: str, was_up: bool | None, up: bool, spool: Spool, clock: Clock) -> bool:
    """Log and keep a change of the line; return what it is now."""
    if up == was_up:
        return up
    if up:
        log.info("%s: connected", url)
    else:
        log.error("%s: no line to the tester; trying again every %g s", url, RECONNECT_S)
    await _keep(spool, clock.utc(), b"", Kind.UP if up else Kind.DOWN, clock)
    return up
