"""How wide old indentations may be, for a plan that keeps clear of them.

Under some lights part of a rim cannot be seen: the reflection within it is taken for the
whole, on some marks of a block and not on others. A plan must not come nearer for that.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from vision.geometry import Mark

_MISREAD = 1.1
"""A mark may be so much wider than it reads."""

_ALIKE = 1.6
"""Within this ratio marks are of one kind, made by one indenter on one hardness."""

_AGREE, _ENOUGH = 1.1, 3
"""So many certain marks that read the same within this ratio are believed."""


def guarded(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return the marks as wide as they may be, in their order.

    One that reads smaller than half of its kind is taken to be as wide as that half is, and
    as wide as the widest few that agree.
    """
    return tuple(replace(mark, diameter=_MISREAD * _usual(mark, marks)) for mark in marks)


def _usual(mark: Mark, marks: Sequence[Mark]) -> float:
    kind = [m for m in marks if 1 / _ALIKE < m.diameter / mark.diameter < _ALIKE]
    middle = statistics.median_high(m.diameter for m in kind)
    return max(mark.diameter, middle, _agreed([m.diameter for m in kind if m.certain]))


def _agreed(widths: Sequence[float]) -> float:
    """Return the largest width that enough of them come near to from below; 0 if none is."""
    descending = sorted(widths, reverse=True)
    last = zip(descending, descending[_ENOUGH - 1 :], strict=False)
    return next((wide for wide, other in last if wide < _AGREE * other), 0.0)
