"""Between a driver and its line: an ear that hears what comes, a mouth that says what goes.

Wrappers of `Lines` subclass `Ear`; drivers above and lines below notice nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


class Ear(asyncio.Protocol):
    """Between transport and protocol: passes everything on; ``inner`` is the driver's protocol."""

    def __init__(self, inner: asyncio.BaseProtocol) -> None:
        self.inner: Any = inner
        self.closed = False
        self._mouth: Mouth | None = None

    def said(self, data: bytes) -> None:
        """Hear what the driver says, before it goes; to be overridden."""

    def ended(self, error: Exception | None) -> None:
        """Hear that the other side or the line ended the connection; to be overridden."""

    def given_up(self) -> None:
        """Hear that the driver closes the connection; to be overridden."""

    def mouth(self, transport: asyncio.BaseTransport) -> Mouth:
        """Return the transport that the protocol sees: always the same."""
        if self._mouth is None:
            self._mouth = Mouth(transport, self)
        return self._mouth

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass it on."""
        self.inner.connection_made(self.mouth(transport))

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        kept: bool | None = self.inner.eof_received()
        return kept

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on; tell `ended` unless the driver had closed before."""
        if not self.closed:
            self.closed = True
            self.ended(exc)
        self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self.inner.resume_writing()


class Mouth(asyncio.Transport):
    """The transport that a driver sees: tells the ear what it says and that it closes."""

    def __init__(self, transport: asyncio.BaseTransport, ear: Ear) -> None:
        super().__init__()
        self._transport: Any = transport
        self._ear = ear
        # Most of what passes, passes here: what is not needed on the way is left out.
        self.is_closing = transport.is_closing  # type: ignore[method-assign]  # a short cut
        if type(ear).said is Ear.said:
            self.write = transport.write  # type: ignore[attr-defined,method-assign]  # likewise

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Say bytes."""
        if not self._transport.is_closing():
            self._ear.said(bytes(data))
        self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Say them as one."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Close the connection."""
        self._note_close()
        self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._note_close()
        self._transport.abort()

    def _note_close(self) -> None:
        if not self._ear.closed and not self._transport.is_closing():
            self._ear.closed = True
            self._ear.given_up()

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        closing: bool = self._transport.is_closing()
        return closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the driver's protocol."""
        protocol: asyncio.BaseProtocol = self._ear.inner
        return protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Put another protocol behind the ear."""
        self._ear.inner = protocol

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what the transport below knows."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Pass it on."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Pass it on."""
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        """Return whether it reads."""
        reading: bool = self._transport.is_reading()
        return reading

    def write_eof(self) -> None:
        """Pass it on."""
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        """Return what the transport below can."""
        can: bool = self._transport.can_write_eof()
        return can

    def get_write_buffer_size(self) -> int:
        """Return what waits below, bytes."""
        size: int = self._transport.get_write_buffer_size()
        return size

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Pass it on."""
        self._transport.set_write_buffer_limits(high, low)
