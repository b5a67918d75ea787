"""The date and time of the machine, for programs that run once and have no loop."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the date and time, in UTC."""
    return datetime.now(UTC)
