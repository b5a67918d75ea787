"""The UR Dashboard: brings the arm to running with our program playing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import PurePosixPath

from drivers.codecs import dashboard as codec
from drivers.codecs.dashboard import Request
from drivers.interfaces import Done, Failure, NotDone, Outcome, Unknown
from drivers.lines import LineError, Lines
from drivers.nod import WAIT, Heard, PassingLine, Wait
from drivers.textline import TextLine
from runtime import Clock, DeadlineError, within


@dataclass(frozen=True, slots=True)
class DashboardState:
    """What the Dashboard says: robot mode, safety status, program state, remote control."""

    robot_mode: str
    safety: str
    program: str
    remote: bool

    def playing(self, program: str) -> bool:
        """Return whether this program is playing; directories do not count."""
        state, _, name = self.program.partition(" ")
        return state == "PLAYING" and PurePosixPath(name).name == PurePosixPath(program).name


class Dashboard:
    """One Dashboard line; ``reply_s`` is the deadline of an answer in link time."""

    def __init__(self, lines: Lines, url: str, clock: Clock, *, reply_s: float = 2.0) -> None:
        self.url = url
        self._lines = lines
        self._clock = clock
        self._reply_s = reply_s
        self._lock = asyncio.Lock()
        self._line: TextLine | None = None
        self._passing = PassingLine()

    async def ask(self, request: Request, argument: str = "") -> Outcome[str]:
        """Send one request, once; done with what the success answer says.

        `NotDone` when it was refused (with the robot's own words), `Unknown` when no
        answer came.
        """
        async with self._lock:
            if self._passing.under_way and not await self._passing.over():
                self.close()
            opened = await self._open()
            if not isinstance(opened, Done):
                return opened
            line = opened.value
            # An answer that came after its deadline closed the line, so none is left from before.
            line.buffer.clear("nobody asked for it")
            try:
                line.write(codec.line(request, argument))
                text = await self._said(line, self._reply_s)
            except ValueError as error:
                return NotDone(Failure.BAD_ARGUMENT, str(error))
            except asyncio.CancelledError:
                self.close()
                raise
            if isinstance(text, NotDone):
                self.close()
                return Unknown(Failure.NO_REPLY, f"{request}: {text.detail}")
        return _answered(request, text)

    async def read(self) -> Outcome[DashboardState]:
        """Read modes, program and whether remote control is on."""
        said = []
        for request in (
            Request.ROBOT_MODE,
            Request.SAFETY_STATUS,
            Request.PROGRAM_STATE,
            Request.REMOTE_CONTROL,
        ):
            outcome = await self.ask(request)
            match outcome:
                case Done(value=text):
                    said.append(text)
                case NotDone():
                    return outcome
                case Unknown(reason=reason, detail=detail):
                    return NotDone(reason, detail)
        return Done(DashboardState(said[0], said[1], said[2], said[3].lower() == "true"))

    async def alive(self) -> Outcome[str]:
        """Ask for the robot mode, which changes nothing; done at once while somebody else asks."""
        if self._lock.locked():
            return Done("")
        return await self.ask(Request.ROBOT_MODE)

    def nod(self, heard: Heard) -> bool:
        """Do as `alive` in passing: a `Nod`."""
        if self._lock.locked():
            heard(_BUSY)
            return True
        line = self._line
        if line is None or line.closed or len(line.buffer) or self._passing.under_way:
            return False

        def attempt() -> Outcome[object] | Wait | None:
            raw = line.buffer.line()
            if raw is not None:
                return _answered(Request.ROBOT_MODE, _text(raw))
            if not line.closed:
                return WAIT
            self.close()
            detail = f"{Request.ROBOT_MODE}: {self.url}: disconnected"
            return Unknown(Failure.NO_REPLY, detail)

        return self._passing.ask(line, _SIGN, attempt, heard, self._reply_s)

    async def unlock_protective_stop(self) -> Outcome[str]:
        """Release a protective stop; whether it may be released is a person's decision."""
        return await self.ask(Request.UNLOCK)

    async def stop(self) -> Outcome[str]:
        """Stop the program."""
        return await self.ask(Request.STOP)

    async def ensure_running(
        self, program: str, *, deadline_s: float = 60.0, poll_s: float = 0.5
    ) -> Outcome[DashboardState]:
        """Power on, release the brakes, load and play, as far as each is needed.

        A protective stop is never released here. ``deadline_s`` and ``poll_s`` are
        seconds of process time.
        """
        deadline = self._clock.process() + deadline_s
        asked: set[Request] = set()
        while True:
            state = await self.read()
            if not isinstance(state, Done):
                return state
            hindrance = _hindrance(state.value)
            if hindrance is not None:
                return NotDone(Failure.NOT_READY, hindrance)
            step = _step(state.value, program)
            if step is None:
                return state
            if step not in asked:
                asked.add(step)
                outcome = await self._take(step, program)
                if not isinstance(outcome, Done):
                    return outcome
            if self._clock.process() >= deadline:
                said = f"{state.value.robot_mode}, {state.value.program}"
                return Unknown(Failure.TIMED_OUT, f"{self.url}: still {said}")
            await self._clock.sleep(poll_s)

    def close(self) -> None:
        """Close the line; the next request opens it again."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def _take(self, step: Request, program: str) -> Outcome[str]:
        if step is not Request.PLAY:
            return await self.ask(step)
        loaded = await self.ask(Request.LOAD, program)
        return await self.ask(Request.PLAY) if isinstance(loaded, Done) else loaded

    async def _open(self) -> Outcome[TextLine]:
        if self._line is not None and not self._line.closed:
            return Done(self._line)
        self._line = None
        line = TextLine(self.url, longest=codec.MAX_LINE)
        deadline = self._clock.link() + self._reply_s
        try:
            async with within(self._reply_s, f"open {self.url}"):
                await self._lines.connect(self.url, lambda: line)
            greeting = await self._said(line, deadline - self._clock.link())
        except (DeadlineError, LineError) as error:
            line.close()
            return NotDone(Failure.NO_LINK, str(error))
        except asyncio.CancelledError:
            line.close()
            raise
        if isinstance(greeting, NotDone):
            line.close()
            return greeting
        if not codec.is_banner(greeting):
            line.close()
            detail = f"{self.url}: greets with {greeting!r}; is it a UR Dashboard server?"
            return NotDone(Failure.BAD_REPLY, detail)
        self._line = line
        return Done(line)

    async def _said(self, line: TextLine, seconds: float) -> str | NotDone:
        """Return the next line of text, `NotDone` when none came in time."""
        heard = await line.line(seconds)
        if isinstance(heard, Failure):
            why = "no answer in time" if heard is Failure.NO_REPLY else "disconnected"
            return NotDone(Failure.NO_LINK, f"{self.url}: {why}")
        return _text(heard)


_SIGN = codec.line(Request.ROBOT_MODE)
_BUSY: Outcome[object] = Done("")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()


def _answered(request: Request, text: str) -> Outcome[str]:
    said = codec.answer(request, text)
    if said is None:
        return NotDone(Failure.NOT_READY, f"{request}: the robot answers {text.strip()!r}")
    return Done(said)


def _hindrance(state: DashboardState) -> str | None:
    """Return what only a person can change, if it stands in the way."""
    if not state.remote:
        return "the arm is in local control: switch to remote control on the teach pendant"
    if state.safety not in ("NORMAL", "REDUCED"):
        return f"safety status {state.safety}: clear its cause at the arm"
    return None


def _step(state: DashboardState, program: str) -> Request | None:
    """Return what to ask next, None when all is well."""
    if state.robot_mode == "POWER_OFF":
        return Request.POWER_ON
    if state.robot_mode != "RUNNING":
        # Refused while still booting, hence asked only when idle.
        return Request.BRAKE_RELEASE if state.robot_mode == "IDLE" else Request.ROBOT_MODE
    return None if state.playing(program) else Request.PLAY
