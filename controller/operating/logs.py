"""Logs as JSON lines on standard output: one line per thing of interest, for journald.

What a line is about (cell, block, action, operation) is bound to the running task, so
that a driver's warning carries it too without knowing of it.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import fields
from typing import TextIO

from controller.events import AlarmCleared, AlarmRaised, AnyEvent, DecisionAsked, IndentVoided
from controller.messages import plain
from controller.operating.levels import LogLevel
from controller.report.words import describe

log = logging.getLogger("hardlab.journal")

CELL: ContextVar[str] = ContextVar("cell", default="")
BLOCK: ContextVar[str] = ContextVar("block", default="")
ACTION: ContextVar[str] = ContextVar("action", default="")
OP: ContextVar[str] = ContextVar("op", default="")
_BOUND = (CELL, BLOCK, ACTION, OP)

LONGEST = 2000
"""Longest text that is logged with an event; no device and no person says more."""
_SMALL = {"EpochClaimed", "ArmMoved", "ClimateRead", "SurfaceSeen", "SlotMapRead"}
"""Events that only tell somebody who looks closely."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON; ``stamp`` gives the time, ISO 8601.

    What was logged with ``extra={"facts": {...}}`` stands beside the message.
    """

    def __init__(self, stamp: Callable[[], str]) -> None:
        super().__init__()
        self._stamp = stamp

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, object] = {
            "time": self._stamp(),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
        }
        line |= {bound.name: bound.get() for bound in _BOUND if bound.get()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False, default=str)
        # Half a character, as from a file name that is no UTF-8, must not cost the line.
        return text.encode("utf-8", "backslashreplace").decode()


def configure(level: LogLevel, stamp: Callable[[], str], stream: TextIO | None = None) -> None:
    """Send every log line of this process to ``stream`` (standard output) as JSON."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(stamp))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    tame(level)


def tame(level: LogLevel) -> None:
    """Keep libraries quiet that tell the same loss again at every try.

    Our drivers return each failure as a value; the cell raises one alarm for it.
    """
    chatty = logging.DEBUG if level is LogLevel.DEBUG else logging.CRITICAL
    logging.getLogger("pymodbus").setLevel(chatty)
    for name in ("alembic", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_event(seq: int, event: AnyEvent) -> None:
    """Log one event of the journal; once when a fault appears, once when it is gone."""
    kind = type(event).__name__
    facts = {
        field.name: plain(value)
        for field in fields(event)
        if _is_short(value := getattr(event, field.name))
    }
    named = {"event": kind, "seq": seq, **{key: value for key, value in facts.items() if value}}
    log.log(_level(event), "%s", describe(event), extra={"facts": named})


def _is_short(value: object) -> bool:
    """Tell whether a value suits a line; a manifest, a plan, a state are in the journal."""
    if isinstance(value, str):
        return len(value) <= LONGEST
    return isinstance(value, int | float | None)


def _level(event: AnyEvent) -> int:
    match event:
        case AlarmRaised():
            return logging.ERROR
        case AlarmCleared():
            return logging.WARNING
        case DecisionAsked() | IndentVoided():
            return logging.WARNING
    return logging.DEBUG if type(event).__name__ in _SMALL else logging.INFO
