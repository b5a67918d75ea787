"""What is measured of a cell at work, under which names: docs/operating.md explains each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from controller.events import (
    AlarmRaised,
    AnyEvent,
    IndentConfirmed,
    IndentDoubted,
    IndentIntended,
    IndentVoided,
    NotHappened,
    TransferConfirmed,
    TransferIntended,
)
from controller.operating.exposition import Metric, Numbers, Summary, exposition
from controller.rig import Trouble
from controller.state import CellState, Stage
from drivers.tended_lines import LineTally

_COMMUNICATION = {
    f"device-{reason}" for reason in ("no-link", "no-reply", "bad-reply", "exception-reply")
}


class Meters:
    """The numbers of one daemon. ``now`` gives seconds of link time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._begun: dict[str, tuple[str, float]] = {}
        self.op_s = Summary("hardlab_op_seconds", "Link time from intent to its settlement.")
        self.action_s = Summary("hardlab_action_seconds", "Link time of an action of a worker.")
        self.commit_s = Summary("hardlab_journal_commit_seconds", "Durable commit of the journal.")
        self.retries = Numbers("hardlab_retries_total", "counter", "Attempts beyond the first.")
        self.comm_errors = Numbers(
            "hardlab_comm_errors_total", "counter", "Failed conversations by device and reason."
        )
        self.troubles = Numbers("hardlab_troubles_total", "counter", "Actions that got stuck.")
        self.raised = Numbers("hardlab_alarms_total", "counter", "Alarms raised.")
        self.events = Numbers("hardlab_events_total", "counter", "Events recorded.")
        self.lag_s = Numbers("hardlab_loop_lag_seconds", "gauge", "Worst lag since last asked.")
        self.now_open = Numbers("hardlab_open", "gauge", "Open alarms, intents, questions.")
        self.blocks = Numbers("hardlab_blocks", "gauge", "Blocks of the tray: all and done.")
        self.mode = Numbers("hardlab_mode", "gauge", "1 for the PackML state the cell is in.")
        self.disk = Numbers("hardlab_disk_free_bytes", "gauge", "Free for us in the run's folder.")
        self.tasks = Numbers("hardlab_tasks", "gauge", "Tasks of the daemon's loop.")
        self.stalled = Numbers("hardlab_stalled", "gauge", "1 for a part that missed its beat.")
        self.line_up = Numbers("hardlab_line_up", "gauge", "1 while a line works, 0 when lost.")
        self.line_reconnects = Numbers(
            "hardlab_line_reconnects_total", "counter", "Connections beyond the first, by line."
        )
        self.line_errors = Numbers(
            "hardlab_line_errors_total", "counter", "Failures of a line: how it failed."
        )
        self._worst_lag = 0.0

    def heard(self, event: AnyEvent) -> None:
        """Count an event of the journal."""
        self.events.add(event=type(event).__name__)
        match event:
            case IndentIntended(op=op, attempt=attempt):
                self._intended(op, "indent", attempt)
            case TransferIntended(op=op, step=step, attempt=attempt):
                self._intended(op, step, attempt)
            case (
                IndentConfirmed(op=op)
                | TransferConfirmed(op=op)
                | IndentVoided(op=op)
                | IndentDoubted(op=op)
                | NotHappened(op=op)
            ):
                self._settled(op, type(event).__name__)
            case AlarmRaised(alarm=alarm, source=source):
                self.raised.add(alarm=alarm, source=source)

    def _intended(self, op: str, kind: str, attempt: int) -> None:
        self._begun[op] = (kind, self._now())
        if attempt > 1:
            self.retries.add(kind=kind)

    def _settled(self, op: str, by: str) -> None:
        # An intent of an earlier session has no beginning here.
        kind, began = self._begun.pop(op, ("", 0.0))
        if kind:
            self.op_s.observe(self._now() - began, kind=kind, end=by)

    def troubled(self, who: str, trouble: Trouble) -> None:
        """Count an action that got stuck."""
        self.troubles.add(worker=who, alarm=trouble.alarm)
        if trouble.alarm in _COMMUNICATION:
            reason = trouble.alarm.removeprefix("device-")
            self.comm_errors.add(device=trouble.source, reason=reason)

    def tended(self, lines: Iterable[LineTally]) -> None:
        """Take over how each line has fared."""
        for line in lines:
            if line.up is not None:
                self.line_up.put(line.up, line=line.name)
            self.line_reconnects.put(line.reconnects, line=line.name)
            for kind in ("refused", "lost", "given_up"):
                self.line_errors.put(getattr(line, kind), line=line.name, kind=kind)

    def lagged(self, seconds: float) -> None:
        """Note by how much the loop was late."""
        self._worst_lag = max(self._worst_lag, seconds)

    def page(self, state: CellState, folder: Path, stalled: tuple[str, ...], tasks: int) -> str:
        """Return everything as Prometheus reads it. Raises OSError if the folder is gone."""
        self.tasks.put(tasks)
        for name, held in (
            ("alarms", state.alarms),
            ("intents", state.intents),
            ("questions", state.questions),
        ):
            self.now_open.put(len(held), what=name)
        self.blocks.put(len(state.customers), which="all")
        done = sum(block.stage is Stage.FINISHED for block in state.customers)
        self.blocks.put(done, which="done")
        self.mode.clear()
        self.mode.put(1, mode=state.mode)
        self.stalled.clear()
        for name in stalled:
            self.stalled.put(1, part=name)
        self.lag_s.put(self._worst_lag)
        self._worst_lag = 0.0
        disk = os.statvfs(folder)
        self.disk.put(disk.f_bavail * disk.f_frsize)
        return exposition(metric for metric in vars(self).values() if isinstance(metric, Metric))
