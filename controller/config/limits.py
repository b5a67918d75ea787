"""How often something may fail, and how long the cell waits, before a person must look."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.config.fields import Number, Section, Whole

Count = Annotated[Whole, Field(ge=1, le=100)]
Seconds = Annotated[Number, Field(gt=0, le=600)]


class LimitsSection(Section):
    """Limits of recovery; may be left out."""

    attempts: Count = 3
    """Tries of one transfer or one start that provably did not happen, before a person is asked."""
    voids_per_block: Count = 1
    """Voids that a block may have without a question."""
    voids_in_a_row: Count = 3
    """Voids without a reading in between that open the circuit: the tester is looked at first."""
    failures: Count = 8
    """Failures of one action in a row after which the cell holds."""
    cooldown_s: Annotated[tuple[Seconds, ...], Field(min_length=1)] = (0.5, 1.0, 2.0, 5.0)
    """Waits after the first failure, the second and so on, s; the last one is repeated."""
    crashes: Count = 2
    """Deaths of the program within ``crash_window_s`` after which it still goes on by itself."""
    crash_window_s: Annotated[Number, Field(gt=0, le=86_400)] = 600.0
    """The time in which deaths are counted together, s."""
    disk_free_mb: Annotated[Number, Field(ge=0, le=1_000_000)] = 50.0
    """Less room than this beside the journal, in MB, and nothing moves."""
    clock_back_s: Annotated[Number, Field(ge=0, le=86_400)] = 60.0
    """A clock further behind the last event than this, s, and nothing moves."""

    def cooldown(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, s."""
        return self.cooldown_s[min(failures, len(self.cooldown_s)) - 1]
