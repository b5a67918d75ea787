"""A register bank served over Modbus, TCP or RTU framing, on any asyncio transport.

Thin on purpose: FC03, FC04, FC06 and FC16, one frame in, one frame out, in the
order received. So it runs as fast as the virtual loop and never hides a hazard
that a real device has.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pymodbus.framer.rtu import FramerRTU

from drivers.codecs.registers import Table

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_READ, MAX_WRITE = 125, 123


class Refused(Exception):  # noqa: N818  (it is an answer, not an error)
    """The device answers with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def _ignore() -> None: ...


class RegisterBank:
    """Holding registers of some tables; every other address is refused.

    ``refresh`` is called before a read, ``written`` after a write; both may `put`.
    """

    def __init__(
        self,
        tables: Iterable[Table],
        refresh: Callable[[], None] = _ignore,
        written: Callable[[], None] = _ignore,
    ) -> None:
        self._words: dict[int, int] = {}
        # What each table was last put to: most refreshes change nothing.
        self._shown: dict[int, Mapping[str, int | str]] = {}
        # And what each reads as: a scan after every write asks for all.
        self._fields: dict[int, dict[str, int]] = {}
        self._tables = tuple(tables)
        for table in self._tables:
            self._words.update(dict.fromkeys(range(table.start, table.start + table.count), 0))
        self._refresh = refresh
        self._written = written

    def put(self, table: Table, values: Mapping[str, int | str]) -> None:
        """Set a whole table; fields that are not given become 0."""
        if self._shown.get(table.start) == values:
            return
        self._words.update(enumerate(table.encode(values), table.start))
        self._shown[table.start] = dict(values)
        self._fields.pop(table.start, None)

    def get(self, table: Table) -> Mapping[str, int]:
        """Return the numeric fields of a table."""
        fields = self._fields.get(table.start)
        if fields is None:
            words = [self._words[table.start + i] for i in range(table.count)]
            fields = self._fields[table.start] = table.decode(words)
        return fields

    def read(self, start: int, count: int) -> list[int]:
        """Return registers as a client reads them. Raises `Refused`."""
        if not 1 <= count <= MAX_READ:
            raise Refused(ILLEGAL_VALUE)
        self._refresh()
        try:
            return [self._words[address] for address in range(start, start + count)]
        except KeyError:
            raise Refused(ILLEGAL_ADDRESS) from None

    def write(self, start: int, values: list[int]) -> None:
        """Set registers as a client writes them. Raises `Refused`."""
        if any(address not in self._words for address in range(start, start + len(values))):
            raise Refused(ILLEGAL_ADDRESS)
        self._words.update(enumerate(values, start))
        for table in self._tables:
            if start < table.start + table.count and table.start < start + len(values):
                self._shown.pop(table.start, None)
                self._fields.pop(table.start, None)
        self._written()


class ModbusServer:
    """Serves a bank; call it to get a protocol for one connection."""

    def __init__(
        self, bank: RegisterBank, unit: int = 1, framing: Literal["tcp", "rtu"] = "tcp"
    ) -> None:
        self.bank = bank
        self.unit = unit
        self.framing = framing

    def __call__(self) -> asyncio.Protocol:
        """Return a protocol for one connection."""
        return _Rtu(self) if self.framing == "rtu" else _Tcp(self)

    def answer(self, request: bytes) -> bytes:
        """Return the reply PDU for a request PDU."""
        function = request[0]
        try:
            return self._perform(function, request)
        except Refused as refused:
            return bytes((function | 0x80, refused.code))
        except struct.error:
            return bytes((function | 0x80, ILLEGAL_VALUE))

    def _perform(self, function: int, request: bytes) -> bytes:
        if function not in (3, 4, 6, 16):
            raise Refused(ILLEGAL_FUNCTION)
        address, number = struct.unpack_from(">HH", request, 1)
        if function in (3, 4):
            words = self.bank.read(address, number)
            return struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)
        if function == 6:
            self.bank.write(address, [number])
            return request
        if not 1 <= number <= MAX_WRITE or request[5] != 2 * number:
            raise Refused(ILLEGAL_VALUE)
        self.bank.write(address, list(struct.unpack_from(f">{number}H", request, 6)))
        return request[:5]


class _Tcp(asyncio.Protocol):
    """MBAP header: transaction, protocol 0, length, unit."""

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._pending = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= 8:
            protocol, length = struct.unpack_from(">HH", self._pending, 2)
            if protocol != 0 or not 2 <= length <= 254:
                self._transport.close()
                self._pending = b""
                return
            if len(self._pending) < 6 + length:
                return
            frame, self._pending = self._pending[: 6 + length], self._pending[6 + length :]
            if frame[6] in (self._server.unit, 0, 255):
                reply = self._server.answer(frame[7:])
                head = struct.pack(">HHH", *struct.unpack_from(">HH", frame), len(reply) + 1)
                self._transport.write(head + frame[6:7] + reply)


class _Rtu(asyncio.Protocol):
    """Unit, PDU, CRC; a frame that is not whole and sound is not answered."""

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._pending = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= 8:
            # FC15 as well, which we refuse: the refusal must be an answer, not silence.
            size = 9 + self._pending[6] if self._pending[1] in (15, 16) else 8
            if len(self._pending) < size:
                return
            frame, self._pending = self._pending[:size], self._pending[size:]
            if FramerRTU.compute_CRC(frame[:-2]) != int.from_bytes(frame[-2:], "big"):
                self._pending = b""
                return
            if frame[0] == self._server.unit:
                body = frame[:1] + self._server.answer(frame[1:-2])
                self._transport.write(body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))
