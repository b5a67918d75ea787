"""One connection to a Modbus device: a question goes out, its answer comes or does not."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from drivers.interfaces import Failure

Framing = Literal["tcp", "rtu"]

_FRAMERS: dict[Framing, type[FramerBase]] = {"tcp": FramerSocket, "rtu": FramerRTU}
_NUMBERS = 0xFFFF
_MBAP = struct.Struct(">HHHB")
"""Number, protocol 0, bytes that follow, unit."""
_FRAMES = 64
"""So many questions are kept with their checksum."""
_UNDECODABLE = (ModbusException, ValueError, IndexError, struct.error)
"""What pymodbus raises at bytes that are no frame."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why there is no answer, in words."""

    reason: Failure
    detail: str


class Waiter(Protocol):
    """Who waits for an answer: a future, or somebody who is told in passing."""

    def done(self) -> bool:
        """Return whether it was answered, or nobody waits any more."""
        ...

    def set_result(self, result: bytes | Unanswered, /) -> None:
        """Tell the answer, or why there is none."""
        ...


class _Told:
    """Calls somebody with the answer."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Callable[[bytes | Unanswered], None]) -> None:
        self._tell: Callable[[bytes | Unanswered], None] | None = tell

    def done(self) -> bool:
        return self._tell is None

    def set_result(self, result: bytes | Unanswered, /) -> None:
        tell, self._tell = self._tell, None
        assert tell is not None
        tell(result)


class ModbusWire(asyncio.Protocol):
    """The client's end of one connection; one question at a time.

    ``stray`` is told how many bytes came that nobody waited for. What answers another
    question (of another unit, or with another number) is passed over; the deadline says so.
    """

    def __init__(self, framing: Framing, unit: int, stray: Callable[[int], None]) -> None:
        self._framer = _FRAMERS[framing](DecodePDU(is_server=False))
        # RTU frames bear no number.
        self._numbered = framing == "tcp"
        self._unit = unit
        self._stray = stray
        self._number = 0
        self._pending = b""
        self._passed_over = ""
        self._frames: dict[bytes, bytes] = {}
        self._transport: Any = None
        self._waiter: Waiter | None = None

    @property
    def usable(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, pdu: bytes, seconds: float) -> bytes | Unanswered:
        """Send a request PDU, once; return the PDU of its answer, by a deadline of link time.

        After anything but an answer, also after a cancellation, the caller must close the
        connection: the answer may still come.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bytes | Unanswered] = loop.create_future()
        deadline = loop.call_later(seconds, self._late, waiter, seconds)
        try:
            self._send(pdu, waiter)
            return await waiter
        finally:
            deadline.cancel()
            self._waiter = None

    def ask_in_passing(self, pdu: bytes, tell: Callable[[bytes | Unanswered], None]) -> None:
        """Send a request PDU, once; call with the PDU of its answer when it comes.

        The deadline is the caller's; what else holds for `ask` holds here.
        """
        self._send(pdu, _Told(tell))

    def _send(self, pdu: bytes, waiter: Waiter) -> None:
        if self._numbered:
            self._number = self._number % _NUMBERS + 1
        self._pending, self._passed_over = b"", ""
        self._waiter = waiter
        self._transport.write(self._framed(pdu))

    def _framed(self, pdu: bytes) -> bytes:
        if self._numbered:
            return _MBAP.pack(self._number, 0, len(pdu) + 1, self._unit) + pdu
        frame = self._frames.get(pdu)
        if frame is None:
            frame = self._frames[pdu] = self._framer.encode(pdu, self._unit, 0)
            if len(self._frames) > _FRAMES:
                self._frames.clear()
        return frame

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Look for the answer in what came."""
        if self._waiter is None or self._waiter.done():
            self._stray(len(data))
            return
        self._pending += data
        if self._numbered and self._is_the_answer():
            answer, self._pending = self._pending[7:], b""
            self._waiter.set_result(answer)
            return
        try:
            self._search(self._waiter)
        except _UNDECODABLE as error:
            self._fail(Failure.BAD_REPLY, f"undecodable reply: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait: nothing more will come."""
        self._fail(Failure.NO_REPLY, f"line lost: {exc or 'closed'}")

    def _is_the_answer(self) -> bool:
        """Tell whether one frame came that answers the question, and no byte beside it."""
        size = len(self._pending)
        return size > 8 and self._pending[:7] == _MBAP.pack(self._number, 0, size - 6, self._unit)

    def _search(self, waiter: Waiter) -> None:
        while self._pending:
            used, unit, number, pdu = self._framer.decode(self._pending)
            if not used:
                return
            self._pending = self._pending[used:]
            if not pdu:
                continue
            if unit == self._unit and number in (0, self._number):
                # Strays first: whoever is told may ask again at once.
                if self._pending:
                    self._stray(len(self._pending))
                waiter.set_result(pdu)
                return
            self._passed_over = f"; unit {unit} answered question {number}"

    def _late(self, waiter: Waiter, seconds: float) -> None:
        if not waiter.done():
            reason = Failure.BAD_REPLY if self._passed_over else Failure.NO_REPLY
            detail = f"no answer within {seconds:g} s{self._passed_over}"
            waiter.set_result(Unanswered(reason, detail))

    def _fail(self, reason: Failure, why: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Unanswered(reason, why))
