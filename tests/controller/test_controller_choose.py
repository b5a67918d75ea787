"""The choice of actions, walked through every interleaving, misfortune and answer on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.actions import Action, MoveBlock
from controller.choose import Resource, next_action
from controller.events import DecisionAsked, DutyFell, IndentIntended, TransferIntended
from controller.packml import STATES
from controller.rules import forbidden
from controller.state import GRIPPER, Block, CellState, Stage, Use
from tests.controller.paper_best import least_time
from tests.controller.paper_cell import PaperLayout, Step, World, cell, key, question, successors
from tests.controller.paper_time import Pace, run_timed

DEVICES = (Resource.ARM, Resource.TESTER, Resource.SIZING, Resource.VISION)
BUFFERS = ("vision", "sizing")


# -- everything that can happen to small trays ---------------------------------------


@pytest.mark.parametrize(
    ("blocks", "misfortunes", "plan"),
    [
        (1, 2, (1, 1)),
        (2, 0, (2, 0)),
        (2, 1, (1, 1)),
        (3, 0, (1, 0)),
    ],
)
def test_every_course_of_a_small_tray_ends_well(
    blocks: int, misfortunes: int, plan: tuple[int, int]
) -> None:
    start = cell(
        blocks,
        positions=plan[0],
        spares=plan[1],
        reject_places=1,
        misfortunes=misfortunes,
        seating=8,
        check=8,
    )
    assert explore(start) > blocks


@pytest.mark.parametrize(("blocks", "misfortunes", "plan"), [(1, 2, (1, 1)), (2, 1, (1, 1))])
def test_every_course_ends_well_with_an_arm_that_pushes(
    blocks: int, misfortunes: int, plan: tuple[int, int]
) -> None:
    start = cell(
        blocks,
        positions=plan[0],
        spares=plan[1],
        reject_places=1,
        arm_pushes=True,
        misfortunes=misfortunes,
        seating=8,
        check=8,
    )
    assert explore(start) > blocks


@settings(max_examples=40, deadline=None)
@given(
    blocks=st.integers(1, 4),
    misfortunes=st.integers(0, 8),
    reject_places=st.integers(1, 3),
    plan=st.tuples(st.integers(1, 3), st.integers(0, 2)),
    holder=st.booleans(),
    arm_pushes=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_any_course_of_a_larger_tray_ends_well(
    blocks: int,
    misfortunes: int,
    reject_places: int,
    plan: tuple[int, int],
    holder: bool,
    arm_pushes: bool,
    seed: int,
) -> None:
    world = cell(
        blocks,
        positions=plan[0],
        spares=plan[1],
        reject_places=reject_places,
        arm_pushes=arm_pushes,
        misfortunes=misfortunes,
        seating=20 * holder,
        check=20 * holder,
    )
    draw, taken = Random(seed), 0
    while steps := list(successors(world)):
        step = draw.choice(steps)
        check_step(world, step)
        world = step.world
        taken += 1
        assert taken < 300 * (blocks + misfortunes), "it goes on and on"
    check_end(world)


def test_a_full_check_block_is_told_once() -> None:
    # One position left: the opening check takes it, the closing check finds none.
    explore(cell(1, seating=4, check=1))


def explore(start: World) -> int:
    """Visit every world that can come about; return how many ends were seen.

    A world met again while its own course is still followed is a cycle: the cell could go
    round for ever.
    """
    entered, left, ends = {key(start)}, set(), 0
    trail: list[tuple[Any, World, Iterator[Step]]] = [(key(start), start, successors(start))]
    while trail:
        here, world, steps = trail[-1]
        step = next(steps, None)
        if step is None:
            left.add(here)
            trail.pop()
            continue
        check_step(world, step)
        there = key(step.world)
        assert there in left or there not in entered, f"endless: {step.who} {step.events}"
        if there in entered:
            continue
        entered.add(there)
        onward = list(successors(step.world))
        if not onward:
            check_end(step.world)
            ends += 1
        trail.append((there, step.world, iter(onward)))
    return ends


# -- what must hold at every step ------------------------------------------------------


def check_step(world: World, step: Step) -> None:
    after = step.world.state
    check_places(after)
    check_spent(world.state, after)
    for event in step.events:
        if isinstance(event, IndentIntended):
            check_indent(world.state, event)
        if isinstance(event, TransferIntended):
            check_transfer(world, event)
        if isinstance(event, DecisionAsked) and event.kind == "no_position_left":
            # Spares are there to be used.
            asked_of = world.state.blocks[event.block]
            assert all(position.use is not Use.FREE for position in asked_of.positions)
        if isinstance(event, DutyFell) and event.kind == "closing-check":
            assert all(block.stage is Stage.FINISHED for block in world.state.customers)
    check_tester_is_served(step.world)
    if world.layout.arm_pushes:
        busy = [step.world.job(resource) for resource in (Resource.ARM, Resource.TESTER)]
        assert None in busy, "the arm would have to carry and push at once"


def check_places(state: CellState) -> None:
    """No two blocks at one place."""
    places = [block.at for block in state.blocks.values() if block.at != "outside"]
    assert len(places) == len(set(places)), places


def check_spent(before: CellState, after: CellState) -> None:
    """A spent position stays spent."""
    for name, block in before.blocks.items():
        for i, was in enumerate(block.positions):
            if was.use in (Use.MEASURED, Use.VOID):
                assert after.blocks[name].positions[i].use is was.use


def check_indent(state: CellState, intent: IndentIntended) -> None:
    """It stands on the anvil, nobody takes it away, the place is free and its turn has come."""
    block = state.blocks[intent.block]
    assert block.at == "tester"
    assert state.transfer is None or state.transfer.block != block.name
    assert not forbidden(block, intent.position)
    assert not block.held_by and block.doubted is None
    if block.role == "customer":
        assert not state.duties, "seating and check come before customers"
        assert block.stage is Stage.PLANNED
        free = [p for p in block.positions if p.use is Use.FREE and not p.spare]
        assert not (block.positions[intent.position].spare and free and not block.voids)
    else:
        assert intent.duty == state.duties[0].duty, "seating comes before the check"


def check_transfer(world: World, intent: TransferIntended) -> None:
    """One transfer at a time, from where the block is to where nobody is, nothing under way."""
    state = world.state
    block = state.blocks[intent.block]
    assert block.at == (intent.source if intent.step == "pick" else GRIPPER)
    assert state.block_at(intent.target) is None
    assert all(use.use is not Use.INTENDED for use in block.positions)
    assert state.transfer is None or intent.step == "release"
    assert not any(isinstance(open_one, TransferIntended) for open_one in state.intents.values())
    for resource, job in world.jobs:
        assert resource is Resource.ARM or getattr(job.action, "block", "") != block.name
    at_work = state.block_at("tester")
    if intent.step == "pick" and intent.source == "tester" and block.role == "customer":
        assert block.stage is not Stage.PLANNED or block.doubted is not None
    if intent.target == "tester" and block.role == "customer":
        assert at_work is None and not state.duties


def check_tester_is_served(world: World) -> None:
    """A free arm first unloads the tester, then loads it: nothing else comes between."""
    state = world.state
    if world.job(Resource.ARM) is not None or state.transfer is not None:
        return
    choice = next_action(state, Resource.ARM, world.layout)
    on_anvil, ready = state.block_at("tester"), state.block_at("vision")
    if on_anvil is not None and leaves(on_anvil):
        free = [place for place in BUFFERS if state.block_at(place) is None]
        if free:
            assert choice == MoveBlock(on_anvil.name, "tester", free[0])
    if isinstance(choice, MoveBlock) and choice.source.startswith("slot"):
        # What is finished gets out of the way before the next block comes.
        standing = [block for place in BUFFERS if (block := state.block_at(place))]
        assert not [b for b in standing if b.stage is Stage.JUDGED and b.goes_to == "slot"]
    if on_anvil is None and ready is not None and not state.duties and loadable(ready):
        assert choice == MoveBlock(ready.name, "vision", "tester")


def leaves(block: Block) -> bool:
    done = block.stage in (Stage.INDENTED, Stage.REFUSED) or block.doubted is not None
    return block.role == "customer" and done and not block.held_by


def loadable(block: Block) -> bool:
    return block.stage is Stage.PLANNED and block.doubted is None and not block.held_by


def check_end(world: World) -> None:
    """Nobody has anything left to do: then the tray is finished, every block in its place."""
    state = world.state
    if state.mode != "EXECUTE":
        # A person was asked about the cell itself and had it stop: every customer is in its place.
        assert state.mode_reason == "holder_full" and list(state.answers.values()) == [
            {"STOPPING": "stop", "HOLDING": "hold"}[state.mode]
        ]
        assert all(block.stage is Stage.FINISHED for block in state.customers)
        return
    assert state.tray_finished, [(b.name, b.at, b.stage, b.held_by) for b in state.customers]
    assert not (state.questions or state.intents or state.transfer or state.duties or world.jobs)
    for block in state.blocks.values():
        if block.role != "customer" or block.goes_to in ("slot", "absent"):
            assert block.at == block.home
        else:
            assert block.at == "outside" or block.at.startswith("reject-")
        assert block.doubted is None
    for block in state.customers:
        assert block.stage is Stage.FINISHED
        assert (block.verdict is not None) or block.refused_because
    if any(block.readings for block in state.customers) and "check" in state.blocks:
        assert state.duties_done[-1].duty.startswith("closing-check")


# -- what forbids motion ---------------------------------------------------------------


def samples(seed: int, misfortunes: int = 3) -> Iterator[World]:
    """Yield the worlds of one random course."""
    world, draw = cell(3, misfortunes=misfortunes, seating=9, check=9), Random(seed)
    while steps := list(successors(world)):
        yield world
        world = draw.choice(steps).world


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_moves_while_door_or_safety_chain_is_open(seed: int) -> None:
    for world in samples(seed):
        assert not chosen(replace(world.state, door_closed=False), world.layout)
        assert not chosen(replace(world.state, safety_closed=False), world.layout)


@pytest.mark.parametrize("mode", [mode for mode in STATES if mode != "EXECUTE"])
def test_outside_execute_only_a_block_in_the_gripper_is_brought_to_its_place(mode: str) -> None:
    finishing = mode in ("HOLDING", "STOPPING", "COMPLETING")
    finished = 0
    for world in samples(seed=1):
        state = replace(world.state, mode=mode)
        expected = _way_to_its_place(state) if finishing else None
        assert chosen(state, world.layout) == ({Resource.ARM: expected} if expected else {})
        finished += expected is not None
    assert bool(finished) is finishing


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_is_begun_while_a_person_is_asked_about_the_cell(seed: int) -> None:
    for world in samples(seed):
        asked = question(world.state, "transfer_doubt", "")
        state = replace(world.state, questions={**world.state.questions, "q": asked})
        expected = _way_to_its_place(state)
        assert chosen(state, world.layout) == ({Resource.ARM: expected} if expected else {})


def _way_to_its_place(state: CellState) -> MoveBlock | None:
    """Return how a transfer goes on that nobody is working on."""
    way = state.transfer
    under_way = any(isinstance(intent, TransferIntended) for intent in state.intents.values())
    if way is None or under_way or state.blocks[way.block].held_by:
        return None
    return MoveBlock(way.block, way.source, way.target)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_a_held_block_is_left_alone(seed: int) -> None:
    for world in samples(seed):
        for block in world.state.blocks.values():
            held = replace(block, held_by=(*block.held_by, "q"))
            blocks = {**world.state.blocks, block.name: held}
            state = replace(world.state, blocks=blocks)
            touched = [getattr(a, "block", None) for a in chosen(state, world.layout).values()]
            assert block.name not in touched


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_nobody_touches_what_an_open_intent_is_about(seed: int) -> None:
    # As after a crash: the intent is in the journal, and nobody works on it any more.
    for world in samples(seed):
        about = {intent.block for intent in world.state.intents.values()}
        for resource in (Resource.ARM, Resource.TESTER):
            action = next_action(world.state, resource, world.layout)
            block = getattr(action, "block", None)
            doubted = block in about and world.state.blocks[str(block)].doubted is not None
            # A doubted block is only brought to the camera.
            assert block not in about or (doubted and isinstance(action, MoveBlock))


def chosen(state: CellState, layout: PaperLayout | Any) -> dict[Resource, Action]:
    choices = {resource: next_action(state, resource, layout) for resource in DEVICES}
    return {resource: action for resource, action in choices.items() if action is not None}


# -- what it costs in time ---------------------------------------------------------------

PACES = st.builds(
    Pace,
    travel=st.integers(1, 20),
    grip=st.integers(1, 10),
    measure=st.integers(1, 60),
    photograph=st.integers(1, 30),
    indent=st.integers(1, 60),
)


def chain(pace: Pace) -> int:
    """Return a bound on all that must happen beside the indentations of one block."""
    legs = pace.travel + pace.grip
    return 8 * legs + 2 * pace.photograph + pace.measure + 2 * pace.travel


@settings(max_examples=60, deadline=None)
@given(PACES, st.integers(1, 6), st.integers(1, 5))
def test_a_busy_tester_waits_for_nothing_but_the_exchange(
    pace: Pace, blocks: int, positions: int
) -> None:
    pace = replace(pace, indent=-(-chain(pace) // positions))
    made = run_timed(bare(blocks, positions), pace)
    spans = made.spans(pace)
    assert len(spans) == blocks
    # The arm stands by, takes the block away, fetches the next: no order can be quicker.
    exchange = 3 * pace.travel + 4 * pace.grip
    for (_, _, last), (_, first, _) in pairwise(spans):
        assert first - last == exchange
    assert made.end == closed_form(pace, blocks, positions)


def closed_form(pace: Pace, blocks: int, positions: int) -> int:
    """Return the end of a tray whose tester is the bottleneck."""
    move = 2 * (pace.travel + pace.grip)
    # The arm stands over the sizing stage when the first block is measured, and so on.
    first = (move + pace.measure) + (2 * pace.grip + pace.travel + pace.photograph)
    first += 2 * pace.grip + pace.travel
    exchange = 3 * pace.travel + 4 * pace.grip
    last = (2 * pace.grip + pace.travel + pace.photograph) + (2 * pace.grip + pace.travel)
    return first + blocks * positions * pace.indent + (blocks - 1) * exchange + last


@settings(max_examples=12, deadline=None)
@given(PACES, st.integers(1, 3))
def test_no_order_of_moves_is_quicker_when_the_tester_is_busy(pace: Pace, blocks: int) -> None:
    busy = replace(pace, indent=chain(pace))
    assert run_timed(bare(blocks, 1), busy).end == least_time(blocks, busy)
    # With a quick tester another order may be quicker; never one that the search misses.
    assert run_timed(bare(blocks, 1), pace).end >= least_time(blocks, pace)


@settings(max_examples=60, deadline=None)
@given(PACES, st.integers(1, 6), st.integers(1, 3))
def test_at_any_pace_every_block_is_done_and_one_at_a_time(
    pace: Pace, blocks: int, positions: int
) -> None:
    made = run_timed(bare(blocks, positions), pace)
    spans = made.spans(pace)
    assert [block for block, _, _ in spans] == [f"B{n}" for n in range(1, blocks + 1)]
    for _, first, last in spans:
        assert last - first == positions * pace.indent
    # No worse than doing one block after the other.
    alone = run_timed(bare(1, positions), pace).end
    assert made.end <= blocks * (alone + 2 * pace.travel)


def bare(blocks: int, positions: int) -> World:
    """Return a cell without seating and check block."""
    return cell(blocks, positions=positions, spares=0, seating=0, check=0, reject_places=blocks)
