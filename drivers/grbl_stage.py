"""An XY frame on a GRBL controller that slides the block over the anvil.

Geometry: the frame carries the block, so the block moves and the indenter does
not. Point p of the block (mm, block frame) is under the indenter when the frame
pushes the block to machine position ``origin - p``.

The frame has a little play. It pushes the block from the same side each time
(up both axes), and then draws back by ``relief_mm``: it no longer touches the
block, no side force is left, and the block stays. At rest the frame therefore
stands ``relief_mm`` below ``origin - p``; that is what is confirmed.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.codecs import grbl
from drivers.grbl_session import REPLY_S, GrblSession, Trouble
from drivers.interfaces import Done, Failure, NotDone, Outcome, PositionerStatus, Unknown
from drivers.lines import Lines
from drivers.nod import Heard
from drivers.timing import StageMotion
from runtime import Clock

XY = tuple[float, float]

APPROACH_MM = 1.0
"""Length of the last push; longer than the play of the frame."""
TOLERANCE_MM = 0.02
FIRST_POLL_S, POLL_S = 0.05, 0.2
"""Link time between two questions, the first and the longest: the firmware likes five a second."""
PATIENCE_S = 5.0
"""Link time granted beyond the expected end of a motion."""
HOMING_S = 90.0
"""Process time in which homing must end."""


class GrblStage:
    """Implements `Positioner`. ``origin`` is the machine position (mm) of the block's centre.

    ``load`` is where the arm may place or take a block, by default ``origin``.
    """

    def __init__(
        self,
        lines: Lines,
        url: str,
        clock: Clock,
        motion: StageMotion,
        origin: XY,
        load: XY | None = None,
    ) -> None:
        self._session = GrblSession(lines, url, clock)
        self._clock = clock
        self._motion = motion
        self._origin = origin
        self._load = load if load is not None else origin
        self._busy = asyncio.Lock()
        self._motions = 0
        self._last: PositionerStatus | None = None

    async def read(self) -> Outcome[PositionerStatus]:
        """Read the position; while a motion is under way, return what it saw last.

        Exact after `load_position` and `move`, within the play of the frame otherwise.
        """
        if self._motions:
            if self._last is None:
                return NotDone(Failure.BUSY, "homing or moving; no position seen yet")
            return Done(self._last)
        async with self._busy:
            await self._session.passed()
            trouble = await self._session.ready()
            status = trouble or await self._session.report()
            # A stop that is reported instead of the position: ask again for the position.
            if isinstance(status, Trouble) and status.reason is Failure.FAULT:
                status = await self._session.report()
            # The question may be ignored, a line may not: no ``ok``, and the line is given up.
            if (
                trouble is None
                and isinstance(status, Trouble)
                and status.reason is Failure.NO_REPLY
            ):
                said = await self._session.command(grbl.EMPTY)
                status = said if isinstance(said, Trouble) else await self._session.report()
            return _not_done(status) if isinstance(status, Trouble) else Done(self._see(status))

    def nod(self, heard: Heard) -> bool:
        """Do as `read` in passing: a `Nod`."""
        if self._motions:
            heard(_MOVES)
            return True
        if self._busy.locked():
            return False
        return self._session.report_in_passing(self._see, heard)

    async def home(self) -> Outcome[PositionerStatus]:
        """Reset the controller, so that nothing queued is left, and find the reference."""
        async with self._alone():
            self._last = None
            if trouble := await self._session.ready(reset=True):
                return _not_done(trouble)
            deadline = HOMING_S / self._clock.speed + REPLY_S
            reply = await self._session.command(grbl.HOME, deadline)
            if isinstance(reply, Trouble):
                return _unknown(reply) if _may_move(reply) else _not_done(reply)
            status = await self._arrival(0)
            if isinstance(status, Trouble):
                return _unknown(status)
            self._session.homed = True
            return Done(self._see(status))

    async def load_position(self) -> Outcome[PositionerStatus]:
        """Go where the arm may place or take a block. Idempotent."""
        async with self._alone():
            status = await self._session.report()
            resting = _shifted(self._load, -self._motion.relief_mm)
            if isinstance(status, grbl.Status) and self._session.homed:
                here = _xy(self._session.machine(status))
                near = max(abs(here[0] - resting[0]), abs(here[1] - resting[1])) <= TOLERANCE_MM
                if near and status.state not in _MOVING and _not_idle(status) is None:
                    return Done(self._see(status))
            return await self._go(self._load)

    async def move(self, x_mm: float, y_mm: float) -> Outcome[PositionerStatus]:
        """Bring a point of the block under the indenter, take the side force off, confirm."""
        if not (math.isfinite(x_mm) and math.isfinite(y_mm)):
            return NotDone(Failure.BAD_ARGUMENT, f"not a point: {x_mm}, {y_mm}")
        async with self._alone():
            return await self._go((self._origin[0] - x_mm, self._origin[1] - y_mm))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Have the controller for a motion; who reads meanwhile does not wait for its end."""
        self._motions += 1
        try:
            async with self._busy:
                await self._session.passed()
                yield
        finally:
            self._motions -= 1

    # -- one motion ----------------------------------------------------------

    async def _go(self, target: XY) -> Outcome[PositionerStatus]:
        """Push the block to a machine position, draw back, settle and confirm."""
        start = await self._session.ready() or await self._at_rest()
        if isinstance(start, Trouble):
            return _not_done(start)
        if not self._session.homed:
            return NotDone(Failure.NOT_READY, "the reference is lost: home first")
        resting = _shifted(target, -self._motion.relief_mm)
        legs = (_shifted(target, -APPROACH_MM), target, resting)
        for number, leg in enumerate(legs):
            reply = await self._session.command(grbl.jog(*leg, self._motion.feed_mm_min))
            if isinstance(reply, Trouble):
                return await self._given_up(reply, moving=number > 0)
        return await self._confirmed(resting, self._travel_s(start, legs))

    async def _at_rest(self) -> XY | Trouble:
        """Return where the frame stands still; stop what an earlier session left moving."""
        status = await self._session.report()
        if isinstance(status, grbl.Status) and status.state in _MOVING:
            self._session.send(grbl.JOG_CANCEL)
            status = await self._arrival(0)
        if isinstance(status, Trouble):
            return status
        return _not_idle(status) or _xy(self._session.machine(status))

    async def _given_up(self, trouble: Trouble, *, moving: bool) -> NotDone | Unknown:
        """Stop the legs already queued; a plain refusal proves that the target is not reached."""
        if not trouble.refused:
            return _unknown(trouble)
        if moving:
            self._session.send(grbl.JOG_CANCEL)
            stopped = await self._arrival(0)
            if isinstance(stopped, Trouble):
                return _unknown(stopped)
        return _not_done(trouble)

    async def _confirmed(self, resting: XY, travel_s: float) -> Outcome[PositionerStatus]:
        arrived = await self._arrival(travel_s)
        if isinstance(arrived, Trouble):
            return _unknown(arrived)
        await self._clock.sleep(self._motion.settle_s)
        status = await self._arrival(0)
        if isinstance(status, Trouble):
            return _unknown(status)
        x, y = _xy(self._session.machine(status))
        if max(abs(x - resting[0]), abs(y - resting[1])) > TOLERANCE_MM:
            asked = f"{resting[0]:.3f}, {resting[1]:.3f}"
            return NotDone(Failure.FAULT, f"stands at {x:.3f}, {y:.3f} instead of {asked}")
        return Done(self._see(status))

    async def _arrival(self, travel_s: float) -> grbl.Status | Trouble:
        """Sleep to the expected end (process time), then poll until idle."""
        if trouble := await self._session.listen(travel_s / self._clock.speed):
            return trouble
        end = self._clock.link() + PATIENCE_S + 0.5 * travel_s / self._clock.speed
        wait_s = FIRST_POLL_S
        while True:
            status = await self._session.report()
            if isinstance(status, grbl.Status):
                self._see(status)
                if status.state not in _MOVING:
                    return _not_idle(status) or status
            elif status.reason is not Failure.NO_REPLY:
                return status
            if self._clock.link() >= end:
                return Trouble(Failure.TIMED_OUT, "not idle in time")
            if trouble := await self._session.listen(wait_s):
                return trouble
            wait_s = min(2 * wait_s, POLL_S)

    def _travel_s(self, start: XY, legs: tuple[XY, ...]) -> float:
        stops = (start, *legs)
        length = sum(math.dist(a, b) for a, b in zip(stops, legs, strict=False))
        return self._motion.travel_s(length)

    def _see(self, status: grbl.Status) -> PositionerStatus:
        x, y = _shifted(_xy(self._session.machine(status)), self._motion.relief_mm)
        if status.homed is False or status.state is grbl.State.ALARM:
            self._session.homed = False
        self._last = PositionerStatus(
            x_mm=self._origin[0] - x,
            y_mm=self._origin[1] - y,
            idle=status.state is grbl.State.IDLE,
            homed=self._session.homed,
            detail=status.state.value if status.sub is None else f"{status.state}:{status.sub}",
        )
        return self._last


_MOVES: Outcome[object] = Done(None)
_MOVING = (grbl.State.JOG, grbl.State.RUN, grbl.State.HOME)


def _not_idle(status: grbl.Status) -> Trouble | None:
    """Tell why a controller that does not move cannot move either."""
    match status.state:
        case grbl.State.IDLE:
            return None
        case grbl.State.DOOR:
            return Trouble(Failure.INTERLOCK, f"safety door (Door:{status.sub})")
        case grbl.State.ALARM:
            return Trouble(Failure.NOT_READY, "locked by an alarm: home first")
        case grbl.State.HOLD:
            return Trouble(Failure.NOT_READY, "feed hold: resume at the controller, or home")
    return Trouble(Failure.NOT_READY, f"the controller is in state {status.state}")


def _may_move(trouble: Trouble) -> bool:
    return trouble.reason in (Failure.NO_REPLY, Failure.NO_LINK)


def _not_done(trouble: Trouble) -> NotDone:
    return NotDone(trouble.reason, trouble.detail)


def _unknown(trouble: Trouble) -> Unknown:
    return Unknown(trouble.reason, trouble.detail)


def _xy(axes: grbl.Axes) -> XY:
    return axes[0], axes[1]


def _shifted(point: XY, by: float) -> XY:
    return point[0] + by, point[1] + by
