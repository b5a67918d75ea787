"""A simulated XY frame with a GRBL 1.1 controller, at the level of its serial line.

It answers as the firmware does: one ``ok`` or ``error`` for each line, in
order; realtime bytes at once; motion in process time at the commanded feed; the
position under way. The block in the frame follows with its play and friction,
and the world is told where it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.codecs import grbl
from drivers.lines import Listener, Port
from hil_sim.devices import grbl_lines
from hil_sim.devices.grbl_motion import XY, Motion, PushedBlock
from hil_sim.faults import Fault, Switch
from hil_sim.world import World
from runtime import Clock

WELCOME = b"Grbl 1.1h ['$' for help]"
LOCKED = b"[MSG:'$H'|'$X' to unlock]"
PLANNER = 15


@dataclass(frozen=True, slots=True)
class StageBuild:
    """How the frame is built: mm, mm/min. Machine coordinates run from ``-travel`` to 0."""

    travel: XY = (100.0, 100.0)
    play_mm: float = 0.3
    seek_mm_min: float = 1500.0
    pull_off_mm: float = 2.0
    max_feed_mm_min: float = 3000.0


@dataclass(slots=True)
class StageFaults:
    """Switches of the fault console.

    ``slip``: the block lies so far (mm, machine axes) from where the frame
    pushed it; ``hang``: the controller takes bytes and says nothing;
    ``no_switch``: homing does not find its switches.
    """

    slip: XY = (0.0, 0.0)
    hang: bool = False
    no_switch: bool = False


class SimulatedGrblStage:
    """The firmware and the frame. `protocol` is the factory for `Bench.listen`.

    ``origin`` is the machine position (mm) at which the centre of the block is
    under the indenter. ``greets``: the board restarts when its port is opened,
    as an Arduino does; else it only greets after power-up.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        origin: XY,
        build: StageBuild = StageBuild(),
        *,
        greets: bool = False,
    ) -> None:
        self.faults = StageFaults()
        self.port: Port | None = None
        self._world = world
        self._clock = clock
        self._origin = origin
        self._build = build
        self._restarts_on_open = greets
        self._frame = Motion(origin)
        self._block = PushedBlock(origin, build.play_mm)
        self._lost: XY = (-origin[0], -origin[1])
        self._settings = grbl_lines.default_settings(build.travel, build.pull_off_mm)
        self._transport: asyncio.WriteTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._text = bytearray()
        self._lines: deque[str] = deque()
        self._waiting: str | None = None
        self._alarm: int | None = 0
        self._jogging = False
        self._door = False
        self._fresh = True

    # -- the wire ------------------------------------------------------------

    def listen(self, bench: Listener, url: str) -> Port:
        """Serve on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.protocol)
        return self.port

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {Fault.STUCK_SENSOR: self.stick, Fault.POWER_LOSS: self.power_loss}

    def stick(self, stuck: bool = True) -> None:
        """Let homing not find its switches; False frees them."""
        self.faults.no_switch = stuck

    def protocol(self) -> asyncio.Protocol:
        """Return the controller's end for a new connection."""
        return _Wire(self)

    def opened(self, transport: asyncio.WriteTransport) -> None:
        """Greet, if opening the port restarts the board or it has just got power."""
        self._transport = transport
        self._text.clear()
        if self._restarts_on_open:
            self._lose_power()
        if self._fresh:
            self._greet()

    def received(self, data: bytes) -> None:
        """Pick the realtime bytes out, queue the lines, work on them."""
        if self.faults.hang:
            return
        for byte in data:
            if byte in grbl_lines.REALTIME:
                self._realtime(bytes([byte]))
            elif byte in b"\n":
                self._lines.append(self._text.decode("latin-1").strip())
                self._text.clear()
            elif byte not in b"\r" and byte < 0x80:
                self._text.append(byte)
        self._work()

    def _say(self, line: bytes) -> None:
        if self._transport is not None and not self.faults.hang:
            self._transport.write(line + b"\r\n")

    # -- what people and accidents do to it ----------------------------------

    def power_loss(self) -> None:
        """Lose power and get it back: all is forgotten but the settings and where the frame is."""
        self._lose_power()
        if self._transport is not None and not self._transport.is_closing():
            self._greet()

    def _lose_power(self) -> None:
        self._follow()
        at = self._frame.stop(self._clock.process())
        self._lost = (-at[0], -at[1])
        self._forget()
        self._alarm, self._door, self._fresh = 0, False, True

    def raise_alarm(self, code: int) -> None:
        """Stop at once with this alarm, as a limit switch does."""
        self._follow()
        self._frame.stop(self._clock.process())
        self._forget()
        self._alarm = code
        self._say(b"ALARM:%d" % code)
        if code in _CRITICAL:
            self._say(b"[MSG:Reset to continue]")

    def open_door(self, open_: bool = True) -> None:
        """Open or close the safety door; a jog is cancelled by it."""
        if open_ and not self._door:
            self._follow()
            self._frame.stop(self._clock.process())
            self._jogging = False
        self._door = open_

    @property
    def frame(self) -> XY:
        """Where the frame really is, machine coordinates, mm."""
        self._follow()
        return self._frame.passed(self._clock.process())[-1]

    # -- realtime bytes ------------------------------------------------------

    def _realtime(self, byte: bytes) -> None:
        now = self._clock.process()
        if byte == grbl.SOFT_RESET:
            self._reset()
        elif byte == grbl.STATUS_QUERY:
            self._report()
        elif byte == grbl.FEED_HOLD and self._frame.queued and self._waiting != "$H":
            self._follow()
            self._frame.hold(now)
            self._schedule()
        elif byte == grbl.RESUME:
            self._frame.resume(now)
            self._schedule()
        elif byte == grbl.JOG_CANCEL and self._jogging:
            self._follow()
            self._frame.stop(now)
            self._rested()
        elif byte == grbl.SAFETY_DOOR:
            self.open_door()

    def _reset(self) -> None:
        """Start again; in mid-motion that loses steps, so the position counts as lost."""
        self._follow()
        homing, moving = self._waiting == "$H", self._frame.queued and not self._frame.held
        self._frame.stop(self._clock.process())
        self._forget()
        if homing or moving:
            self._alarm = 6 if homing else 3
            self._say(b"ALARM:%d" % self._alarm)
        self._greet()

    def _greet(self) -> None:
        self._fresh = False
        self._say(b"")
        self._say(WELCOME)
        if self._alarm is not None:
            # A reset ends the critical state, not the lock.
            self._alarm = 0
            self._say(LOCKED)

    def _forget(self) -> None:
        self._text.clear()
        self._lines.clear()
        self._waiting = None
        self._jogging = False
        self._schedule()

    def _report(self) -> None:
        if self._waiting == "$H":
            return
        self._follow()
        x, y = self._shown()
        state, sub = self._state()
        moving = state in (grbl.State.JOG, grbl.State.RUN)
        feed = self._build.seek_mm_min if moving else 0
        self._say(grbl.encode_status(state, (x, y, 0.0), sub=sub, feed=feed))

    def _state(self) -> tuple[grbl.State, int | None]:
        if self._alarm is not None:
            return grbl.State.ALARM, None
        if self._door:
            return grbl.State.DOOR, 1
        if self._frame.held:
            return grbl.State.HOLD, 0
        if self._frame.queued:
            return (grbl.State.JOG if self._jogging else grbl.State.RUN), None
        return grbl.State.IDLE, None

    # -- lines ---------------------------------------------------------------

    def _work(self) -> None:
        """Answer the lines in order, until one has to wait for motion."""
        while self._lines and self._waiting is None and self._alarm not in _CRITICAL:
            line = self._lines.popleft()
            if self._frame.queued >= PLANNER and grbl_lines.is_motion(line):
                self._lines.appendleft(line)
                return
            reply = self._obey(line)
            if reply is not None:
                self._say(reply)

    def _obey(self, line: str) -> bytes | None:
        """Do one line; return its answer, or None if it comes later."""
        text = line.upper().replace(" ", "")
        if len(line) >= grbl_lines.LONGEST:
            return b"error:11"
        if not text:
            return b"ok"
        if text.startswith("$"):
            return self._system(text)
        if self._alarm is not None or self._jogging:
            return b"error:9"
        if self._door:
            return b"error:13"
        if grbl_lines.is_barrier(text) and self._frame.queued:
            self._waiting = text
            return None
        return b"ok" if grbl_lines.is_barrier(text) else self._move(text, jog=False)

    def _system(self, text: str) -> bytes | None:
        if text.startswith("$J="):
            return self._jog(text[3:])
        if text in ("$I", "$$", "$G", "$#"):
            return self._tell(text)
        if text == "$X":
            if self._alarm is not None:
                self._alarm = None
                self._say(b"[MSG:Caution: Unlocked]")
            return b"ok"
        if text == "$H":
            return self._home()
        return grbl_lines.set_value(self._settings, text)

    def _tell(self, text: str) -> bytes:
        if text != "$I" and self._frame.queued:
            return b"error:8"
        for line in grbl_lines.answer(text, self._settings):
            self._say(line)
        return b"ok"

    def _jog(self, text: str) -> bytes:
        if self._alarm is not None or self._door or (self._frame.queued and not self._jogging):
            return b"error:8"
        return self._move(text, jog=True)

    def _move(self, text: str, *, jog: bool) -> bytes:
        target = grbl_lines.target(text, self._shown_target(), jog=jog)
        if isinstance(target, bytes):
            return target
        within = all(-t <= v <= 0 for v, t in zip(target.at, self._build.travel, strict=True))
        if not within and self._settings[20] == "1":
            if jog:
                return b"error:15"
            self.raise_alarm(2)
            return b"ok"
        feed = min(target.feed or self._build.max_feed_mm_min, self._build.max_feed_mm_min)
        self._jogging = jog
        self._frame.add(self._true(target.at), feed, self._clock.process())
        self._schedule()
        return b"ok"

    def _home(self) -> bytes | None:
        if int(self._settings[22]) % 2 == 0:
            return b"error:5"
        if self._door:
            return b"error:13"
        if self._frame.queued:
            return b"error:8"
        self._alarm = None
        self._waiting = "$H"
        now, seek = self._clock.process(), self._build.seek_mm_min
        if self.faults.no_switch:
            self._frame.add(_sum(self._frame.target, self._build.travel), seek, now)
        else:
            self._frame.add((0.0, 0.0), seek, now)
            self._frame.add((-self._build.pull_off_mm, -self._build.pull_off_mm), seek / 4, now)
        self._schedule()
        return None

    # -- motion --------------------------------------------------------------

    def _schedule(self) -> None:
        """Wake at the end of the motion."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (ends := self._frame.ends) is not None:
            seconds = max(0.0, ends - self._clock.process()) / self._clock.speed
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if (ends := self._frame.ends) is not None and ends > self._clock.process() + 1e-9:
            self._schedule()
            return
        self._follow(_SOON)
        self._rested()

    def _rested(self) -> None:
        """Answer what waited for an empty planner."""
        waited, self._waiting, self._jogging = self._waiting, None, False
        self._schedule()
        if waited == "$H":
            self._homed()
        elif waited is not None:
            self._say(b"ok")
        self._work()

    def _homed(self) -> None:
        if self.faults.no_switch:
            self.raise_alarm(9)
            return
        self._lost = (0.0, 0.0)
        self._say(b"ok")

    def _follow(self, ahead: float = 0.0) -> None:
        """Let the block follow the frame along every corner passed until now."""
        for corner in self._frame.passed(self._clock.process() + ahead):
            self._block.follow(corner)
        self._tell_world()

    def _tell_world(self) -> None:
        x, y = _sum(self._block.at, self.faults.slip)
        self._world.slide(self._origin[0] - x, self._origin[1] - y)

    def _shown(self) -> XY:
        return _sum(self._frame.passed(self._clock.process())[-1], self._lost)

    def _shown_target(self) -> XY:
        return _sum(self._frame.target, self._lost)

    def _true(self, shown: XY) -> XY:
        return shown[0] - self._lost[0], shown[1] - self._lost[1]


class _Wire(asyncio.Protocol):
    """One connection to the controller."""

    def __init__(self, stage: SimulatedGrblStage) -> None:
        self._stage = stage

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._stage.opened(transport)

    def data_received(self, data: bytes) -> None:
        self._stage.received(data)


_CRITICAL = (1, 2)
_SOON = 1e-9


def _sum(a: XY, b: XY) -> XY:
    return a[0] + b[0], a[1] + b[1]
