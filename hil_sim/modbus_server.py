"""A register bank served over Modbus, TCP or RTU framing, on any asyncio transport.

Thin on purpose: FC03, FC04, FC06 and FC16, one frame in, one frame out, in the
order received. So it runs as fast as the virtual loop and never hides a hazard
that a real device has.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from pymodbus.framer.rtu import FramerRTU

from drivers.codecs.registers import Table

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_READ, MAX_WRITE = 125, 123
_HEAD = struct.Struct(">HHHB")
_ASKED = struct.Struct(">HH")


@lru_cache(maxsize=256)
def _told(count: int) -> struct.Struct:
    return struct.Struct(f">BB{count}H")


@lru_cache(maxsize=256)
def _given(count: int) -> struct.Struct:
    return struct.Struct(f">{count}H")


@lru_cache(maxsize=1024)
def _crc(frame: bytes) -> int:
    """Return the checksum; the same few frames come all day."""
    return FramerRTU.compute_CRC(frame)


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
        self._tables = tuple(tables)
        # One place for each address, None where there is no register.
        self._words: list[int | None] = [None] * max(t.start + t.count for t in self._tables)
        # What each table was last put to: most refreshes change nothing.
        self._shown: dict[int, Mapping[str, int | str]] = {}
        # Of what state that is, where its device says so before it encodes it.
        self._states: dict[int, object] = {}
        # And what each reads as: a scan after every write asks for all.
        self._fields: dict[int, dict[str, int]] = {}
        for table in self._tables:
            self._words[table.start : table.start + table.count] = [0] * table.count
        self._refresh = refresh
        self._written = written

    def put(self, table: Table, values: Mapping[str, int | str]) -> None:
        """Set a whole table; fields that are not given become 0."""
        if self._shown.get(table.start) == values:
            return
        self._words[table.start : table.start + table.count] = table.encode(values)
        self._shown[table.start] = dict(values)
        self._fields.pop(table.start, None)

    def stale(self, table: Table, state: object) -> bool:
        """Tell whether a table must be put anew: for another state, or because it was written."""
        if self._states.get(table.start) == state:
            return False
        self._states[table.start] = state
        return True

    def count(self, table: Table, address: int, value: int) -> None:
        """Set the one register of a table that changes all the time, as a counter does."""
        self._words[address] = value
        self._fields.pop(table.start, None)

    def get(self, table: Table) -> Mapping[str, int]:
        """Return the numeric fields of a table."""
        fields = self._fields.get(table.start)
        if fields is None:
            words = self._registers(table.start, table.count)
            fields = self._fields[table.start] = table.decode(words)
        return fields

    def word(self, address: int) -> int:
        """Return one register of a table."""
        word = self._words[address]
        assert word is not None
        return word

    def read(self, start: int, count: int) -> list[int]:
        """Return registers as a client reads them. Raises `Refused`."""
        if not 1 <= count <= MAX_READ:
            raise Refused(ILLEGAL_VALUE)
        self._refresh()
        return self._registers(start, count)

    def write(self, start: int, values: list[int]) -> None:
        """Set registers as a client writes them. Raises `Refused`."""
        end = start + len(values)
        if end > len(self._words) or None in self._words[start:end]:
            raise Refused(ILLEGAL_ADDRESS)
        self._words[start:end] = values
        for table in self._tables:
            if start < table.start + table.count and table.start < end:
                self._shown.pop(table.start, None)
                self._states.pop(table.start, None)
                self._fields.pop(table.start, None)
        self._written()

    def _registers(self, start: int, count: int) -> list[int]:
        """Return what stands in registers. Raises `Refused` where there are none."""
        words: list[Any] = self._words[start : start + count]
        if len(words) < count or None in words:
            raise Refused(ILLEGAL_ADDRESS)
        return words


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
        address, number = _ASKED.unpack_from(request, 1)
        if function in (3, 4):
            words = self.bank.read(address, number)
            return _told(number).pack(function, 2 * number, *words)
        if function == 6:
            self.bank.write(address, [number])
            return request
        if not 1 <= number <= MAX_WRITE or request[5] != 2 * number:
            raise Refused(ILLEGAL_VALUE)
        self.bank.write(address, list(_given(number).unpack_from(request, 6)))
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
        pending = self._pending + data
        while len(pending) >= 8:
            number, protocol, length, unit = _HEAD.unpack_from(pending)
            if protocol != 0 or not 2 <= length <= 254:
                self._transport.close()
                self._pending = b""
                return
            if len(pending) < 6 + length:
                break
            request, pending = pending[7 : 6 + length], pending[6 + length :]
            if unit in (self._server.unit, 0, 255):
                reply = self._server.answer(request)
                self._transport.write(_HEAD.pack(number, 0, len(reply) + 1, unit) + reply)
        self._pending = pending


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
            if _crc(frame[:-2]) != int.from_bytes(frame[-2:], "big"):
                self._pending = b""
                return
            if frame[0] == self._server.unit:
                body = frame[:1] + self._server.answer(frame[1:-2])
                self._transport.write(body + _crc(body).to_bytes(2, "big"))
