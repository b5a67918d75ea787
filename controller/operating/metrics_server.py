"""Answer GET /metrics over HTTP/1.1; nothing else, and nobody for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from controller.operating.exposition import CONTENT_TYPE
from runtime import DeadlineError, within

HEAD_S = 5.0
"""A request must be there, and its answer taken, within so much link time."""
MOST_HEAD = 8192


class AddressError(ValueError):
    """Not an address to listen at, or taken; the message says which and what to do."""


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``. Raises `AddressError`."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise AddressError(f"--metrics {text}: write host:port, for example 127.0.0.1:9464")
    return host.strip("[]"), int(port)


@asynccontextmanager
async def serving_metrics(
    address: tuple[str, int], page: Callable[[], str]
) -> AsyncIterator[tuple[str, int]]:
    """Serve the page for as long as the block lasts; yield where (port 0: any free one).

    Raises `AddressError` if the address cannot be had.
    """
    busy: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(reader, writer, page), name="metrics")
        busy.add(task)
        task.add_done_callback(busy.discard)

    try:
        server = await asyncio.start_server(serve, *address, limit=MOST_HEAD)
    except OSError as error:
        raise AddressError(
            f"--metrics {address[0]}:{address[1]}: {error.strerror}; choose another address"
        ) from None
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield host, port
    finally:
        server.close()
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, page: Callable[[], str]
) -> None:
    try:
        async with within(HEAD_S, "a request for metrics"):
            writer.write(answer(await reader.readuntil(b"\r\n\r\n"), page))
            await writer.drain()
    except (OSError, DeadlineError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def answer(head: bytes, page: Callable[[], str]) -> bytes:
    """Return the response to a request head."""
    method, _, rest = head.partition(b" ")
    target = rest.partition(b" ")[0].partition(b"?")[0]
    if method not in (b"GET", b"HEAD"):
        return _response("405 Method Not Allowed", "only GET\n", "text/plain")
    if target != b"/metrics":
        return _response("404 Not Found", "look at /metrics\n", "text/plain")
    try:
        text = page()
    except OSError as error:
        return _response("503 Service Unavailable", f"{error}\n", "text/plain")
    whole = _response("200 OK", text, CONTENT_TYPE)
    return whole if method == b"GET" else whole[: whole.index(b"\r\n\r\n") + 4]


def _response(status: str, body: str, kind: str) -> bytes:
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + data
