"""Byte lines: serial, TCP and in-memory, behind one seam.

A line is named by a URL and opened with an asyncio protocol factory; what is
above sees a transport and cannot tell which kind it is.

- ``tcp://host:port``
- ``serial:///dev/ttyUSB0?baud=115200``
- ``memory://name``  (a simulated device in the same process, on a `Bench`)
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs, urlsplit

import serial

ProtocolFactory = Callable[[], asyncio.BaseProtocol]
Connection = tuple[asyncio.BaseTransport, asyncio.BaseProtocol]


class LineError(OSError):
    """The line cannot be opened, or is gone; the message names it and says what to do."""


class Lines(Protocol):
    """Opens lines by URL."""

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Open the line and give its transport to a protocol made by the factory.

        Raises `LineError` if it cannot be opened.
        """
        ...


# A tap sees (and may change, delay or swallow) what passes: the bytes, and how to send them on.
Tap = Callable[[bytes, Callable[[bytes], None]], None]


def _pass(data: bytes, forward: Callable[[bytes], None]) -> None:
    forward(data)


@dataclass(slots=True)
class Port:
    """Where a simulated device listens; the taps are where its faults are put."""

    factory: ProtocolFactory
    to_device: Tap = _pass
    to_client: Tap = _pass
    plugged: bool = True
    open: list[asyncio.Transport] = field(default_factory=list)

    def unplug(self) -> None:
        """Drop every connection and refuse new ones until plugged in again."""
        self.plugged = False
        self.hang_up()

    def hang_up(self) -> None:
        """Drop every connection; new ones are accepted."""
        for transport in self.open:
            transport.close()
        self.open.clear()


class MemoryTransport(asyncio.Transport):
    """One end of an in-memory wire; bytes arrive at the peer on the next turn of the loop.

    ``tap`` names the one of the port's that what is written here passes. It is looked up at
    each packet: a fault may be put on a wire that is already in use.
    """

    def __init__(
        self,
        name: str,
        protocol: asyncio.BaseProtocol,
        port: Port,
        tap: Literal["to_device", "to_client"],
    ) -> None:
        super().__init__({"peername": name})
        self._loop = asyncio.get_running_loop()
        self._protocol: Any = protocol
        self._port = port
        self._inward = tap == "to_device"
        self._open = True
        self.peer: MemoryTransport | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the peer, through the tap."""
        if self._open:
            port = self._port
            (port.to_device if self._inward else port.to_client)(bytes(data), self._forward)

    def _forward(self, data: bytes) -> None:
        if self.peer is not None:
            self._loop.call_soon(self.peer.deliver, data)

    def deliver(self, data: bytes) -> None:
        """Give arriving bytes to the protocol, unless this end is closed."""
        if self._open:
            self._protocol.data_received(data)

    def is_closing(self) -> bool:
        """Return whether this end is closed."""
        return not self._open

    def close(self) -> None:
        """Close both ends."""
        self._drop(None)
        if self.peer is not None:
            self.peer._drop(None)

    def abort(self) -> None:
        """Close at once, as a pulled plug does."""
        self.close()

    def _drop(self, error: Exception | None) -> None:
        if self._open:
            self._open = False
            self._loop.call_soon(self._protocol.connection_lost, error)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol at this end."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol at this end."""
        self._protocol = protocol

    def pause_reading(self) -> None:
        """Ignore the wish: nothing accumulates on an in-memory wire."""

    def resume_reading(self) -> None:
        """Ignore the wish."""

    def can_write_eof(self) -> bool:
        """Return False: a wire has no half-close."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return 0: nothing is buffered."""
        return 0


class Listener(Protocol):
    """Takes simulated devices that want to be reached under a URL."""

    def listen(self, url: str, factory: ProtocolFactory) -> Port:
        """Put a device at a URL; a protocol is made for each connection."""
        ...


class Bench:
    """The in-memory wires of one simulated lab."""

    def __init__(self) -> None:
        self.ports: dict[str, Port] = {}

    def listen(self, url: str, factory: ProtocolFactory) -> Port:
        """Put a device at ``memory://name``; a protocol is made for each connection."""
        port = self.ports[_memory_name(url)] = Port(factory)
        return port

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Connect a client to a device on this bench. Raises `LineError` if nobody listens."""
        port = self.ports.get(_memory_name(url))
        if port is None or not port.plugged:
            raise LineError(f"{url}: no device answers; is it switched on and plugged in?")
        client_protocol, device_protocol = factory(), port.factory()
        client = MemoryTransport(url, client_protocol, port, "to_device")
        device = MemoryTransport(url, device_protocol, port, "to_client")
        client.peer, device.peer = device, client
        port.open = [*(t for t in port.open if not t.is_closing()), client]
        device_protocol.connection_made(device)
        client_protocol.connection_made(client)
        return client, client_protocol


class SystemLines:
    """TCP and serial lines of this machine."""

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Open ``tcp://`` or ``serial://``. Raises `LineError`."""
        parts = urlsplit(url)
        try:
            if parts.scheme == "tcp" and parts.hostname and parts.port:
                loop = asyncio.get_running_loop()
                return await loop.create_connection(factory, parts.hostname, parts.port)
            if parts.scheme == "serial" and parts.path:
                baud = int(parse_qs(parts.query).get("baud", ["9600"])[0])
                return open_serial(parts.path, baud, factory)
        except (OSError, ValueError) as error:
            raise LineError(f"{url}: {plain(error)}") from error
        raise LineError(
            f"{url}: not a line; write tcp://host:port, serial:///dev/name?baud=9600 "
            "or memory://name"
        )


class LabLines:
    """Every kind of line of a mixed lab: in-memory ones from a bench, the rest from the system."""

    def __init__(self, bench: Bench | None = None) -> None:
        self._bench = bench
        self._system = SystemLines()
        self._opened: list[asyncio.BaseTransport] = []
        self._cut = False

    async def connect(self, url: str, factory: ProtocolFactory) -> Connection:
        """Open any line. Raises `LineError`."""
        if self._cut:
            raise LineError(f"{url}: the lines of this process are cut")
        if url.startswith("memory:"):
            if self._bench is None:
                raise LineError(f"{url}: memory lines need the simulated lab in the same process")
            connection = await self._bench.connect(url, factory)
        else:
            connection = await self._system.connect(url, factory)
        self._opened = [*(t for t in self._opened if not t.is_closing()), connection[0]]
        return connection

    def cut(self) -> None:
        """Drop every line at once and for good, as the death of the process does."""
        self._cut = True
        for transport in self._opened:
            abort = getattr(transport, "abort", transport.close)
            abort()
        self._opened.clear()


class SerialTransport(asyncio.Transport):
    """A pyserial port on the loop's reader: no thread, no blocking call."""

    def __init__(self, port: serial.Serial, protocol: asyncio.BaseProtocol) -> None:
        super().__init__({"peername": port.port})
        self._loop = asyncio.get_running_loop()
        self._serial = port
        self._protocol: Any = protocol
        self._pending = bytearray()
        self._loop.add_reader(port.fileno(), self._read)
        self._loop.call_soon(protocol.connection_made, self)

    def _read(self) -> None:
        try:
            data = os.read(self._serial.fileno(), 4096)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._drop(error)
            return
        # Readable and empty means hung up, or that somebody else reads the same port.
        if data:
            self._protocol.data_received(data)
        else:
            self._drop(LineError(f"{self._serial.port}: disconnected"))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; what the driver does not take now goes when it is ready."""
        if self.is_closing():
            return
        self._pending += data
        self._flush()

    def _flush(self) -> None:
        try:
            sent = os.write(self._serial.fileno(), self._pending)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._drop(error)
            return
        del self._pending[:sent]
        if self._pending:
            self._loop.add_writer(self._serial.fileno(), self._flush)
        else:
            self._loop.remove_writer(self._serial.fileno())

    def is_closing(self) -> bool:
        """Return whether the port is closed."""
        return not self._serial.is_open

    def close(self) -> None:
        """Close the port."""
        self._drop(None)

    def abort(self) -> None:
        """Close the port; pending bytes are dropped."""
        self._drop(None)

    def _drop(self, error: Exception | None) -> None:
        if not self._serial.is_open:
            return
        descriptor = self._serial.fileno()
        self._loop.remove_reader(descriptor)
        self._loop.remove_writer(descriptor)
        with suppress(OSError, termios.error):
            self._serial.close()
        self._loop.call_soon(self._protocol.connection_lost, error)


def open_serial(path: str, baud: int, factory: ProtocolFactory) -> Connection:
    """Open a serial port 8N1, exclusively, without blocking.

    Raises `LineError` if it does not exist or another process has it.
    """
    try:
        port = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, OSError) as error:
        raise LineError(f"{path}: cannot open at {baud} baud: {plain(error)}") from error
    os.set_blocking(port.fileno(), False)
    protocol = factory()
    return SerialTransport(port, protocol), protocol


def plain(error: OSError | ValueError) -> str:
    """Return in plain words why a line cannot be opened; the system's own where we have none."""
    if isinstance(error, socket.gaierror):
        return "no machine of this name is known"
    code = getattr(error, "errno", None)
    # A name with two addresses, such as localhost, is refused twice in one error.
    if code == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "refused: the machine answers, but nothing listens on this port"
    if code == errno.ENOENT:
        return "no such port"
    if code == errno.EAGAIN:
        return "another process has it: end that one first"
    if code == errno.EACCES:
        return "not allowed: this user must be of the group of the port, dialout"
    return str(error)


def _memory_name(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "memory" or not parts.netloc:
        raise LineError(f"{url}: write memory://name")
    return parts.netloc
