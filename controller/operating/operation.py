"""How one daemon is doing: beats, numbers and log, gathered from all that happens in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from pathlib import Path

from controller.events import (
    AnyEvent,
    DecisionAnswered,
    DecisionAsked,
    DecisionWithdrawn,
    IndentIntended,
    TransferIntended,
)
from controller.operating import logs
from controller.operating.beats import Beats
from controller.operating.metrics import Meters
from controller.operating.notify import Notifier
from controller.operating.watch import RECONCILIATION, Watch
from controller.rig import Trouble
from controller.state import CellState, Stage
from drivers.tended_lines import LineTally

log = logging.getLogger("hardlab.operating")

ACTION_S = 300.0
"""No action takes longer in process time: homing 90 s, coming to rest 120 s, a start 60 s."""
PAUSE_S = 5.0
"""The longest pause of a worker after trouble, process time."""
COMMIT_S = 30.0
"""A disk that takes longer for one commit is as good as gone."""
UNWATCHED_S = 30.0
"""The period by which beats are judged where no service manager gave one."""

_WHO: ContextVar[str] = ContextVar("who", default="")
"""Who acts in this task."""


class Operation(Watch):
    """Hears everything and knows who is stalled.

    ``now`` gives seconds of link time and may be called from any thread;
    ``speed`` is that of process time.
    """

    def __init__(
        self, cell: str, now: Callable[[], float], notifier: Notifier, speed: float = 1.0
    ) -> None:
        self.notifier = notifier
        self.beats = Beats(now, helpers={"projector"})
        self.meters = Meters(now)
        self.ready = asyncio.Event()
        self.patience_s = (notifier.watchdog_s or UNWATCHED_S) / 2
        self._now = now
        self._speed = speed
        self._began: dict[str, tuple[str, float]] = {}
        self._commit_began: float | None = None
        self._waiting: dict[str, str] = {}
        logs.CELL.set(cell)

    # -- the cell ----------------------------------------------------------------

    def reconciled(self) -> None:
        """Tell the manager that work begins."""
        self.ready.set()
        self.beats.leave(RECONCILIATION)
        self.notifier.tell(READY=1)
        log.info("the past is settled, the cell is ready")

    def looked(self, who: str, more_s: float = 0.0) -> None:
        """Expect the next look within a period: `Pulse` wakes whoever waits for work."""
        self.beats.beat(who, self.patience_s + more_s)

    def began(self, who: str, what: str, block: str) -> None:
        """Give an action the time that actions may take."""
        self.beats.beat(who, self.patience_s + ACTION_S / self._speed)
        self._began[who] = (what, self._now())
        _WHO.set(who)
        logs.ACTION.set(what)
        logs.BLOCK.set(block)
        logs.OP.set("")

    def ended(self, who: str) -> None:
        """Count the action; a pause may follow, after reconciliation the answer of a person."""
        if who == RECONCILIATION:
            self.beats.rest(who)
        else:
            self.beats.beat(who, self.patience_s + PAUSE_S / self._speed)
        what, began = self._began.pop(who)
        self.meters.action_s.observe(self._now() - began, action=what)
        for bound in (logs.ACTION, logs.BLOCK, logs.OP):
            bound.set("")

    def troubled(self, who: str, trouble: Trouble) -> None:
        """Count it; what a person must know is told once, by the alarm."""
        self.meters.troubled(who, trouble)
        log.debug("%s: %s: %s", who, trouble.source, trouble.detail)

    @property
    def settling(self) -> bool:
        """Whether a step of reconciliation is under way."""
        return RECONCILIATION in self._began

    # -- the journal ---------------------------------------------------------------

    def heard(self, seq: int, event: AnyEvent) -> None:
        """Take an event of the journal, in the task that recorded it."""
        if isinstance(event, IndentIntended | TransferIntended):
            logs.OP.set(event.op)
        self._wait_for_person(event)
        self.meters.heard(event)
        logs.log_event(seq, event)

    def _wait_for_person(self, event: AnyEvent) -> None:
        """Let who waits for a person's hands wait; after the answer his action goes on."""
        if isinstance(event, DecisionAsked) and event.device and (who := _WHO.get()):
            self._waiting[event.question] = who
            self.beats.rest(who)
        elif isinstance(event, DecisionAnswered | DecisionWithdrawn):
            who = self._waiting.pop(event.question, "")
            if who in self._began:
                self.beats.beat(who, self.patience_s + ACTION_S / self._speed)

    def boundary(self, name: str) -> None:
        """Time a commit; called in the thread that does it."""
        if name == "before-write":
            self.beats.beat("journal", COMMIT_S)
        elif name == "before-commit":
            self._commit_began = self._now()
        elif name == "after-write":
            self.beats.rest("journal")
            if self._commit_began is not None:
                self.meters.commit_s.observe(self._now() - self._commit_began)
                self._commit_began = None

    # -- to the outside ------------------------------------------------------------

    def page(self, state: CellState, folder: Path, lines: Iterable[LineTally] = ()) -> str:
        """Return the metrics. Raises OSError if the folder is gone."""
        self.meters.tended(lines)
        tasks = len(asyncio.all_tasks())
        return self.meters.page(state, folder, self.beats.stalled(), tasks)


def status_line(state: CellState) -> str:
    """Return the state of a cell in one line: mode, block i of n, what waits for a person."""
    customers = state.customers
    done = sum(block.stage is Stage.FINISHED for block in customers)
    parts = [state.mode]
    if customers:
        parts.append(f"block {min(done + 1, len(customers))}/{len(customers)}")
        if (on := state.block_at("tester")) is not None:
            parts.append(f"{on.name} on the tester")
    for count, word in ((len(state.questions), "question"), (len(state.alarms), "alarm")):
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    return ", ".join(parts)
