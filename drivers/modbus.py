"""One Modbus device on one line: one transaction at a time, and every failure a value.

The client of pymodbus does framing and transaction numbers. What it does by
default would cost a block: it sends a write again when the reply is late,
returns exception replies as if they were data, and on RTU takes a late answer
for the next one. This link sends once, checks, and throws a line away after a
time-out (protocol notes: docs/decisions/0002-mailbox-and-epoch.md).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Literal

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from drivers.codecs.registers import Table
from drivers.interfaces import Done, Failure, NotDone, Outcome, Unknown
from drivers.lines import Connection, LineError, Lines
from runtime import heed_cancellation

Framing = Literal["tcp", "rtu"]

Reading = Callable[[Table], Awaitable[Outcome[list[int]]]]
Meeting = Callable[[Reading], Awaitable[NotDone | None]]
"""Looks by the reading given who is at the other end; None when it is the right device."""

_FRAMERS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU}
# Codes by which a device says that it did not begin: function, address, value, busy.
# Others (device failure, acknowledge, gateway) may come after it began.
_NOT_BEGUN = frozenset({1, 2, 3, 6})
_BUSY = frozenset({5, 6})
"""Codes of a device that is the right one and has something else to do."""
_GATEWAY = frozenset({10, 11})
"""Codes by which a gateway says that nobody answers behind it."""


class ModbusLink:
    """A device behind a Modbus line, TCP or RTU framing, on any line of `Lines`.

    ``reply_s`` is the deadline of each connect and each reply, in seconds of link
    time. ``quiet_s`` is, for RTU, the worst latency of a late answer: after a
    time-out nothing is asked before so much silence, because RTU answers carry
    no number. The line is opened on first use and again after it was lost.
    """

    read_function: ClassVar[int] = 3

    def __init__(
        self,
        lines: Lines,
        url: str,
        *,
        unit: int = 1,
        framing: Framing = "tcp",
        reply_s: float = 1.0,
        quiet_s: float = 1.0,
    ) -> None:
        self.url = url
        self._answered_s = -math.inf
        self.discarded = 0
        self._lines = lines
        self._unit = unit
        self._framing: Framing = framing
        self._reply_s = reply_s
        self._quiet_s = quiet_s if framing == "rtu" else 0.0
        self._quiet_until = 0.0
        self._lock = asyncio.Lock()
        self._client: AsyncModbusTcpClient | None = None
        self._trouble = ""
        self._meeting: Meeting | None = None
        self._met = False

    def meet(self, meeting: Meeting) -> None:
        """Begin every connection with a look at who is there.

        A line may come back with another device at its end; nothing is asked of it, and
        above all nothing is written to it, before it was met. A stranger is `NotDone`.
        """
        self._meeting = meeting

    async def read(self, table: Table) -> Outcome[list[int]]:
        """Read a table of holding registers (FC03); asked once more if no answer came.

        A failed read is always `NotDone`: reading changes nothing.
        """
        outcome = await self._read_once(table)
        match outcome:
            case NotDone(reason=Failure.NO_REPLY | Failure.BAD_REPLY):
                return await self._read_once(table)
        return outcome

    async def write(self, table: Table, registers: list[int]) -> Outcome[None]:
        """Write a whole table in one FC16, once.

        `NotDone` if the line could not be opened or the device refused; `Unknown`
        if it was sent and no valid answer came. Raises ValueError when the number
        of registers is not the table's.
        """
        if len(registers) != table.count:
            raise ValueError(f"{len(registers)} registers instead of {table.count}")
        outcome = await self._transact(
            lambda client: client.write_registers(table.start, registers, device_id=self._unit)
        )
        match outcome:
            case Done(value=pdu):
                return self._judge_write(pdu, table)
            case NotDone() | Unknown():
                return outcome

    @property
    def silent_s(self) -> float:
        """How long ago the last answer came, s of link time."""
        return asyncio.get_running_loop().time() - self._answered_s

    def close(self) -> None:
        """Close the line; the next use opens it again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, client: AsyncModbusTcpClient, table: Table) -> Awaitable[ModbusPDU]:
        return client.read_holding_registers(table.start, count=table.count, device_id=self._unit)

    async def _read_once(self, table: Table) -> Outcome[list[int]]:
        outcome = await self._transact(lambda client: self._ask(client, table))
        match outcome:
            case Done(value=pdu):
                return self._judge_read(pdu, table)
            case NotDone():
                return outcome
            case Unknown(reason=reason, detail=detail):
                return NotDone(reason, detail)

    def _judge_read(self, pdu: ModbusPDU, table: Table) -> Outcome[list[int]]:
        if pdu.isError():
            busy = pdu.exception_code in _BUSY
            reason = Failure.BUSY if busy else Failure.EXCEPTION_REPLY
            return NotDone(reason, self._exception(pdu, table))
        if pdu.function_code != self.read_function or len(pdu.registers) != table.count:
            return NotDone(Failure.BAD_REPLY, self._stranger(pdu, table))
        return Done(list(pdu.registers))

    def _judge_write(self, pdu: ModbusPDU, table: Table) -> Outcome[None]:
        if pdu.isError():
            detail = self._exception(pdu, table)
            if pdu.exception_code in _NOT_BEGUN:
                return NotDone(Failure.EXCEPTION_REPLY, detail)
            return Unknown(Failure.EXCEPTION_REPLY, detail)
        if (pdu.function_code, pdu.address, pdu.count) != (16, table.start, table.count):
            return Unknown(Failure.BAD_REPLY, self._stranger(pdu, table))
        return Done(None)

    def _exception(self, pdu: ModbusPDU, table: Table) -> str:
        said = f"{self.url}: exception {pdu.exception_code} on registers from {table.start}"
        if pdu.exception_code not in _GATEWAY:
            return said
        nobody = f"a gateway answers, but no device with unit number {self._unit}"
        return f"{said}: {nobody}; is it switched on, the unit number right?"

    def _stranger(self, pdu: ModbusPDU, table: Table) -> str:
        # A late answer stands in the line: what follows it cannot be trusted either.
        self._abandon()
        return f"{self.url}: {pdu} does not answer the registers from {table.start}"

    async def _transact(
        self, ask: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]
    ) -> Outcome[ModbusPDU]:
        """Open the line if need be, ask once, and return the reply as it came."""
        async with self._lock:
            client = self._usable() or await self._open()
            heed_cancellation()
            if client is None or not await self._silent():
                return NotDone(Failure.NO_LINK, self._trouble)
            if not self._met and (stranger := await self._introduced(client)) is not None:
                self.close()
                return stranger
            return await self._exchange(client, ask)

    async def _introduced(self, client: AsyncModbusTcpClient) -> NotDone | None:
        async def reading(table: Table) -> Outcome[list[int]]:
            outcome = await self._exchange(client, lambda client: self._ask(client, table))
            if isinstance(outcome, Done):
                return self._judge_read(outcome.value, table)
            return NotDone(outcome.reason, outcome.detail)

        stranger = await self._meeting(reading) if self._meeting is not None else None
        self._met = stranger is None
        return stranger

    async def _exchange(
        self,
        client: AsyncModbusTcpClient,
        ask: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]],
    ) -> Outcome[ModbusPDU]:
        try:
            reply = await ask(client)
            heed_cancellation()
            self._answered_s = asyncio.get_running_loop().time()
            return Done(reply)
        except ModbusException as error:
            self._abandon()
            return Unknown(Failure.NO_REPLY, f"{self.url}: {self._plain(error)}")
        except BaseException:
            # Cancelled half-way: the answer is still to come and must meet a closed line.
            self._abandon()
            raise

    def _plain(self, error: ModbusException) -> str:
        silent = "No response received" in str(error)
        return f"no answer within {self._reply_s:g} s" if silent else str(error)

    def _abandon(self) -> None:
        self.close()
        self._quiet_until = asyncio.get_running_loop().time() + self._quiet_s

    def _usable(self) -> AsyncModbusTcpClient | None:
        if self._client is not None:
            transport: Any = self._client.ctx.transport
            if transport is not None and not transport.is_closing():
                return self._client
            self.close()
        return None

    async def _open(self) -> AsyncModbusTcpClient | None:
        # A fresh client each time: no buffer, future or number of the old line survives.
        client = AsyncModbusTcpClient(
            self.url,
            framer=_FRAMERS[self._framing],
            reconnect_delay=0,
            timeout=self._reply_s,
            retries=0,
        )
        self._trouble = f"{self.url}: not open within {self._reply_s:g} s"

        async def create() -> Connection:
            try:
                return await self._lines.connect(self.url, lambda: _Guard(client, self))
            except LineError as error:
                self._trouble = str(error)
                raise

        client.ctx.call_create = create
        if not await client.connect():
            return None
        self._client, self._met = client, False
        return self._usable()

    async def _silent(self) -> bool:
        """Wait until no late answer can come any more; return whether that came to be."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + 5 * self._quiet_s
        while (rest := self._quiet_until - loop.time()) > 0:
            if loop.time() >= give_up:
                self._trouble = f"{self.url}: not silent for {self._quiet_s:g} s; {self.discarded}"
                self._trouble += " stray bytes so far: is somebody else talking on this line?"
                return False
            await asyncio.sleep(rest)
        if self._usable() is None:
            self._trouble = f"{self.url}: line lost while waiting for silence"
            return False
        return True

    def heard_stray(self, count: int) -> None:
        """Count bytes that answered nothing, and start the silence again."""
        self.discarded += count
        if self._quiet_s:
            self._quiet_until = asyncio.get_running_loop().time() + self._quiet_s


class _Guard(asyncio.Protocol):
    """Stands between a transport and pymodbus: drops strays, turns errors into a lost line."""

    def __init__(self, client: AsyncModbusTcpClient, link: ModbusLink) -> None:
        self._client = client
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client.ctx.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._waiting():
            self._link.heard_stray(len(data))
            return
        try:
            self._client.ctx.data_received(data)
        except ModbusException as error:
            self._fail(f"undecodable reply: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        self._client.ctx.connection_lost(error)
        self._fail(f"line lost: {error or 'closed'}")

    def _waiting(self) -> bool:
        # pymodbus creates the future of a request just before sending, under its lock.
        ctx = self._client.ctx
        return ctx._lock.locked() and not ctx.response_future.done()

    def _fail(self, why: str) -> None:
        if self._waiting():
            self._client.ctx.response_future.set_exception(ConnectionException(why))
