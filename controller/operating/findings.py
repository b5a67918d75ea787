"""What the doctor finds: one line for each thing looked at, with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from runtime import DeadlineError, within

CHECK_S = 3.0
"""No check takes longer in link time; all run at once."""


class Health(StrEnum):
    """How a thing stands."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, how it stands, what was seen, and what to do about it."""

    name: str
    health: Health
    seen: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as one line of text."""
        remedy = f" → {self.remedy}" if self.remedy else ""
        return f"{self.health:<4}  {self.name:<10}  {self.seen}{remedy}"


Check: TypeAlias = Callable[[], Awaitable[Finding]]


def ok(name: str, seen: str) -> Finding:
    """Return a good finding."""
    return Finding(name, Health.OK, seen)


def warn(name: str, seen: str, remedy: str) -> Finding:
    """Return a finding that a person should know of."""
    return Finding(name, Health.WARN, seen, remedy)


def fail(name: str, seen: str, remedy: str) -> Finding:
    """Return a finding with which a cell cannot work."""
    return Finding(name, Health.FAIL, seen, remedy)


async def examine(checks: Mapping[str, Check], limit_s: float = CHECK_S) -> list[Finding]:
    """Make all checks at once; one that takes too long is a finding too."""
    return list(await asyncio.gather(*(_one(*item, limit_s) for item in checks.items())))


async def _one(name: str, check: Check, limit_s: float) -> Finding:
    try:
        async with within(limit_s, name):
            return await check()
    except DeadlineError:
        seen = f"no answer within {limit_s:g} s"
        return fail(name, seen, "look for what it waits for: a dead host, a hung disk, a lock")
    except OSError as error:
        return fail(name, str(error), "see the system's own words")


def healthy(findings: Sequence[Finding]) -> bool:
    """Return whether nothing failed."""
    return all(finding.health is not Health.FAIL for finding in findings)
