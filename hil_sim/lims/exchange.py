"""One HTTP exchange as values, and the two ways to have it: in memory, or over TCP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import httpx2 as httpx

READ_SIZE = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """What came in; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object."""
        content = json.loads(self.body)
        return content if isinstance(content, dict) else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out."""

    status: int
    content: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """Return the content as JSON."""
        return json.dumps(self.content, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class HungUp:
    """The connection ends without an answer."""


class Site(Protocol):
    """Something that answers requests."""

    def answer(self, request: Request) -> Answer | HungUp:
        """Have the effect, or not, and answer, or not."""
        ...


class InMemory(httpx.AsyncBaseTransport):
    """Puts a site where the network would be, so that virtual time works."""

    def __init__(self, site: Site, *, reachable: bool = True) -> None:
        """Attach a site; set ``reachable`` to let connections fail."""
        self.site = site
        self.reachable = reachable

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Have the exchange."""
        if not self.reachable:
            raise httpx.ConnectError("connection refused", request=request)
        body = await request.aread()
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = self.site.answer(_request(request.method, str(request.url), headers, body))
        if isinstance(got, HungUp):
            raise httpx.RemoteProtocolError("the server hung up", request=request)
        return httpx.Response(got.status, headers=dict(got.headers), content=got.body)


async def serve(site: Site, port: int = 0) -> asyncio.Server:
    """Serve a site on a port of this machine; 0 takes a free one."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(site, reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def _converse(site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    while True:
        request = await _receive(connection, reader)
        if request is None:
            return
        got = site.answer(request)
        if isinstance(got, HungUp):
            writer.transport.abort()
            return
        headers = [("content-type", "application/json"), ("content-length", str(len(got.body)))]
        headers += list(got.headers.items())
        writer.write(
            connection.send(h11.Response(status_code=got.status, headers=headers))
            + connection.send(h11.Data(data=got.body))
            + connection.send(h11.EndOfMessage())
        )
        await writer.drain()
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(READ_SIZE))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode().lower(): value.decode() for name, value in head.headers}
            return _request(head.method.decode(), head.target.decode(), headers, body)
        else:
            return None


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    split = urlsplit(url)
    return Request(method, unquote(split.path), dict(parse_qsl(split.query)), headers, body)
