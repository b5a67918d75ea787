"""One conversation with a GRBL controller: open, command, report, and what comes unasked.

The protocol has no identifiers, so one line is under way at a time, and a reply
that did not come in time closes the line: a late ``ok`` must never answer the next command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.codecs import grbl
from drivers.interfaces import Done, Failure, Outcome
from drivers.lines import LineError, Lines
from drivers.nod import WAIT, Heard, PassingLine, Wait
from drivers.textline import TextLine
from runtime import Clock, DeadlineError, within

log = logging.getLogger(__name__)

CONNECT_S = 5.0
BANNER_S = 2.0
"""A board that resets when its port is opened greets within this time."""
REPLY_S = 2.0
REPORT_S = 1.0

_REFUSALS: Mapping[int, Failure] = {
    5: Failure.NOT_READY,
    8: Failure.NOT_READY,
    9: Failure.NOT_READY,
    10: Failure.NOT_READY,
    13: Failure.INTERLOCK,
    15: Failure.BAD_ARGUMENT,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a step of the conversation failed; ``refused``: the controller answered ``error``."""

    reason: Failure
    detail: str
    refused: bool = False


class GrblSession:
    """The line to one controller and what is known of it.

    ``homed`` is whether its position can be trusted; an alarm or a restart that
    nobody asked for ends that. Times are seconds of link time.
    """

    def __init__(self, lines: Lines, url: str, clock: Clock) -> None:
        self.url = url
        self.homed = False
        self.firmware = ""
        self.settings: dict[int, str] = {}
        self._lines = lines
        self._clock = clock
        self._port: TextLine | None = None
        self._wco: grbl.Axes | None = None
        self._passing = PassingLine()

    # -- opening -------------------------------------------------------------

    async def ready(self, *, reset: bool = False) -> Trouble | None:
        """Have an open, identified controller; with ``reset`` a freshly reset one."""
        if self._port is not None and not self._port.closed:
            return await self._restart() if reset else await self._unasked()
        trouble = await self._connect() or await self._greet(reset) or await self._identify()
        if trouble is not None:
            self.close()
        return trouble

    def close(self) -> None:
        """Close the line."""
        if self._port is not None:
            self._port.close()
            self._port = None

    async def _connect(self) -> Trouble | None:
        self._wco = None
        try:
            async with within(CONNECT_S, f"open {self.url}"):
                _, port = await self._lines.connect(self.url, lambda: TextLine(self.url))
        except (LineError, DeadlineError) as error:
            return Trouble(Failure.NO_LINK, str(error))
        assert isinstance(port, TextLine)
        self._port = port
        return None

    async def _greet(self, reset: bool) -> Trouble | None:
        """Learn whether the controller restarted, and stop what a dead session left moving."""
        greeted = await self._welcome(BANNER_S)
        if greeted is not None and greeted.reason is Failure.NO_LINK:
            return greeted
        status = await self.report()
        # A locked controller may listen to nothing but a reset; its position is lost anyway.
        if reset or isinstance(status, Trouble) or status.state is grbl.State.ALARM:
            if trouble := await self._restart():
                return trouble
            status = await self.report()
        if isinstance(status, Trouble):
            return status
        if status.state in (grbl.State.JOG, grbl.State.RUN):
            self.send(grbl.JOG_CANCEL)
            await self._clock.sleep_link(REPORT_S)
        known = status.homed if status.homed is not None else True
        self.homed = known and status.state is not grbl.State.ALARM
        return None

    async def _restart(self) -> Trouble | None:
        """Reset the controller and wait for its banner; what it says before does not count."""
        self.homed = False
        self.send(grbl.SOFT_RESET)
        return await self._welcome(BANNER_S)

    async def _welcome(self, seconds: float) -> Trouble | None:
        end = self._clock.link() + seconds
        while True:
            line = await self._next(end)
            if isinstance(line, grbl.Welcome):
                self.firmware = f"{line.firmware} {line.version}"
                return None
            if isinstance(line, Trouble):
                return line

    async def _identify(self) -> Trouble | None:
        replies = await self.command(grbl.IDENTITY)
        if isinstance(replies, Trouble):
            return replies
        versions = [m.text for m in replies if isinstance(m, grbl.Message) and m.tag == "VER"]
        if not versions:
            return Trouble(Failure.BAD_REPLY, f"{self.url}: no GRBL: it does not tell its version")
        self.firmware = versions[0]
        settings = await self.command(grbl.SETTINGS)
        if isinstance(settings, Trouble):
            return settings
        self.settings = {s.number: s.value for s in settings if isinstance(s, grbl.Setting)}
        return self._check_settings()

    def _check_settings(self) -> Trouble | None:
        """Refuse a controller that counts in inches or would not notice a target out of travel."""
        homing = self.settings.get(22, "0")
        wrong = [
            text
            for bad, text in (
                (self.settings.get(13) != "0", "$13=0 (report in mm)"),
                (self.settings.get(20) != "1", "$20=1 (soft limits)"),
                (not homing.isdecimal() or int(homing) % 2 == 0, "$22=1 (homing)"),
            )
            if bad
        ]
        if not wrong:
            return None
        return Trouble(Failure.NOT_READY, f"{self.url}: set {', '.join(wrong)}")

    # -- talking -------------------------------------------------------------

    def send(self, realtime: bytes) -> None:
        """Send a realtime byte; it is never queued and never answered by ``ok``."""
        if self._port is not None:
            self._port.write(realtime)

    async def command(
        self, line: bytes, seconds: float = REPLY_S
    ) -> tuple[grbl.Line, ...] | Trouble:
        """Send one line, once; return what came before its ``ok``."""
        try:
            return await self._command(line, seconds)
        except BaseException:
            # Cancelled with the answer still to come: it would answer the next command.
            self.close()
            raise

    async def _command(self, line: bytes, seconds: float) -> tuple[grbl.Line, ...] | Trouble:
        self.send(line)
        end, seen = self._clock.link() + seconds, list[grbl.Line]()
        while True:
            reply = await self._next(end)
            match reply:
                case grbl.Ok():
                    return tuple(seen)
                case grbl.Error(code):
                    reason = _REFUSALS.get(code, Failure.EXCEPTION_REPLY)
                    return Trouble(reason, f"{_shown(line)}: error:{code}, {reply.text}", True)
                case grbl.Alarm() | grbl.Welcome():
                    return self._upset(reply)
                case Trouble():
                    self.close()
                    asked = f"{_shown(line)}: " if line.strip() else ""
                    return Trouble(reply.reason, f"{asked}{reply.detail}")
            seen.append(reply)

    async def report(self, seconds: float = REPORT_S) -> grbl.Status | Trouble:
        """Ask for a report with a known machine position.

        A missing one (`NO_REPLY`) is no dead link: the controller may ignore the question.
        """
        self.send(grbl.STATUS_QUERY)
        end = self._clock.link() + seconds
        while True:
            line = await self._next(end)
            match line:
                case grbl.Status() if line.machine(self._wco) is not None:
                    return line
                case grbl.Alarm() | grbl.Welcome():
                    return self._upset(line)
                case Trouble():
                    return line

    def report_in_passing(self, seen: Callable[[grbl.Status], object], heard: Heard) -> bool:
        """Ask for a report as `report` does, with nobody waiting: a `Nod`."""
        port = self._port
        if port is None or port.closed or len(port.buffer) or self._passing.under_way:
            return False

        def attempt() -> Outcome[object] | Wait | None:
            while (raw := port.buffer.line()) is not None:
                line = self._understood(raw)
                if isinstance(line, grbl.Status) and line.machine(self._wco) is not None:
                    return Done(seen(line))
                if isinstance(line, grbl.Alarm | grbl.Welcome):
                    self._upset(line)
                    return None
            return None if port.closed else WAIT

        return self._passing.ask(port, grbl.STATUS_QUERY, attempt, heard, REPORT_S)

    async def passed(self) -> None:
        """Let a report that was asked for in passing come; the question may be ignored."""
        if self._passing.under_way:
            await self._passing.over()

    async def listen(self, seconds: float) -> Trouble | None:
        """Wait so long, or until the controller stops, restarts or is gone."""
        end = self._clock.link() + seconds
        while True:
            line = await self._next(end)
            match line:
                case grbl.Alarm() | grbl.Welcome():
                    return self._upset(line)
                case Trouble():
                    return None if line.reason is Failure.NO_REPLY else line

    def machine(self, status: grbl.Status) -> grbl.Axes:
        """Return the machine position of a report that `report` returned, mm."""
        position = status.machine(self._wco)
        assert position is not None
        return position

    async def _unasked(self) -> Trouble | None:
        """Hear what came since the last word."""
        trouble = await self.listen(0)
        # The loss is known now and no surprise to the next command.
        return trouble if trouble is not None and trouble.reason is Failure.NO_LINK else None

    def _upset(self, line: grbl.Alarm | grbl.Welcome) -> Trouble:
        self.homed = False
        if isinstance(line, grbl.Alarm):
            return Trouble(Failure.FAULT, f"ALARM:{line.code}, {line.text}")
        return Trouble(Failure.FAULT, "the controller restarted by itself")

    async def _next(self, end: float) -> grbl.Line | Trouble:
        """Return the next line that says something, until a link time."""
        while True:
            if self._port is None:
                return Trouble(Failure.NO_LINK, f"{self.url}: closed")
            raw = await self._port.line(end - self._clock.link())
            if isinstance(raw, Failure):
                return Trouble(raw, f"{self.url}: {_SAID[raw]}")
            line = self._understood(raw)
            if line is not None:
                return line

    def _understood(self, raw: bytes) -> grbl.Line | None:
        """Return what a line says, None if it says nothing."""
        line = grbl.classify(raw)
        if isinstance(line, grbl.Status):
            self._wco = line.wco if line.wco is not None else self._wco
        if raw and not isinstance(line, grbl.Unrecognised):
            return line
        if raw:
            log.warning("%s: not understood: %r", self.url, raw)
        return None


_SAID: Mapping[Failure, str] = {
    Failure.NO_REPLY: "no answer in time",
    Failure.NO_LINK: "the line is gone",
}


def _shown(line: bytes) -> str:
    return line.decode("ascii", "backslashreplace").strip()
