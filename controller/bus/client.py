"""The client's side of the bus, for the command line: one request, one answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import zmq

from controller.bus.address import BusError, address_in
from controller.messages import (
    MAX_BYTES,
    PING,
    SNAPSHOT,
    Command,
    Delta,
    Follower,
    MessageError,
    Reply,
    Snapshot,
    decode,
    encode,
)
from runtime import unique_id

M = TypeVar("M", Reply, Delta)

TRIES = 2


class NoDaemonError(BusError):
    """Nobody answers; the message says how to start a daemon."""


class BusClient:
    """Talks to the daemon of a run's folder; use it as a context manager."""

    def __init__(self, folder: Path | str, by: str = "command line") -> None:
        self._address = address_in(folder)
        self._folder = str(folder)
        self._by = by
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()

    def __enter__(self) -> BusClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the sockets."""
        self._context.term()

    def request(self, verb: str, *, timeout: float = 5.0, **args: Any) -> Reply:  # noqa: ANN401  # what JSON knows
        """Give a command and return its answer; ``timeout`` in s, for each of two tries.

        The second try has the same id, so nothing is executed twice. Raises
        `NoDaemonError` when nobody listens, or nobody answers in time.
        """
        command = Command(unique_id(), verb, args, self._by)
        return self.send(command, timeout)

    def send(self, command: Command, timeout: float = 5.0) -> Reply:
        """Give a command that has its id already."""
        self._knock()
        for _ in range(TRIES):
            with self._socket(zmq.DEALER, self._address.endpoints()[0]) as dealer:
                dealer.send(encode(command))
                if dealer.poll(int(timeout * 1000)):
                    return _read(dealer.recv(), Reply)
        raise NoDaemonError(
            f"the daemon of {self._folder} took the connection but did not answer within "
            f"{TRIES * timeout:g} s; look at its log, and for whether the command "
            f"{command.id} was taken before giving it again"
        )

    def follow(self, timeout: float = 5.0) -> Iterator[Snapshot | Delta]:
        """Yield the state, then every change; after a gap the state again.

        Ends when nothing came for ``timeout`` seconds. Raises `NoDaemonError`.
        """
        follower = Follower()
        self._knock()
        with self._socket(zmq.SUB, self._address.endpoints()[1]) as updates:
            updates.setsockopt(zmq.SUBSCRIBE, b"")
            while True:
                if follower.lost:
                    snapshot = self._snapshot(timeout)
                    follower.begin(snapshot)
                    yield snapshot
                if updates.poll(int(timeout * 1000)):
                    delta = _read(updates.recv(), Delta)
                    if follower.offer(delta):
                        yield delta
                    continue
                # A subscription takes effect a little after it is made: a change may have
                # passed unseen in between, and none after it would show the gap.
                at = self.request(PING, timeout=timeout).body
                if not follower.behind(at["session"], at["seq"]):
                    return

    def _snapshot(self, timeout: float) -> Snapshot:
        reply = self.request(SNAPSHOT, timeout=timeout)
        return Snapshot(**reply.body)

    def _knock(self) -> None:
        """Find out at once whether anybody listens; ZeroMQ alone would wait for ever."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._address.commands))
            except OSError:
                raise NoDaemonError(
                    f"no daemon answers at {self._folder}; start one with: hardlab daemon "
                    f"--config lab.toml --manifest tray.csv --out {self._folder}"
                ) from None

    @contextmanager
    def _socket(self, kind: int, endpoint: str) -> Iterator[zmq.Socket[bytes]]:
        with self._context.socket(kind) as opened:
            opened.setsockopt(zmq.LINGER, 0)
            opened.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
            opened.connect(endpoint)
            yield opened


def _read(raw: bytes, kind: type[M]) -> M:
    try:
        return decode(raw, kind)
    except MessageError as error:
        raise BusError(f"the daemon speaks another language: {error}; use one version") from None
