"""The worker's end of a camera's line: requests are answered one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drivers.codecs import camera_worker as codec

LONGEST = 1024
"""A request that is longer than this is none; the line is closed."""

Answer = Callable[[int], Awaitable[bytes]]
"""From the number of a request to the bytes that answer it; none if there is no answer."""


class RequestWire(asyncio.Protocol):
    """One connection. What is no request is skipped.

    Who asks for a sign of life is answered at once, beside any picture that is being
    taken, while the worker ``lives``.
    """

    def __init__(self, answer: Answer, lives: Callable[[], bool] = lambda: True) -> None:
        self._answer = answer
        self._lives = lives
        self._text = b""
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve(transport))

    def data_received(self, data: bytes) -> None:
        """Take in what came; each whole line is a request."""
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._text) > LONGEST and self._transport is not None:
            self._transport.close()

    def _take(self, line: bytes) -> None:
        ping = codec.parse_ping(line)
        if not isinstance(ping, int):
            self._requests.put_nowait(line)
        elif self._transport is not None and self._lives():
            self._transport.write(codec.encode_sign(ping))

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop answering: nobody listens."""
        if self._task is not None:
            self._task.cancel()

    async def _serve(self, transport: asyncio.WriteTransport) -> None:
        while True:
            number = codec.parse_request(await self._requests.get())
            if isinstance(number, int):
                transport.write(await self._answer(number))
