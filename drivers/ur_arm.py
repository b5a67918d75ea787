"""A UR arm behind the job mailbox on its controller's Modbus server.

One mailbox has one owner: whoever moves this arm, transfers or an
`ArmPushPositioner`, does it through the same `UrArm`, which takes one job at a
time. A caller whose status was read before another job of this owner ended is
served with a fresh one; on the old one its command would bear a number already
used, and the other's acknowledgement would be taken for its own.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

from drivers.codecs import arm as codec
from drivers.codecs.arm import Job
from drivers.codecs.registers import Table
from drivers.codecs.station import newer
from drivers.interfaces import (
    TESTER,
    Activity,
    ArmStatus,
    Done,
    Failure,
    Fence,
    NotDone,
    Outcome,
    Place,
    Station,
)
from drivers.mailbox import Letter, Mailbox, Pace
from drivers.modbus import ModbusLink, Reading
from drivers.nod import Heard
from drivers.timing import ArmTimes
from runtime import Clock

XYZ = tuple[float, float, float]

FRESH_S = 0.9
"""Younger than this, an answer says as well as the next that the arm lives."""

_FRESH: Outcome[object] = Done(None)

POSE_TOLERANCE_MM = 1.0


class UrArm:
    """Implements `Arm` with ``deploy/ur/cell.script`` at the far end.

    ``poses`` are the taught TCP positions above each place, in mm, base frame.
    A job that ended in a fault is `Done` as well: the status tells ``fault``,
    ``holding`` and ``at``, which is the evidence.
    """

    def __init__(
        self,
        link: ModbusLink,
        clock: Clock,
        arm_times: ArmTimes | None,
        poses: Mapping[Place, XYZ],
        *,
        pace: Pace | None = None,
    ) -> None:
        self._link = link
        link.meet(self._meet)
        self._times = arm_times or ArmTimes()
        self._poses = poses
        self._box: Mailbox[ArmStatus] = Mailbox(
            link, clock, codec.COMMAND, self._look, pace or Pace(), self._peek
        )
        self._turn = asyncio.Lock()
        self._posted: Fence | None = None

    async def read(self) -> Outcome[ArmStatus]:
        """Read state, pose and gripper sensor."""
        seen = await self._box.look()
        return Done(seen.value.status) if isinstance(seen, Done) else seen

    async def beat(self) -> Outcome[object]:
        """Ask for a sign of life, unless one came just now with the arm's work."""
        if self._link.silent_s < FRESH_S:
            return _FRESH
        return await self._link.read(codec.STATUS)

    def nod(self, heard: Heard) -> bool:
        """Do as `beat` in passing: a `Nod`."""
        if self._link.silent_s < FRESH_S:
            heard(_FRESH)
            return True
        return self._link.read_in_passing(codec.STATUS, heard)

    async def claim(self, epoch: int) -> Outcome[ArmStatus]:
        """Fence older sessions out; done when the script shows this epoch."""
        return await self._box.claim(epoch, {"job": Job.CLAIM})

    async def carry(self, to: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Move above a place, gripper as it is."""
        return await self._job(Job.CARRY, to, after, self._times.carry_s)

    async def pick(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Lower, close, rise with the block. Refused unless it stands over ``at``."""
        return await self._job(Job.PICK, at, after, self._times.pick_s, over=at)

    async def release(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Lower, open, rise without the block. Refused unless it stands over ``at``."""
        return await self._job(Job.RELEASE, at, after, self._times.release_s, over=at)

    async def retreat(self, after: ArmStatus) -> Outcome[ArmStatus]:
        """Leave an unknown pose by its taught retreat; the gripper stays as it is."""
        return await self._job(Job.RETREAT, None, after, self._times.retreat_s)

    async def push(
        self, x_mm: float, y_mm: float, after: ArmStatus, expected_s: float
    ) -> Outcome[ArmStatus]:
        """Push the block on the anvil until this point of it is under the indenter, and rise.

        Refused unless the arm stands over the tester with an empty gripper.
        """
        if after.holding:
            return NotDone(Failure.NOT_READY, "the arm cannot push: it holds a block")
        point = {"x": round(100 * x_mm), "y": round(100 * y_mm)}
        return await self._job(Job.PUSH, TESTER, after, expected_s, over=TESTER, more=point)

    async def _job(
        self,
        job: Job,
        place: Place | None,
        after: ArmStatus,
        expected_s: float,
        *,
        over: Place | None = None,
        more: Mapping[str, int] | None = None,
    ) -> Outcome[ArmStatus]:
        """Post one job and wait for its end; ``over`` is where the arm must stand for it."""
        if place is not None and place not in self._poses:
            return NotDone(Failure.BAD_ARGUMENT, f"{place} is not taught")
        values = {"job": int(job)}
        if place is not None:
            values |= {"station": int(place.station), "index": place.index}
        async with self._turn:
            seen = await self._fresh(after)
            if not isinstance(seen, Done):
                return seen
            unfit = _unfit(seen.value, over)
            if unfit is not None:
                return unfit
            fence = seen.value.fence
            posted = await self._box.post({**values, **(more or {})}, fence)
            if not isinstance(posted, Done):
                return posted
            self._posted = Fence(fence.boot, fence.epoch, posted.value)
            return await self._box.wait(expected_s, posted.value, fence.boot)

    async def _fresh(self, after: ArmStatus) -> Outcome[ArmStatus]:
        """Return the status to go by: the caller's, unless a job of ours came in between."""
        last, known = self._posted, after.fence
        if last is None or (last.boot, last.epoch) != (known.boot, known.epoch):
            return Done(after)
        if not newer(last.accepted, known.accepted):
            return Done(after)
        now = await self.read()
        if isinstance(now, Done) and now.value.fence.boot != known.boot:
            return NotDone(Failure.NOT_READY, "the arm lost power since its status was read")
        return now

    async def _look(self) -> Outcome[Letter[ArmStatus]]:
        raw: dict[str, int] = {}
        for table in (codec.STATUS, codec.ROBOT_MODE, codec.SAFETY, codec.POSE):
            outcome = await self._fields(table)
            if not isinstance(outcome, Done):
                return outcome
            raw |= outcome.value
            if table is codec.STATUS and (stranger := self._stranger(raw)) is not None:
                return stranger
        try:
            status = self._status(raw)
        except ValueError as error:
            return NotDone(Failure.BAD_REPLY, f"{self._link.url}: {error}")
        return Done(Letter(status.fence, status.activity, raw["refused"], raw["refusal"], status))

    async def _peek(self) -> Outcome[Letter[None]]:
        """Read the mailbox alone: one read, where the whole status takes four."""
        seen = await self._fields(codec.STATUS)
        if not isinstance(seen, Done):
            return seen
        raw = seen.value
        if (stranger := self._stranger(raw)) is not None:
            return stranger
        try:
            activity = Activity(raw["activity"])
        except ValueError as error:
            return NotDone(Failure.BAD_REPLY, f"{self._link.url}: {error}")
        fence = Fence(raw["boot"], raw["epoch"], raw["accepted"])
        return Done(Letter(fence, activity, raw["refused"], raw["refusal"], None))

    async def _meet(self, read: Reading) -> NotDone | None:
        seen = await read(codec.NAMEPLATE)
        if not isinstance(seen, Done):
            return NotDone(seen.reason, seen.detail)
        stranger = self._stranger(codec.NAMEPLATE.decode(seen.value))
        # An arm whose program does not run yet is no stranger; its status will say so.
        return stranger if stranger and stranger.reason is Failure.BAD_REPLY else None

    def _stranger(self, raw: Mapping[str, int]) -> NotDone | None:
        """Tell that the mailbox is not our script's, None if it is."""
        found = (raw["identity"], raw["map_version"])
        if found == (codec.IDENTITY, codec.MAP_VERSION):
            return None
        if found == (0, 0):
            detail = "nobody has written the mailbox; does the arm run our program yet?"
            return NotDone(Failure.NOT_READY, f"{self._link.url}: {detail}")
        return NotDone(
            Failure.BAD_REPLY,
            f"{self._link.url}: identity {found[0]:#06x}, map {found[1]} instead of "
            f"{codec.IDENTITY:#06x}, map {codec.MAP_VERSION}; is it the arm, with the matching "
            "program?",
        )

    async def _fields(self, table: Table) -> Outcome[dict[str, int]]:
        outcome = await self._link.read(table)
        return Done(table.decode(outcome.value)) if isinstance(outcome, Done) else outcome

    def _status(self, raw: dict[str, int]) -> ArmStatus:
        """Raise ValueError on an activity that the map does not have."""
        pose = (raw["x"] / 10, raw["y"] / 10, raw["z"] / 10)
        safety = codec.SAFETY_MODES.get(raw["safety_mode"], f"MODE_{raw['safety_mode']}")
        return ArmStatus(
            fence=Fence(raw["boot"], raw["epoch"], raw["accepted"]),
            activity=Activity(raw["activity"]),
            fault=raw["fault"],
            holding=bool(raw["holding"]),
            at=self._believed(raw["at_station"], raw["at_index"], pose),
            ready=raw["robot_mode"] == codec.ROBOT_RUNNING and safety == "NORMAL",
            safety=safety,
            pose_mm=pose,
            probed_mm=(raw["probe_x"] / 100, raw["probe_y"] / 100) if raw["probed"] else None,
        )

    def _believed(self, station: int, index: int, pose: XYZ) -> Place | None:
        """Return the place the script claims, if the controller's own pose agrees."""
        if station not in set(Station):
            return None
        place = Place(Station(station), index)
        taught = self._poses.get(place)
        near = taught is not None and math.dist(taught, pose) <= POSE_TOLERANCE_MM
        return place if near else None


def _unfit(status: ArmStatus, over: Place | None) -> NotDone | None:
    """Tell why an arm in this status may not begin a job that needs it to stand ``over``."""
    if not status.ready:
        return NotDone(Failure.NOT_READY, f"the arm is not running; safety {status.safety}")
    if over is not None and status.at != over:
        return NotDone(Failure.NOT_READY, f"the arm stands over {status.at}, not over {over}")
    return None
