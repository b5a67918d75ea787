"""The bus over ZeroMQ: a ROUTER takes commands, a PUB tells changes, both on Unix sockets."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import zmq
import zmq.asyncio

from controller.bus.address import BusError, address_in, prepare
from controller.bus.core import Desk, Feed, Handler, View
from controller.messages import (
    MAX_COMMAND_BYTES,
    VERBS,
    Command,
    Json,
    MessageError,
    Reply,
    decode,
    encode,
)

log = logging.getLogger(__name__)


class ZmqBus:
    """Implements `Bus` for other processes of this machine.

    ``folder`` is that of the run, ``session`` tells this life of the daemon from
    others. Needs a loop on which real time passes: a plain one or a paced
    virtual one.
    """

    def __init__(
        self,
        folder: Path | str,
        session: str,
        verbs: Mapping[str, frozenset[str]] = VERBS,
    ) -> None:
        self.address = address_in(folder)
        self._feed = Feed(session)
        self._verbs = verbs
        self._lock: IO[str] | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._updates: zmq.Socket[bytes] | None = None
        self._commands: zmq.asyncio.Socket | None = None
        self._desk: Desk | None = None
        self._listening: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def open(self, handle: Handler, view: View) -> None:
        """Bind the sockets and begin to take commands.

        Raises `BusError` if another daemon has them, or they cannot be made.
        """
        prepare(self.address)
        self._lock = _locked(self.address.lock)
        self._feed.view = view
        self._desk = Desk(handle, self._feed, self._verbs)
        try:
            self._bind()
        except zmq.ZMQError as error:
            await self.close()
            raise BusError(f"{self.address.commands}: {error}; choose another folder") from None
        self._listening = asyncio.create_task(self._listen(), name="bus")

    def _bind(self) -> None:
        self._context = zmq.Context()
        commands, updates = self.address.endpoints()
        self._updates = self._context.socket(zmq.PUB)
        self._commands = zmq.asyncio.Socket(self._context, zmq.ROUTER)
        for socket in (self._updates, self._commands):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.MAXMSGSIZE, MAX_COMMAND_BYTES)
        self._updates.bind(updates)
        self._commands.bind(commands)
        for path in (self.address.commands, self.address.updates):
            os.chmod(path, 0o660)

    def publish(self, kind: str, body: Json) -> int:
        """Tell a change; return its number. Who is too slow misses it, and will see the gap."""
        delta = self._feed.next(kind, body)
        if self._updates is not None:
            self._updates.send(encode(delta), zmq.NOBLOCK)
        return delta.seq

    async def close(self) -> None:
        """End, after the commands that are being executed; their answers are still sent."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._answering:
            await asyncio.gather(*self._answering)
        for socket in (self._commands, self._updates):
            if socket is not None:
                socket.close()
        if self._context is not None:
            self._context.term()
        if self._lock is not None:
            self._lock.close()
        self._listening = self._commands = self._updates = self._context = self._lock = None

    async def _listen(self) -> None:
        assert self._commands is not None
        while True:
            sender, *parts = await self._commands.recv_multipart()
            task = asyncio.create_task(self._answer(sender, parts), name="bus-answer")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, sender: bytes, parts: list[bytes]) -> None:
        assert self._commands is not None
        assert self._desk is not None
        try:
            # A REQ client puts an empty frame before its message, a DEALER none.
            reply = await self._desk.answer(decode(parts[-1] if parts else b"", Command))
        except MessageError as error:
            reply = Reply("", accepted=False, reason=str(error))
        try:
            await self._commands.send_multipart([sender, *parts[:-1], encode(reply)])
        except zmq.ZMQError as error:
            log.warning("an answer could not be sent: %s", error)


def _locked(path: Path) -> IO[str]:
    """Take the lock that dies with this process: binding alone would steal a live socket."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BusError(
            f"another daemon runs in {path.parent}; stop it, or choose another folder"
        ) from None
    return file
