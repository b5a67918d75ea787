"""One Modbus device on one line: one transaction at a time, and every failure a value.

What a client does by default would cost a block: it sends a write again when the
reply is late, returns exception replies as if they were data, and on RTU takes a late
answer for the next one. This link sends once, checks, and throws a line away after a
time-out (protocol notes: docs/decisions/0002-mailbox-and-epoch.md).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from drivers.codecs import modbus as codec
from drivers.codecs.modbus import Refusal
from drivers.codecs.registers import Table
from drivers.interfaces import Done, Failure, NotDone, Outcome, Unknown
from drivers.lines import LineError, Lines
from drivers.modbus_wire import Framing, ModbusWire, Unanswered
from drivers.nod import Heard, Passing
from runtime import DeadlineError, within

__all__ = ["Framing", "Meeting", "ModbusLink", "Reading"]

Reading = Callable[[Table], Awaitable[Outcome[list[int]]]]
Meeting = Callable[[Reading], Awaitable[NotDone | None]]
"""Looks by the reading given who is at the other end; None when it is the right device."""

# Codes by which a device says that it did not begin: function, address, value, busy.
# Others (device failure, acknowledge, gateway) may come after it began.
_NOT_BEGUN = frozenset({1, 2, 3, 6})
_BUSY = frozenset({5, 6})
"""Codes of a device that is the right one and has something else to do."""
_ASKED_AGAIN = frozenset({Failure.NO_REPLY, Failure.BAD_REPLY})
"""What came of a read that is worth another one."""
_WRITTEN: Final = Done(None)
_GATEWAY = frozenset({10, 11})
"""Codes by which a gateway says that nobody answers behind it."""


class ModbusLink:
    """A device behind a Modbus line, TCP or RTU framing, on any line of `Lines`.

    ``reply_s`` is the deadline of each connect and each reply, in seconds of link
    time. ``quiet_s`` is, for RTU, the worst latency of a late answer: after a
    time-out nothing is asked before so much silence, because RTU answers carry
    no number. The line is opened on first use and again after it was lost.
    """

    read_function: ClassVar[int] = codec.READ_HOLDING

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
        self._wire: ModbusWire | None = None
        self._trouble = ""
        self._meeting: Meeting | None = None
        self._met = False
        self._passing = Passing()
        self._passed_on: ModbusWire | None = None

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
            case NotDone(reason=reason) if reason in _ASKED_AGAIN:
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
        outcome = await self._transact(codec.write_request(table.start, registers))
        if isinstance(outcome, Done):
            return self._judge_write(outcome.value, table)
        return outcome

    def read_in_passing(self, table: Table, heard: Heard) -> bool:
        """Read a table with nobody waiting: a `Nod`. What is no plain answer is to be read anew."""

        def judge(outcome: Outcome[bytes]) -> Outcome[object] | None:
            read = self._judge_read(outcome, table)
            return read if isinstance(read, Done) or read.reason not in _ASKED_AGAIN else None

        return self._pass(self._question(table), judge, heard)

    def write_in_passing(self, table: Table, registers: list[int], heard: Heard) -> bool:
        """Write a table in one FC16, once, with nobody waiting: a `Nod`."""

        def judge(outcome: Outcome[bytes]) -> Outcome[object]:
            return self._judge_write(outcome.value, table) if isinstance(outcome, Done) else outcome

        return self._pass(codec.write_request(table.start, registers), judge, heard)

    @property
    def silent_s(self) -> float:
        """How long ago the last answer came, s of link time."""
        return asyncio.get_running_loop().time() - self._answered_s

    def close(self) -> None:
        """Close the line; the next use opens it again."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _pass(
        self,
        request: bytes,
        judge: Callable[[Outcome[bytes]], Outcome[object] | None],
        heard: Heard,
    ) -> bool:
        """Ask on a line that stands, is known and is nobody's just now; else return False."""
        wire = self._wire
        if wire is None or not self._met or self._passing.under_way or self._lock.locked():
            return False
        if not wire.usable:
            return False
        if self._quiet_until and self._quiet_until > asyncio.get_running_loop().time():
            return False

        def told(reply: bytes | Unanswered) -> None:
            # A connection that was given up meanwhile says so late.
            if self._passed_on is wire:
                self._passed_on = None
                self._passing.end(judge(self._heard_reply(reply)))

        self._passed_on = wire
        self._passing.begin(heard, self._reply_s)
        wire.ask_in_passing(request, told)
        return True

    async def _read_once(self, table: Table) -> Outcome[list[int]]:
        return self._judge_read(await self._transact(self._question(table)), table)

    def _question(self, table: Table) -> bytes:
        return codec.read_request(self.read_function, table.start, table.count)

    def _judge_read(self, outcome: Outcome[bytes], table: Table) -> Outcome[list[int]]:
        if not isinstance(outcome, Done):
            return NotDone(outcome.reason, outcome.detail)
        said = codec.read_answer(outcome.value, self.read_function, table.count)
        if isinstance(said, list):
            return Done(said)
        if said is None:
            return NotDone(Failure.BAD_REPLY, self._stranger(outcome.value, table))
        reason = Failure.BUSY if said.code in _BUSY else Failure.EXCEPTION_REPLY
        return NotDone(reason, self._exception(said, table))

    def _judge_write(self, pdu: bytes, table: Table) -> Outcome[None]:
        said = codec.write_answer(pdu, table.start, table.count)
        if isinstance(said, Refusal):
            detail = self._exception(said, table)
            if said.code in _NOT_BEGUN:
                return NotDone(Failure.EXCEPTION_REPLY, detail)
            return Unknown(Failure.EXCEPTION_REPLY, detail)
        if not said:
            return Unknown(Failure.BAD_REPLY, self._stranger(pdu, table))
        return _WRITTEN

    def _exception(self, refusal: Refusal, table: Table) -> str:
        said = f"{self.url}: exception {refusal.code} on registers from {table.start}"
        if refusal.code not in _GATEWAY:
            return said
        nobody = f"a gateway answers, but no device with unit number {self._unit}"
        return f"{said}: {nobody}; is it switched on, the unit number right?"

    def _stranger(self, pdu: bytes, table: Table) -> str:
        # A late answer stands in the line: what follows it cannot be trusted either.
        self._abandon()
        return f"{self.url}: {pdu.hex(' ')} does not answer the registers from {table.start}"

    async def _transact(self, request: bytes) -> Outcome[bytes]:
        """Open the line if need be, ask once, and return the reply as it came."""
        async with self._lock:
            if self._passing.under_way and not await self._passing.over():
                self._passed_on = None
                self._abandon()
            wire = self._usable() or await self._open()
            if wire is None or (self._quiet_s and not await self._silent()):
                return NotDone(Failure.NO_LINK, self._trouble)
            if not self._met and (stranger := await self._introduced(wire)) is not None:
                self.close()
                return stranger
            return await self._exchange(wire, request)

    async def _introduced(self, wire: ModbusWire) -> NotDone | None:
        async def reading(table: Table) -> Outcome[list[int]]:
            return self._judge_read(await self._exchange(wire, self._question(table)), table)

        stranger = await self._meeting(reading) if self._meeting is not None else None
        self._met = stranger is None
        return stranger

    async def _exchange(self, wire: ModbusWire, request: bytes) -> Outcome[bytes]:
        reply = None
        try:
            reply = await wire.ask(request, self._reply_s)
        finally:
            # Cancelled half-way: the answer is still to come and must meet a closed line.
            if reply is None:
                self._abandon()
        return self._heard_reply(reply)

    def _heard_reply(self, reply: bytes | Unanswered) -> Outcome[bytes]:
        if isinstance(reply, Unanswered):
            # Late, for example: as after a cancellation.
            self._abandon()
            return Unknown(reply.reason, f"{self.url}: {reply.detail}")
        self._answered_s = asyncio.get_running_loop().time()
        return Done(reply)

    def _abandon(self) -> None:
        self.close()
        self._quiet_until = asyncio.get_running_loop().time() + self._quiet_s

    def _usable(self) -> ModbusWire | None:
        if self._wire is not None and not self._wire.usable:
            self.close()
        return self._wire

    async def _open(self) -> ModbusWire | None:
        # A fresh wire each time: no byte, question or number of the old line survives.
        wire = ModbusWire(self._framing, self._unit, self._heard_stray)
        try:
            async with within(self._reply_s, "open"):
                transport, _ = await self._lines.connect(self.url, lambda: wire)
        except LineError as error:
            self._trouble = str(error)
            return None
        except DeadlineError:
            self._trouble = f"{self.url}: not open within {self._reply_s:g} s"
            return None
        # A serial port tells the protocol of its transport a turn later.
        wire.connection_made(transport)
        self._trouble = f"{self.url}: lost as soon as it was open"
        self._wire, self._met = wire, False
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

    def _heard_stray(self, count: int) -> None:
        """Count bytes that answered nothing, and start the silence again."""
        self.discarded += count
        if self._quiet_s:
            self._quiet_until = asyncio.get_running_loop().time() + self._quiet_s
