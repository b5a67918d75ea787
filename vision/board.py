"""A board of places on which a few are chosen and moved so that they serve all the others.

The largest distance is replaced by a high power mean, which also rewards the second
farthest and so leads a local search downhill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.free_ground import Places, squared_distances

_SWEEPS = 8
_FIRST = ((0.0, 0.6), (0.6, 0.0), (-0.45, -0.45), (0.45, -0.45), (-0.6, 0.0))
"""Where the first place of a start lies, in halves of the extent."""
_TIE = 1 + 1e-6  # sums may differ in the last bits between processors


def first_least(cost: NDArray[np.floating]) -> int:
    """Return the first index whose cost is the least but for rounding."""
    return int(np.argmax(cost <= cost.min() * _TIE))


def gains(new: float, old: float) -> bool:
    """Tell whether the new cost is below the old one by more than rounding."""
    return new * _TIE < old


@dataclass(frozen=True, slots=True)
class Board:
    """Places, and what is needed about each of them with every witness and every other place.

    `power` (places, witnesses) is the high power of the distance, `apart` (places, places)
    whether both may be used.
    """

    places: Places
    witnesses: Places
    power: NDArray[np.float32]
    apart: NDArray[np.bool_]

    @classmethod
    def of(cls, places: Places, witnesses: Places, unit: float, least: float) -> Board:
        """Return the board of these places and who they serve; `unit` mm has the power 1."""
        power = ((squared_distances(places, witnesses) / (unit * unit)) ** 8).astype(np.float32)
        apart = squared_distances(places, places) >= (least + 1e-9) ** 2
        return cls(places, witnesses, power, apart)

    def starts(self, count: int) -> list[list[int]]:
        """Return different selections to begin with, some perhaps too short."""
        middle = (self.places.max(axis=0) + self.places.min(axis=0)) / 2
        half = (self.places.max(axis=0) - self.places.min(axis=0)) / 2
        seeds: list[list[int]] = [[]]
        for x, y in _FIRST:
            target = middle + half * (x, y)
            seeds.append([first_least(((self.places - target) ** 2).sum(axis=1) + 1e-9)])
        return [self.extended(seed, count) for seed in seeds]

    def extended(
        self, chosen: list[int], count: int, served: NDArray[np.float32] | None = None
    ) -> list[int]:
        """Return the selection with places added, each where it serves most.

        `served` is the power of the distance at which others serve each place already.
        """
        chosen = list(chosen)
        nearest = self._nearest(chosen) if served is None else served
        while len(chosen) < count:
            best = self._best(nearest, chosen)
            if best is None:
                break
            chosen.append(best)
            nearest = np.minimum(nearest, self.power[best])
        return chosen

    def improved(self, chosen: list[int]) -> list[int]:
        """Return the selection after moving one place at a time for as long as that helps."""
        chosen = list(chosen)
        cost = float(self._nearest(chosen).sum())
        for _ in range(_SWEEPS):
            before = cost
            for k in range(len(chosen)):
                others = chosen[:k] + chosen[k + 1 :]
                nearest = self._nearest(others)
                best = self._best(nearest, others)
                if best is None:
                    continue
                new = float(np.minimum(nearest, self.power[best]).sum())
                if gains(new, cost):
                    chosen[k], cost = best, new
            if cost == before:
                break
        return sorted(chosen)

    def packed(self, count: int) -> list[int]:
        """Return up to `count` places, chosen so that each spoils the fewest others."""
        best: list[int] = []
        close = (~self.apart).astype(np.float32)
        for first in np.argsort(close.sum(axis=1), kind="stable")[:40].tolist():
            chosen, alive = [first], self.apart[first].copy()
            while len(chosen) < count and alive.any():
                # A product is quicker than to pick out rows and columns; the counts are whole.
                spoilt = np.where(alive, close @ alive.astype(np.float32), np.inf)
                chosen.append(int(spoilt.argmin()))
                alive &= self.apart[chosen[-1]]
            best = max(best, chosen, key=len)
            if len(best) == count:
                break
        return best

    def _nearest(self, chosen: list[int]) -> NDArray[np.float32]:
        if not chosen:
            return np.full(len(self.witnesses), np.float32(np.finfo(np.float32).max / 1e6))
        nearest: NDArray[np.float32] = self.power[chosen].min(axis=0)
        return nearest

    def _best(self, nearest: NDArray[np.float32], others: list[int]) -> int | None:
        allowed = self.apart[others].all(axis=0)
        if not allowed.any():
            return None
        # All of them: to pick the allowed ones out takes as long as to add the others up.
        cost = np.minimum(nearest, self.power).sum(axis=1)
        return first_least(np.where(allowed, cost, np.inf))
