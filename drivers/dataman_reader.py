"""A Cognex DataMan code reader, asked by DMCC over TCP (port 23) or a serial line."""

from __future__ import annotations

import asyncio

from drivers.codecs import dmcc
from drivers.codecs.dmcc import Command, Reply, Status
from drivers.dialogue import Dialogue, Patience
from drivers.interfaces import Done, Failure, NotDone, Outcome
from drivers.lines import Lines
from drivers.nod import Heard
from drivers.textline import TextLine
from runtime import Clock

_CONFIRMED: Outcome[None] = Done(None)
_REFUSALS = {
    Status.BAD_COMMAND: Failure.BAD_ARGUMENT,
    Status.BAD_PARAMETER: Failure.BAD_ARGUMENT,
    Status.REJECTED: Failure.NOT_READY,
}


class DataManReader:
    """Implements `CodeReader`. The reader must be set up for single reads by trigger.

    A reading is one trigger, its acknowledgement by number, and one read-string:
    nothing may be said before, and nothing after. A reader that could not read
    says so, and that is `Done` with None; a reader that says nothing is `NotDone`.
    """

    def __init__(
        self,
        lines: Lines,
        url: str,
        clock: Clock,
        *,
        dialect: dmcc.Dialect | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._talk = Dialogue(
            lines,
            url,
            clock,
            lambda name: TextLine(name, longest=dmcc.LONGEST),
            patience or Patience(),
        )
        self._dialect = dialect or dmcc.Dialect()
        self._number = 0
        self._lock = asyncio.Lock()

    async def read_code(self) -> Outcome[str | None]:
        """Trigger once and return the code, None when the reader sees none; repeatable."""
        async with self._lock:
            code: Outcome[str | None] = NotDone(Failure.TIMED_OUT, "cancelled")
            try:
                await self._talk.passed()
                code = await self._read()
            finally:
                # Failed or cancelled: the code may still come, and would be taken for the next.
                if not isinstance(code, Done):
                    self._talk.drop()
        return code

    async def alive(self) -> Outcome[None]:
        """Have it confirm that it replies; a reading under way is sign enough.

        A reader that lost its power, and not its line, replies again from then on.
        """
        if self._lock.locked():
            return Done(None)
        async with self._lock:
            trouble: NotDone | None = NotDone(Failure.TIMED_OUT, "cancelled")
            try:
                await self._talk.passed()
                heard = await self._talk.connect() or await self._talk.silence()
                silent = heard if isinstance(heard, NotDone) else None
                trouble = silent or await self._command(dmcc.EXTENDED)
            finally:
                if trouble is not None:
                    self._talk.drop()
        return trouble or Done(None)

    def nod(self, heard: Heard) -> bool:
        """Do as `alive` in passing: a `Nod`."""
        if self._lock.locked():
            heard(_CONFIRMED)
            return True

        def judge(line: bytes) -> Outcome[object]:
            return self._confirmed(dmcc.EXTENDED, line) or _CONFIRMED

        return self._talk.ask_in_passing(self._next(dmcc.EXTENDED), judge, heard)

    async def _read(self) -> Outcome[str | None]:
        trouble = await self._ready() or await self._command(dmcc.TRIGGER)
        if trouble is not None:
            return trouble
        reply = await self._reply()
        if isinstance(reply, NotDone):
            return reply
        if reply.status != Status.READ:
            return self._bad(f"status {reply.status} instead of a read-string")
        code = dmcc.decode_read(reply.data, self._dialect)
        if isinstance(code, dmcc.Rejected):
            return self._bad(f"{code.raw!r}: {code.reason}")
        silent = await self._talk.silence()
        if isinstance(silent, NotDone):
            return silent
        return Done(code) if silent else self._bad("more than one read-string for one trigger")

    async def _ready(self) -> NotDone | None:
        """Have an open line, silent, and a reader that replies."""
        fresh = not self._talk.open
        heard = await self._talk.connect() or await self._talk.silence()
        if isinstance(heard, NotDone):
            return heard
        # It forgets this with its power, and the line with it; so once for each line.
        return await self._command(dmcc.EXTENDED) if fresh else None

    async def _command(self, text: str) -> NotDone | None:
        """Send one command, once; None when the reader says that it is done."""
        return self._confirmed(text, await self._talk.ask(self._next(text)))

    def _next(self, text: str) -> bytes:
        """Return the bytes of a command with a number of its own."""
        self._number = self._number % dmcc.NUMBERS[-1] + 1
        return dmcc.encode_command(Command(text, self._number))

    def _confirmed(self, text: str, line: bytes | NotDone) -> NotDone | None:
        reply = self._parsed(line)
        if isinstance(reply, NotDone):
            return reply
        if reply.number != self._number or reply.status == Status.READ:
            return self._bad(f"{text}: answered {reply}, which is not the reply to this command")
        if reply.status == Status.OK:
            return None
        names = {int(status): status for status in Status}
        status = names.get(reply.status, Status.UNIDENTIFIED)
        reason = _REFUSALS.get(status, Failure.EXCEPTION_REPLY)
        return NotDone(reason, f"{self._talk.url}: {text}: status {reply.status}, {status.name}")

    async def _reply(self) -> Reply | NotDone:
        return self._parsed(await self._talk.next())

    def _parsed(self, line: bytes | NotDone) -> Reply | NotDone:
        if isinstance(line, NotDone):
            return line
        reply = dmcc.parse_reply(line)
        if isinstance(reply, dmcc.Rejected):
            return self._bad(f"{reply.raw!r}: {reply.reason}; is it the code reader?")
        return reply

    def _bad(self, detail: str) -> NotDone:
        return NotDone(Failure.BAD_REPLY, f"{self._talk.url}: {detail}")
