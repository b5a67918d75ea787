"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at, whether it is right, and what was seen."""

    name: str
    good: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All checks on one file, in order; ``warnings`` do not make it bad but must be read."""

    file: str
    checks: tuple[Check, ...]
    warnings: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Say whether everything is right."""
        return bool(self.checks) and all(check.good for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return what is not right."""
        return tuple(check for check in self.checks if not check.good)
