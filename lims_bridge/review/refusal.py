"""A deed that the rules forbid, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done, in words that say what would be needed."""

    reason: str

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason
