"""The least time that any order of the arm's moves could take: an exact search, as an oracle.

Knows nothing of the rule: every legal transfer, every place to wait at and every
wait is tried, shortest course first. Blocks are taken in the order of their slots.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import TypeAlias

from tests.controller.paper_time import Pace

IN_SLOT, SIZING, VISION, TESTER, AWAY = range(5)
RAW, SIZED, PLANNED, INDENTED, CONFIRMED = range(5)

# Of each block: place, stage, and how long its station is still busy with it.
Blocks: TypeAlias = tuple[tuple[int, int, int], ...]
# The blocks, and the place that the arm stands over (from 10 on: slots, -1: nowhere).
Cell: TypeAlias = tuple[Blocks, int]


def least_time(blocks: int, pace: Pace) -> int:
    """Return the least makespan of a tray, each block with one indentation."""
    start: Cell = (((IN_SLOT, RAW, 0),) * blocks, -1)
    best = {start: 0}
    ties = itertools.count()
    ahead = [(0, next(ties), start)]
    while True:
        time, _, cell = heapq.heappop(ahead)
        if all(place == AWAY for place, _, _ in cell[0]):
            return time
        if best[cell] < time:
            continue
        for passed, then in _onward(cell, pace):
            if time + passed < best.get(then, time + passed + 1):
                best[then] = time + passed
                heapq.heappush(ahead, (time + passed, next(ties), then))


def _onward(cell: Cell, pace: Pace) -> Iterator[tuple[int, Cell]]:
    blocks, arm = cell
    for i, target in _transfers(blocks):
        place, stage, _ = blocks[i]
        source = place or 10 + i
        took = (0 if arm == source else pace.travel) + pace.travel + 2 * pace.grip
        after = list(_later(blocks, took))
        after[i] = (target, stage, _work(target, stage, pace))
        yield took, (tuple(after), 10 + i if target == AWAY else target)
    for place in (SIZING, VISION, TESTER, *(10 + i for i in range(len(blocks)))):
        if place != arm:
            yield pace.travel, (_later(blocks, pace.travel), place)
    busy = [left for _, _, left in blocks if left]
    if busy:
        yield min(busy), (_later(blocks, min(busy)), arm)


def _transfers(blocks: Blocks) -> Iterator[tuple[int, int]]:
    taken = {place for place, _, _ in blocks}
    first = next((i for i, block in enumerate(blocks) if block[0] == IN_SLOT), None)
    for i, (place, stage, left) in enumerate(blocks):
        if left:
            continue
        if i == first:
            targets: tuple[int, ...] = (SIZING,)
        elif place == SIZING:
            targets = (VISION,)
        elif place == VISION:
            targets = (TESTER,) if stage == PLANNED else ()
            if stage == CONFIRMED:
                yield i, AWAY
        else:
            targets = (SIZING, VISION) if place == TESTER else ()
        yield from ((i, target) for target in targets if target not in taken)


def _work(place: int, stage: int, pace: Pace) -> int:
    works = {
        (SIZING, RAW): pace.measure,
        (VISION, SIZED): pace.photograph,
        (TESTER, PLANNED): pace.indent,
        (VISION, INDENTED): pace.photograph,
    }
    return works.get((place, stage), 0)


def _later(blocks: Blocks, passed: int) -> Blocks:
    return tuple(
        (place, stage + (0 < left <= passed), max(0, left - passed))
        for place, stage, left in blocks
    )
