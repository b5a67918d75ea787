"""The bus within one process: for virtual time and for tests, with the same calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from controller.bus.address import BusError
from controller.bus.core import Desk, Feed, Handler, View
from controller.messages import (
    VERBS,
    Command,
    Delta,
    Json,
    Reply,
    Snapshot,
    decode,
    encode,
)


class Subscription:
    """The changes since the subscription, in order."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def deliver(self, raw: bytes) -> None:
        """Add a delta as it stands on the wire."""
        self._waiting.put_nowait(raw)

    async def next(self) -> Delta:
        """Wait for the next delta."""
        return decode(await self._waiting.get(), Delta)


class LocalBus:
    """Implements `Bus` in this process; messages still pass as JSON, so both buses refuse alike."""

    def __init__(self, session: str = "local", verbs: Mapping[str, frozenset[str]] = VERBS) -> None:
        self._feed = Feed(session)
        self._verbs = verbs
        self._desk: Desk | None = None
        self._subscriptions: list[Subscription] = []

    async def open(self, handle: Handler, view: View) -> None:
        """Begin to take commands."""
        self._feed.view = view
        self._desk = Desk(handle, self._feed, self._verbs)

    def publish(self, kind: str, body: Json) -> int:
        """Tell a change; return its number."""
        raw = encode(self._feed.next(kind, body))
        for subscription in self._subscriptions:
            subscription.deliver(raw)
        return self._feed.seq

    async def close(self) -> None:
        """End, after the commands that are being executed."""
        if self._desk is not None:
            desk, self._desk = self._desk, None
            await desk.idle()

    def subscribe(self) -> Subscription:
        """Return what is told from now on."""
        self._subscriptions.append(Subscription())
        return self._subscriptions[-1]

    async def request(self, command: Command) -> Reply:
        """Give a command; return its answer. Raises `BusError` when the bus is not open."""
        if self._desk is None:
            raise BusError("no daemon answers on this bus; open it first")
        reply = await self._desk.answer(decode(encode(command), Command))
        return decode(encode(reply), Reply)

    async def snapshot(self) -> Snapshot:
        """Return the state as of now."""
        reply = await self.request(Command("", "snapshot"))
        return Snapshot(**reply.body)
