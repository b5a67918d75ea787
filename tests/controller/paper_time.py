"""The same cell on paper, with a clock: perfect devices that take a fixed time for everything."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from controller import actions as a
from controller.choose import Resource, next_action
from controller.events import AnyEvent, IndentIntended
from controller.fold import fold
from tests.controller.paper_cell import AT_ONCE, Job, World, outcomes


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each thing takes; any unit."""

    travel: int
    grip: int
    measure: int
    photograph: int
    indent: int

    def of(self, world: World, job: Job) -> int:
        """Return how long the next step of a job takes."""
        match job.action:
            case a.StandBy(place):
                return 0 if world.state.arm_at == place else self.travel
            case a.MoveBlock(block, source, target):
                if job.op:
                    return self.grip
                place = source if world.state.blocks[block].at == source else target
                return 0 if world.state.arm_at == place else self.travel
            case a.Measure():
                return self.measure
            case a.Photograph():
                return self.photograph
            case a.Indent():
                return self.indent if job.op else 0
        return 0


@dataclass(frozen=True, slots=True)
class Timed:
    """What was journaled, when; and the end."""

    events: tuple[tuple[int, AnyEvent], ...]
    end: int

    def spans(self, pace: Pace) -> list[tuple[str, int, int]]:
        """Return block, first start and last end of the indentations of each block, in order."""
        found: dict[str, tuple[int, int]] = {}
        for at, event in self.events:
            if isinstance(event, IndentIntended):
                first = found.get(event.block, (at, 0))[0]
                found[event.block] = (first, at + pace.indent)
        return [(block, first, last) for block, (first, last) in found.items()]


def run_timed(world: World, pace: Pace) -> Timed:
    """Run a cell to its end, everything going well."""
    events: list[tuple[int, AnyEvent]] = []
    due: list[tuple[int, Resource]] = []
    now = 0
    while True:
        world = _begin(world, events, now)
        for resource, job in _waiting(world, due):
            heapq.heappush(due, (now + pace.of(world, job), resource))
        if not due:
            return Timed(tuple(events), now)
        now, resource = heapq.heappop(due)
        world = _advance(world, resource, events, now)


def _waiting(world: World, due: list[tuple[int, Resource]]) -> Iterator[tuple[Resource, Job]]:
    under_way = {resource for _, resource in due}
    for resource, job in world.jobs:
        if resource not in under_way:
            yield resource, job


def _begin(world: World, events: list[tuple[int, AnyEvent]], now: int) -> World:
    """Let everyone who is idle choose, until nobody finds anything more to begin."""
    before = None
    while before is not world:
        before = world
        for resource in Resource:
            action = None
            if world.job(resource) is None:
                action = next_action(world.state, resource, world.layout)
            if action is not None:
                world = world.with_job(resource, Job(action))
                # What needs no device is done at once.
                if isinstance(action, AT_ONCE):
                    world = _advance(world, resource, events, now)
    return world


def _advance(
    world: World, resource: Resource, events: list[tuple[int, AnyEvent]], now: int
) -> World:
    job = world.job(resource)
    assert job is not None
    good = next(outcome for outcome in outcomes(world, job) if not outcome.bad)
    state = world.state
    for event in good.events:
        events.append((now, event))
        state = fold(state, event)
    return World(state, world.layout, world.jobs, world.misfortunes).with_job(resource, good.then)
