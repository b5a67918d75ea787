"""How much is logged."""

from __future__ import annotations

from enum import StrEnum


class LogLevel(StrEnum):
    """The least serious line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
