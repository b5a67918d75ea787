"""Serve simulated devices on real wires: pseudo-terminals under stable links, and TCP ports."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from drivers.lines import Bench, LineError, Port, ProtocolFactory


class Wires:
    """Implements `drivers.lines.Listener`; `open` brings everything up, `close` takes it down.

    ``memory://`` URLs are left to the bench of the same process: such a device is virtual.
    Nothing is put at the URLs in ``absent``: there is a real device, or none.
    """

    def __init__(self, bench: Bench | None = None, *, absent: Collection[str] = ()) -> None:
        self.bench = bench or Bench()
        self._absent = frozenset(absent)
        self._ports: dict[str, Port] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self._ptys: dict[str, Pty] = {}

    def listen(self, url: str, factory: ProtocolFactory) -> Port:
        """Put a device at a URL; it can be reached once the wires are opened."""
        if url.startswith("memory:"):
            return self.bench.listen(url, factory)
        port = Port(factory)
        if url not in self._absent:
            self._ports[url] = port
        return port

    async def open(self) -> None:
        """Open every wire. Raises `LineError` naming the one that cannot be had."""
        for url in self._ports:
            await self.plug(url)

    async def plug(self, url: str) -> None:
        """Bring one wire up. Raises `LineError` if it cannot be had."""
        parts, port = urlsplit(url), self._ports[url]
        try:
            if parts.scheme == "tcp":
                host, number = parts.hostname or "127.0.0.1", parts.port or 0
                loop = asyncio.get_running_loop()
                self._servers[url] = await loop.create_server(lambda: Tapped(port), host, number)
            else:
                self._ptys[url] = Pty(Path(parts.path), port)
        except OSError as error:
            raise LineError(f"{url}: cannot be served: {error}") from error

    def unplug(self, url: str) -> None:
        """Take one wire down, as a pulled cable or a switched-off device does."""
        if url in self._servers:
            self._servers.pop(url).close()
        if url in self._ptys:
            self._ptys.pop(url).close()
        self._ports[url].hang_up()

    def port(self, url: str) -> Port:
        """Return the port of a wire, where its faults are put. Raises KeyError for another URL."""
        return self._ports[url]

    async def close(self) -> None:
        """Close every wire."""
        servers = list(self._servers.values())
        for url in (*self._servers, *self._ptys):
            self.unplug(url)
        for server in servers:
            await server.wait_closed()


class Tapped(asyncio.Protocol):
    """One connection on a real wire, with the port's taps between wire and device."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._device: Any = port.factory()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the wire to the device, unless it is unplugged."""
        assert isinstance(transport, asyncio.Transport)
        if not self._port.plugged:
            transport.abort()
            return
        self._port.open = [*(t for t in self._port.open if not t.is_closing()), transport]
        self._device.connection_made(_TappedTransport(transport, self._port))

    def data_received(self, data: bytes) -> None:
        """Let the tap decide what the device hears."""
        self._port.to_device(data, self._device.data_received)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the device."""
        self._device.connection_lost(exc)


class _TappedTransport(asyncio.Transport):
    """What the device writes to: through the tap, then onto the wire."""

    def __init__(self, wire: asyncio.Transport, port: Port) -> None:
        super().__init__()
        self._wire, self._port = wire, port

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._port.to_client(bytes(data), self._forward)

    def _forward(self, data: bytes) -> None:
        if not self._wire.is_closing():
            self._wire.write(data)

    def is_closing(self) -> bool:
        return self._wire.is_closing()

    def close(self) -> None:
        self._wire.close()

    def abort(self) -> None:
        self._wire.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  as asyncio has it
        return self._wire.get_extra_info(name, default)


class Pty:
    """A pseudo-terminal that stands for a serial port: the link is where its client opens it.

    The simulator holds both ends, so the port stays while clients come and go, as a
    real one does; the device is connected all the time.
    """

    def __init__(self, link: Path, port: Port) -> None:
        self._link = link
        self._master, self._slave = os.openpty()
        for end in (self._master, self._slave):
            tty.setraw(end)
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(os.ttyname(self._slave))
        self._protocol = Tapped(port)
        self._transport = _PtyTransport(self._master, self._protocol)
        self._protocol.connection_made(self._transport)

    def close(self) -> None:
        """Take the port away."""
        self._transport.close()
        os.close(self._slave)
        with suppress(FileNotFoundError):
            self._link.unlink()


class _PtyTransport(asyncio.Transport):
    """The device's end of a pseudo-terminal."""

    def __init__(self, master: int, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._master, self._protocol, self._open = master, protocol, True
        self._loop.add_reader(master, self._read)

    def _read(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            self._protocol.data_received(os.read(self._master, 4096))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        # A full buffer means that nobody reads: those bytes are gone, as on a real line.
        if self._open:
            with suppress(BlockingIOError, InterruptedError):
                os.write(self._master, data)

    def is_closing(self) -> bool:
        return not self._open

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._master)
            os.close(self._master)
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()
