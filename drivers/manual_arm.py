"""A person who carries the blocks, behind the arm's interface."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from drivers.interfaces import (
    Activity,
    ArmStatus,
    Done,
    Failure,
    Fence,
    NotDone,
    Outcome,
    Place,
)
from drivers.person import DONE, NOT_DONE, UNSURE, Desk, nobody, verdict

_HOLDS, _EMPTY = "a block", "nothing"
_NOWHERE = (math.nan, math.nan, math.nan)


class ManualArm:
    """Implements `Arm` and `ArmController`: pick and release are asked for, place by place.

    What hands cannot tell is not told: there is no pose (``pose_mm`` is not a number),
    and ``at`` is the place that the next question will name. Nothing is kept over a
    restart, so a new session, which claims a new epoch, shows a new boot number, and
    what the hands hold is asked; so it is after every answer that did not come.
    A question dies with its asker, so no order of a dead session is ever carried out.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fence = Fence(boot=0, epoch=0, accepted=0)
        self._at: Place | None = None
        self._holding: bool | None = None
        self._turn = asyncio.Lock()

    async def read(self) -> Outcome[ArmStatus]:
        """Return what was last said; ask what the hands hold when that is not known."""
        if self._turn.locked():
            return Done(self._status(Activity.RUNNING))
        async with self._turn:
            return await self._read()

    async def claim(self, epoch: int) -> Outcome[ArmStatus]:
        """Begin a session."""
        if epoch < self._fence.epoch:
            return NotDone(Failure.OLD_EPOCH, f"held by epoch {self._fence.epoch}")
        async with self._turn:
            if epoch > self._fence.epoch:
                self._fence = Fence(boot=epoch, epoch=epoch, accepted=0)
                self._at = None
            return await self._read()

    async def start(self) -> Outcome[object]:
        """Ask whether somebody is there to carry."""
        question = "Is somebody at the cell to carry blocks?"
        trouble = verdict(await self._desk.choose(question, (DONE, NOT_DONE)), question)
        if trouble is None:
            return Done(DONE)
        return NotDone(Failure.NOT_READY, trouble.detail)

    async def carry(self, to: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Note the place; hands need not be told to go there before they are told what to do."""
        async with self._turn:
            refused = self._refusal(after)
            if refused is not None:
                return refused
            self._taken(to)
            return await self._read()

    async def pick(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Ask to take the block from a place and hold it."""
        return await self._hand(f"Take the block from {at} and hold it.", at, after, holding=True)

    async def release(self, at: Place, after: ArmStatus) -> Outcome[ArmStatus]:
        """Ask to lay the block held into a place."""
        return await self._hand(f"Lay the block you hold into {at}.", at, after, holding=False)

    async def retreat(self, after: ArmStatus) -> Outcome[ArmStatus]:
        """Stand back; hands have no pose to leave."""
        async with self._turn:
            refused = self._refusal(after)
            if refused is not None:
                return refused
            self._taken(None)
            return await self._read()

    async def _hand(
        self, question: str, at: Place, after: ArmStatus, *, holding: bool
    ) -> Outcome[ArmStatus]:
        async with self._turn:
            refused = self._refusal(after)
            if refused is None and self._at != at:
                refused = NotDone(Failure.NOT_READY, f"over {self._at}, not over {at}")
            if refused is not None:
                return refused
            self._taken(at)
            before, self._holding = self._holding, None
            trouble = verdict(await self._desk.choose(question, (DONE, NOT_DONE, UNSURE)), question)
            if trouble is None:
                self._holding = holding
                return Done(self._status(Activity.DONE))
            if isinstance(trouble, NotDone):
                self._holding = before
            return trouble

    def _refusal(self, after: ArmStatus) -> NotDone | None:
        if self._fence.epoch == 0 or after.fence != self._fence:
            return NotDone(Failure.OLD_EPOCH, "the status is not of this session, or not the last")
        return None

    def _taken(self, at: Place | None) -> None:
        self._fence = replace(self._fence, accepted=(self._fence.accepted + 1) % 0x10000)
        self._at = at

    async def _read(self) -> Outcome[ArmStatus]:
        if self._holding is None:
            question = "What do your hands hold?"
            said = await self._desk.choose(question, (_HOLDS, _EMPTY))
            if said is None:
                return nobody(question)
            self._holding = said == _HOLDS
        return Done(self._status(Activity.IDLE))

    def _status(self, activity: Activity) -> ArmStatus:
        return ArmStatus(
            fence=self._fence,
            activity=activity,
            fault=0,
            holding=bool(self._holding),
            at=self._at,
            ready=True,
            safety="BY_HAND",
            pose_mm=_NOWHERE,
        )
