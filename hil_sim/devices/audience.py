"""Everybody who listens to a device that speaks to all of them at once."""

from __future__ import annotations

import asyncio


class Audience:
    """The open connections of one device; whoever has hung up is forgotten."""

    def __init__(self) -> None:
        self._wires: list[asyncio.WriteTransport] = []

    def join(self, transport: asyncio.BaseTransport) -> None:
        """Let a new connection hear what is said from now on."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._wires = [*self._listening(), transport]

    def tell(self, data: bytes) -> None:
        """Say it to all who listen; to nobody if there is nobody."""
        for wire in self._listening():
            wire.write(data)

    def _listening(self) -> list[asyncio.WriteTransport]:
        return [wire for wire in self._wires if not wire.is_closing()]
