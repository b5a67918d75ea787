"""The cell: one loop a resource, all choosing by `next_action` from the same folded state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from controller import actions as a
from controller.choose import Layout, Resource, arm_may_finish, next_action
from controller.complaints import Complaints
from controller.deadlines import answer_by_default
from controller.devices import Sign
from controller.events import IndentIntended, TransferIntended
from controller.indentation import indent
from controller.interlocks import look_at_interlocks, watch_interlocks
from controller.judging import judge_block, judge_check
from controller.measuring import measure
from controller.modes import change, settle_mode
from controller.office import close_day, finish_tray, open_tray, put_question
from controller.operating.watch import RECONCILIATION, Watch
from controller.pulse import Feeler, Rounds
from controller.rig import Rig, Stop, Trouble
from controller.seeing import photograph
from controller.settling import settle_indent
from controller.startup import (
    ask_to_resume,
    compare_with_sensors,
    look_at_house,
    settle_open_intents,
    take_command,
    uncertainties,
    wake_arm,
)
from controller.state import CellState, Use
from controller.tester_records import account_for_records
from controller.transfer import move_block, settle_transfer, stand_by
from controller.trays import has_work

FEELING_S = 10.0
"""Link time that one question may take: connection, greeting and answer of the slowest device."""

Work: TypeAlias = "partial[Coroutine[Any, Any, Stop | None]]"

_PERFORM: dict[type[Any], Callable[[Rig, Any], Coroutine[Any, Any, Stop | None]]] = {
    a.MoveBlock: move_block,
    a.StandBy: stand_by,
    a.Indent: indent,
    a.Measure: measure,
    a.Photograph: photograph,
    a.Judge: judge_block,
    a.JudgeCheck: judge_check,
    a.OpenTray: open_tray,
    a.CloseDay: close_day,
    a.FinishTray: finish_tray,
    a.Ask: put_question,
}


class Cell:
    """Runs one cell until its tray is finished or it is stopped; tells ``watch`` about it.

    A cell that is to ``stay`` waits for the next tray when one is finished.
    """

    def __init__(self, rig: Rig, watch: Watch | None = None, *, stay: bool = False) -> None:
        self.rig = rig
        self.stay = stay
        self.watch = watch or Watch()
        self.layout = Layout(
            rig.config.cell.reject_places,
            rig.config.duties.daily_checks,
            arm_pushes=rig.config.devices.stage.arm_pushes,
        )
        self._busy: set[Resource] = set()
        self._rounds = Rounds()
        self._complaints = Complaints(rig.ledger)

    async def run(self) -> None:
        """Reconcile with the past, then work; return when the tray is finished or stopped."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                *(
                    group.create_task(self._keep_pulse(name, sign), name=f"cell-pulse-{name}")
                    for name, sign in self.rig.devices.signs.items()
                ),
                group.create_task(watch_interlocks(self.rig, self.watch), name="cell-interlocks"),
                group.create_task(answer_by_default(self.rig, self.watch), name="cell-questions"),
            ]
            await self._reconcile()
            self.watch.reconciled()
            tasks.append(group.create_task(self._follow_mode(), name="cell-mode"))
            tasks += [
                group.create_task(self._work(resource), name=f"cell-{resource}")
                for resource in Resource
            ]
            while True:
                seen = self.rig.ledger.version
                if self._over(self.rig.state):
                    break
                await self.rig.ledger.changed(seen)
            for task in tasks:
                task.cancel()
        await self._account_for_the_last()
        self.rig.ledger.journal.flush()

    async def _account_for_the_last(self) -> None:
        """Journal the records that came since the last indentation was settled.

        One of an open intent is its evidence, and left to who settles it; so is everything if
        the recorder cannot be read now.
        """
        if not any(isinstance(one, IndentIntended) for one in self.rig.state.intents.values()):
            await account_for_records(self.rig)

    def _over(self, state: CellState) -> bool:
        ends = ("STOPPED", "ABORTED") if self.stay else ("STOPPED", "ABORTED", "COMPLETE")
        return state.mode in ends and not self._busy

    # -- from the past ---------------------------------------------------------

    async def _reconcile(self) -> None:
        await look_at_house(self.rig)
        await self._answered()
        for step in (take_command, settle_open_intents, compare_with_sensors):
            while not self._told_to_stop and await self._insist(step) is not None:
                await self._answered()
        # What was settled may have raised a question of its own, about a block.
        await self._answered()
        if self._told_to_stop:
            # Nothing moves; what is open stays so, and the next session settles it.
            await settle_mode(self.rig.ledger)
            return
        await look_at_interlocks(self.rig)
        state = self.rig.state
        if state.mode in ("STOPPED", "COMPLETE", "IDLE"):
            await self._take_up_work()
        elif state.mode == "HELD" and not (doubts := uncertainties(self.rig)):
            await change(self.rig.ledger, "unhold", "every open intent was settled with certainty")
            await settle_mode(self.rig.ledger)
        elif state.mode == "HELD" and not state.undecided:
            await self.rig.ledger.record(*ask_to_resume(self.rig, doubts))

    @property
    def _told_to_stop(self) -> bool:
        return self.rig.state.mode == "STOPPING"

    async def _take_up_work(self) -> None:
        """Begin with the tray that was accepted; without one be ready for the next."""
        if has_work(self.rig.state) or not self.stay:
            steps = {"reset": "a tray was accepted", "start": "a tray was accepted"}
        else:
            steps = {"reset": "ready for the next tray"}
        for command, reason in steps.items():
            await change(self.rig.ledger, command, reason)
            await settle_mode(self.rig.ledger)

    async def _answered(self) -> None:
        """Wait until every decision is taken, or the cell is told to stop."""
        while self.rig.state.undecided and not self._told_to_stop:
            await self.rig.ledger.changed(self.rig.ledger.version)

    async def _insist(self, step: Callable[[Rig], Awaitable[Stop | None]]) -> Stop | None:
        """Repeat a step of reconciliation until no device stands in its way, or to no avail."""
        tries = 0
        while isinstance(stop := await self._attempt(step), Trouble):
            await self._complain(RECONCILIATION, stop)
            if self._told_to_stop:
                return stop
            await self.rig.clock.sleep(self.rig.config.limits.cooldown(tries + 1))
            tries += 1
        await self._complaints.withdraw(RECONCILIATION)
        return stop

    async def _attempt(self, step: Callable[[Rig], Awaitable[Stop | None]]) -> Stop | None:
        self.watch.began(RECONCILIATION, getattr(step, "__name__", ""), "")
        try:
            return await step(self.rig)
        finally:
            self.watch.ended(RECONCILIATION)

    # -- one resource ----------------------------------------------------------

    async def _work(self, resource: Resource) -> None:
        failures = 0
        while True:
            seen = self.rig.ledger.version
            self.watch.looked(resource)
            work = self._open_intent(resource) or self._next(resource)
            if work is None:
                await self.rig.ledger.changed(seen)
                continue
            before = self.rig.ledger.journal.seq
            stop = await self._busily(resource, work)
            if stop is None and self.rig.ledger.journal.seq == before:
                # Whatever has effect leaves an event; repeating this would spin for ever.
                stop = Trouble("no-progress", resource, f"{work} changed nothing")
            if not isinstance(stop, Trouble):
                failures = 0
                await self._complaints.withdraw(resource)
                continue
            failures += 1
            await self._complain(resource, stop)
            # Again and again: whoever resumed took it for mended.
            if failures % self.rig.config.limits.failures == 0:
                await change(self.rig.ledger, "hold", f"{stop.source}: {stop.detail}")
            await self.rig.clock.sleep(self.rig.config.limits.cooldown(failures))

    def _next(self, resource: Resource) -> Work | None:
        action = next_action(self.rig.state, resource, self.layout)
        return partial(_PERFORM[type(action)], self.rig, action) if action else None

    def _open_intent(self, resource: Resource) -> Work | None:
        """Return how to settle an intent that no running action holds any more."""
        state = self.rig.state
        for intent in state.intents.values():
            block = state.blocks[intent.block]
            if block.held_by:
                continue
            if isinstance(intent, TransferIntended):
                if resource is Resource.ARM:
                    return partial(settle_transfer, self.rig, intent)
            elif (
                resource is Resource.TESTER and block.positions[intent.position].use is Use.INTENDED
            ):
                return partial(settle_indent, self.rig, intent)
        return None

    async def _busily(self, resource: Resource, work: Work) -> Stop | None:
        self._busy.add(resource)
        # What is done: an action, or an intent to be settled.
        about = work.args[1]
        self.watch.began(resource, type(about).__name__, getattr(about, "block", ""))
        try:
            return await work()
        finally:
            self.watch.ended(resource)
            self._busy.discard(resource)
            self.rig.ledger.wake()

    async def _complain(self, who: str, trouble: Trouble) -> None:
        self.watch.troubled(who, trouble)
        await self._complaints.make(who, trouble)

    # -- what goes on beside -----------------------------------------------------

    async def _keep_pulse(self, name: str, sign: Sign) -> None:
        """Feel a device's pulse and notice within two beats that it no longer answers."""
        who = f"pulse of {name}"
        beat = partial(self.watch.looked, who, FEELING_S)
        feeler = Feeler(name, sign, partial(self._complain_once, who), self._rounds, beat)
        while True:
            self.watch.looked(who, FEELING_S)
            await feeler.feel()
            if feeler.silent is None and self._complaints.made_by(who):
                await self._complaints.withdraw(who)

    async def _complain_once(self, who: str, trouble: Trouble) -> None:
        """Raise one alarm for one outage, whatever becomes known of its cause meanwhile."""
        if self._complaints.made_by(who):
            self.watch.troubled(who, trouble)
        else:
            await self._complain(who, trouble)

    async def _follow_mode(self) -> None:
        """Leave acting states once nothing is in motion; complete when the tray is finished."""
        while True:
            seen = self.rig.ledger.version
            self.watch.looked("mode")
            state = self.rig.state
            if state.tray_finished and state.mode == "EXECUTE":
                await change(self.rig.ledger, "complete", "the tray is finished")
            elif state.mode in ("IDLE", "COMPLETE") and has_work(state):
                await self._take_up_work()
            elif not self._in_motion():
                if state.mode == "UNHOLDING":
                    await self._take_heart()
                await settle_mode(self.rig.ledger)
            await self.rig.ledger.changed(seen)

    async def _take_heart(self) -> None:
        """Have an arm that a stop has ended work again; what fails the workers will meet."""
        trouble = await self._attempt(wake_arm)
        if isinstance(trouble, Trouble):
            await self._complain("resume", trouble)
        else:
            await self._complaints.withdraw("resume")

    def _in_motion(self) -> bool:
        state = self.rig.state
        finishing = state.transfer is not None and arm_may_finish(state)
        return finishing or bool(self._busy - {Resource.OFFICE})
