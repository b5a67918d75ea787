"""The mechanics behind the simulated stage: a planner queue, a frame with play, a sliding block."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Leg:
    """One straight motion between two machine positions, in process time."""

    start: XY
    end: XY
    begins: float
    ends: float

    def at(self, now: float) -> XY:
        """Return the position at a time, held at both ends."""
        if self.ends <= self.begins or now >= self.ends:
            return self.end
        done = max(0.0, (now - self.begins) / (self.ends - self.begins))
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + (x1 - x0) * done, y0 + (y1 - y0) * done


class Motion:
    """Where the frame is and where it is going. Times are seconds of process time."""

    def __init__(self, at: XY) -> None:
        self._rest = at
        self._legs: deque[Leg] = deque()
        self._held_at: float | None = None

    @property
    def held(self) -> bool:
        """Whether a feed hold stands."""
        return self._held_at is not None

    @property
    def queued(self) -> int:
        """How many legs are not finished."""
        return len(self._legs)

    @property
    def ends(self) -> float | None:
        """When the last leg ends, None if nothing moves or a hold stands."""
        return self._legs[-1].ends if self._legs and not self.held else None

    @property
    def target(self) -> XY:
        """Where the last leg ends."""
        return self._legs[-1].end if self._legs else self._rest

    def add(self, end: XY, feed_mm_min: float, now: float) -> Leg:
        """Queue a straight leg after the ones already there."""
        begins = max(now, self._legs[-1].ends) if self._legs else now
        seconds = math.dist(self.target, end) / feed_mm_min * 60
        leg = Leg(self.target, end, begins, begins + seconds)
        self._legs.append(leg)
        return leg

    def passed(self, now: float) -> list[XY]:
        """Drop finished legs; return the corners passed since, and where the frame is now."""
        now = self._held_at if self._held_at is not None else now
        corners = []
        while self._legs and self._legs[0].ends <= now:
            self._rest = self._legs.popleft().end
            corners.append(self._rest)
        return [*corners, self._legs[0].at(now) if self._legs else self._rest]

    def hold(self, now: float) -> None:
        """Stop where the frame is; the legs stay."""
        if self._held_at is None:
            self._held_at = now

    def resume(self, now: float) -> None:
        """Go on after a hold."""
        if self._held_at is None:
            return
        late = now - self._held_at
        legs = [Leg(g.start, g.end, g.begins + late, g.ends + late) for g in self._legs]
        self._legs, self._held_at = deque(legs), None

    def stop(self, now: float) -> XY:
        """Stop for good and forget the legs; return where."""
        self._rest = self.passed(now)[-1]
        self._legs.clear()
        self._held_at = None
        return self._rest


@dataclass(slots=True)
class PushedBlock:
    """A block lying loosely in the frame: per axis it is pushed by one wall or the other.

    ``at`` is in machine coordinates: equal to the frame's when pushed up the
    axis, and ``play`` more when pulled down.
    """

    at: XY
    play: float

    def follow(self, frame: XY) -> None:
        """Move as far as the walls of the frame push."""
        x, y = (
            min(max(at, wall), wall + self.play) for at, wall in zip(self.at, frame, strict=True)
        )
        self.at = (x, y)
