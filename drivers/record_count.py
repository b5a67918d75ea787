"""What is known of the number that a tester counted last. Pure.

A record says whose it is by its number alone. A cycle that broke off leaves open whether the
tester counted it, and a record may come a whole cycle late: so the last number is known only
to lie between two bounds, and a record proves to be that of the last cycle only if no later
number is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from drivers.codecs import versitron

BEYOND_COUNT = 1000
"""More cycles than anybody makes unseen: nobody knows how many there were."""
TOLD = 3
"""A choice among more numbers than this and one helps nobody."""


class Place(Enum):
    """Where a new record stands among those that the tester may have counted."""

    LAST = "last"
    """No later one is possible: it is that of the last cycle."""
    OPEN = "open"
    """It may be the last one, or that of an earlier cycle."""
    EARLIER = "earlier"
    """A later one was certainly counted."""
    STRANGE = "strange"
    """Nothing that is known leads to this number."""


@dataclass(frozen=True, slots=True)
class RecordCount:
    """The tester has counted ``at_least`` to ``at_most`` records after ``heard``, the last to come.

    ``heard`` is None before the first record of all.
    """

    heard: int | None = None
    at_least: int = 0
    at_most: int = 0

    def cycles(self, at_least: int, at_most: int) -> RecordCount:
        """Return what is known after cycles of which so many were counted."""
        low, high = self.at_least + at_least, self.at_most + at_most
        return RecordCount(self.heard, min(low, BEYOND_COUNT), min(high, BEYOND_COUNT))

    @property
    def open(self) -> bool:
        """Whether it is not known how many were counted."""
        return self.at_least < self.at_most

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return which numbers the last record may bear; none if there are too many to tell."""
        if self.heard is None or self.at_most > TOLD:
            return ()
        reached, found = {self.heard}, set[int]()
        for step in range(self.at_most + 1):
            found |= reached if step >= self.at_least else set()
            reached = {after for one in reached for after in versitron.successors(one)}
        return tuple(sorted(found))

    def place(self, number: int) -> Place:
        """Return where a record stands that came now, and is no copy of one that came before."""
        if self.heard is None:
            return (Place.STRANGE, Place.LAST)[self.at_most] if self.at_most < 2 else Place.OPEN
        steps = self._steps_to(number)
        if not steps:
            return Place.STRANGE
        if steps == {self.at_most} and self.at_most < BEYOND_COUNT:
            return Place.LAST
        return Place.EARLIER if max(steps) < self.at_least else Place.OPEN

    def record(self, number: int) -> RecordCount:
        """Return what is known after a record came, which is not proved to be the last one."""
        if self.heard is None:
            return RecordCount(number, 0, max(0, self.at_most - 1))
        if number == self.heard or (self.heard - number) % 1_000_000 < BEYOND_COUNT:
            return self  # a copy, or one that was overtaken
        steps = self._steps_to(number)
        if not steps:
            # Somebody has used the tester, nobody knows how often.
            return RecordCount(number, 0, BEYOND_COUNT)
        return RecordCount(number, max(0, self.at_least - max(steps)), self.at_most - min(steps))

    def _steps_to(self, number: int) -> set[int]:
        """Return how many records after the last one heard may bear a number."""
        assert self.heard is not None
        reached, steps = {self.heard}, set()
        for step in range(1, self.at_most + 1):
            reached = {after for one in reached for after in versitron.successors(one)}
            if number in reached:
                steps.add(step)
        return steps
