"""In which mood a LIMS takes a request: what goes wrong before or after it had its effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runtime import stream

Mood = Literal["well", "unavailable", "hang-up", "drop-after", "fail-after", "twice", "refuse"]


@dataclass(frozen=True, slots=True)
class Moods:
    """How often each mood comes, as shares of all requests that write.

    ``unavailable``: 503, nothing done. ``hang_up``: no answer, nothing done. ``drop_after``: done,
    then the connection ends. ``fail_after``: done, then 500. ``twice``: a proxy sends the request
    a second time. ``refuse``: 422, whenever this key comes.
    """

    unavailable: float = 0.0
    hang_up: float = 0.0
    drop_after: float = 0.0
    fail_after: float = 0.0
    twice: float = 0.0
    refuse: float = 0.0
    seed: int = 0

    def of(self, key: str, attempt: int) -> Mood:
        """Return the mood in which this attempt at a key is met."""
        if stream(self.seed, "refuse", key).random() < self.refuse:
            return "refuse"
        drawn = stream(self.seed, "mood", key, str(attempt)).random()
        moods: tuple[tuple[Mood, float], ...] = (
            ("unavailable", self.unavailable),
            ("hang-up", self.hang_up),
            ("drop-after", self.drop_after),
            ("fail-after", self.fail_after),
            ("twice", self.twice),
        )
        for mood, share in moods:
            if drawn < share:
                return mood
            drawn -= share
        return "well"


AS_MEASURED = Moods(unavailable=0.15, drop_after=0.15, hang_up=0.05, fail_after=0.05)
"""A bad day: what was met in trials with real systems, all at once."""
