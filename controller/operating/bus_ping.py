"""Ask the daemon's own bus over its own socket: the only proof that it answers."""

from __future__ import annotations

from pathlib import Path

import zmq
import zmq.asyncio

from controller.bus import address_in
from controller.messages import PING, Command, MessageError, Reply, decode, encode
from runtime import DeadlineError, unique_id, within

ANSWER_S = 2.0


class BusPing:
    """One connection to the bus of a run's folder; `close` it in the end."""

    def __init__(self, folder: Path) -> None:
        self._endpoint = address_in(folder).endpoints()[0]
        self._context = zmq.asyncio.Context()

    async def answers(self, within_s: float = ANSWER_S) -> bool:
        """Return whether the bus answers in time, s of link time."""
        command = Command(unique_id(), PING)
        # A socket for each question: no late answer is left for the next one.
        with self._context.socket(zmq.DEALER) as dealer:
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.connect(self._endpoint)
            try:
                async with within(within_s, "the bus"):
                    await dealer.send(encode(command))
                    reply = decode(await dealer.recv(), Reply)
            except (DeadlineError, MessageError, zmq.ZMQError):
                return False
        return reply.id == command.id

    def close(self) -> None:
        """Let go of the connection."""
        self._context.term()
