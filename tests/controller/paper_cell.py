"""A cell on paper: what devices, luck and people may answer to each action, as events.

Pure: a `World` is a folded state, the jobs under way and the misfortunes still to
come; `successors` are all worlds that one more step of anybody leads to. Time is
absent, so that every interleaving of the resources is among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from controller import actions as a
from controller import events as e
from controller.choose import Layout, Resource, next_action
from controller.config.policy import KINDS
from controller.decisions import answer
from controller.fold import fold, fold_all
from controller.folding.keys import indent_key, transfer_key
from controller.folding.needs import remaining
from controller.state import GRIPPER, CellState

NOTHING = e.Evidence(1, 1, 0)
FORCE = Decimal("1471.0")


@dataclass(frozen=True, slots=True)
class Job:
    """An action under way; ``op`` is its intent once that is in the journal."""

    action: a.Action
    op: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """One instant. ``misfortunes`` is how many more may befall."""

    state: CellState
    layout: Layout
    jobs: tuple[tuple[Resource, Job], ...] = ()
    misfortunes: int = 0

    def job(self, resource: Resource) -> Job | None:
        return dict(self.jobs).get(resource)

    def with_job(self, resource: Resource, job: Job | None) -> World:
        others = tuple(item for item in self.jobs if item[0] is not resource)
        mine = ((resource, job),) if job else ()
        return replace(self, jobs=tuple(sorted((*others, *mine))))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that may come of a job's next step."""

    events: tuple[e.AnyEvent, ...]
    then: Job | None = None
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of anybody: the events it puts into the journal and the world after it."""

    who: str
    events: tuple[e.AnyEvent, ...]
    world: World


def cell(
    blocks: int,
    *,
    positions: int = 1,
    spares: int = 1,
    reject_places: int = 2,
    arm_pushes: bool = False,
    **rest: int,
) -> World:
    """Return a cell with a tray just accepted and, by default, a seating and a check block."""
    orders = tuple(
        e.BlockOrder(f"B{n}", "HRC", n, "round", 60.0, 60.0) for n in range(1, blocks + 1)
    )
    history: list[e.AnyEvent] = [e.SessionBegan(1, "", "", 0)]
    for place, role in ((1, "seating"), (2, "check")):
        if rest.get(role, 2):
            history.append(_stock(role, place, rest.get(role, 2)))
    history += [e.TrayAccepted("T", "R", orders), e.ModeChanged("EXECUTE", "")]
    layout = PaperLayout(reject_places, arm_pushes=arm_pushes, positions=positions, spares=spares)
    return World(fold_all(history), layout, (), rest.get("misfortunes", 0))


@dataclass(frozen=True, slots=True)
class PaperLayout(Layout):
    """The layout, and how many positions and spares a plan on this paper has."""

    positions: int = 1
    spares: int = 1


def _stock(role: Any, place: int, positions: int) -> e.HolderStocked:
    spots = tuple(e.Spot(5.0 * n, 0.0) for n in range(positions))
    value = Decimal(60)
    return e.HolderStocked(role, role, "HRC", f"holder-{place:02d}", value, Decimal(1), spots, 1.0)


AT_ONCE = (a.Judge, a.JudgeCheck, a.CloseDay, a.FinishTray, a.Ask)
"""What needs no device: chosen and done in one step, nothing can come between."""


def successors(world: World) -> Iterator[Step]:
    """Yield every step that anybody may take now."""
    for resource in Resource:
        job = world.job(resource)
        if job is None:
            action = next_action(world.state, resource, world.layout)
            if action is None:
                continue
            job = Job(action)
            if not isinstance(action, AT_ONCE):
                yield Step(f"{resource} chooses", (), world.with_job(resource, job))
                continue
        for outcome in outcomes(world, job):
            if not outcome.bad or world.misfortunes:
                yield _after(world, resource, outcome)
    for asked in world.state.questions.values():
        for option in asked.options:
            events = answer(asked, option, "somebody")
            yield Step(f"{asked.kind}: {option}", events, _with(world, events))


def _after(world: World, resource: Resource, outcome: Outcome) -> Step:
    after = _with(world, outcome.events).with_job(resource, outcome.then)
    left = world.misfortunes - outcome.bad
    return Step(resource, outcome.events, replace(after, misfortunes=left))


def _with(world: World, events: tuple[e.AnyEvent, ...]) -> World:
    state = world.state
    for event in events:
        state = fold(state, event)
    return replace(world, state=state)


# -- what may come of each action --------------------------------------------------


def outcomes(world: World, job: Job) -> Iterator[Outcome]:
    """Yield what may come of the next step of a job: intended first, then done."""
    match job.action:
        case a.MoveBlock():
            yield from _move(world.state, job, job.action)
        case a.Indent():
            yield from _indent(world.state, job, job.action)
        case a.Measure(block):
            sized = e.BlockSized(block, block, Decimal(15), Decimal(60), Decimal(60))
            yield Outcome((sized, e.BlockIdentified(block, "code")))
            for kind in ("unreadable_identity", "wrong_block"):
                yield Outcome((sized, question(world.state, kind, block)), bad=True)
        case a.Photograph():
            yield from _photograph(world, job.action)
        case _:
            yield from _office(world.state, job.action)


def _office(state: CellState, action: a.Action) -> Iterator[Outcome]:
    match action:
        case a.StandBy(place):
            yield Outcome((e.ArmMoved(place),))
        case a.Judge(block):
            yield Outcome((judged(block, passed=True),))
            yield Outcome((judged(block, passed=False),))
        case a.JudgeCheck(duty):
            zero = Decimal(0)
            yield Outcome((e.CheckJudged(duty, "check", zero, zero, zero, zero, True),))
        case a.OpenTray():
            yield Outcome(tuple(_opened(state)))
        case a.CloseDay():
            fell = e.DutyFell(f"closing-check-{state.ops}", "closing-check", "check", 1, "")
            yield Outcome((fell,))
        case a.FinishTray():
            yield Outcome((e.TrayFinished(state.tray, 0, 0, 0),))
        case a.Ask(kind, block):
            yield Outcome((question(state, kind.replace("-", "_"), block),))
        case _:
            raise AssertionError(action)


def _opened(state: CellState) -> Iterator[e.AnyEvent]:
    slots = tuple(block.order.slot for block in state.customers if block.order)
    yield e.SlotMapRead(state.tray, slots)
    if "seating" in state.blocks and not state.set_up_for:
        yield e.DutyFell("seating-1", "seating", "seating", 1, "")
    if "check" in state.blocks:
        yield e.DutyFell("opening-check-1", "opening-check", "check", 1, "")


def _move(state: CellState, job: Job, action: a.MoveBlock) -> Iterator[Outcome]:
    picks = state.blocks[action.block].at != GRIPPER
    if job.op:
        yield Outcome((e.TransferConfirmed(job.op, NOTHING, False),))
        yield Outcome((e.NotHappened(job.op, "no grip"),), bad=True)
        return
    op, step = _next_op(state), "pick" if picks else "release"
    attempt = 1 + state.attempts.get(
        transfer_key(step, action.block, action.source, action.target), 0
    )
    moved = e.ArmMoved(action.source if picks else action.target)
    intent = e.TransferIntended(
        op,
        "pick" if picks else "release",
        action.block,
        action.source,
        action.target,
        attempt,
        NOTHING,
    )
    yield Outcome((moved, intent), replace(job, op=op))
    if picks and action.source.startswith("slot"):
        yield Outcome((moved, question(state, "missing_block", action.block)), bad=True)


def _indent(state: CellState, job: Job, action: a.Indent) -> Iterator[Outcome]:
    block = state.blocks[action.block]
    if not job.op:
        op, spot = _next_op(state), block.positions[action.position]
        attempt = 1 + state.attempts.get(indent_key(block.name, action.position), 0)
        intent = e.IndentIntended(
            op, block.name, action.position, spot.x, spot.y, "HRC", action.duty, 1, attempt, NOTHING
        )
        yield Outcome((intent,), replace(job, op=op))
        return
    yield Outcome((confirmed(job.op),))
    yield Outcome((e.NotHappened(job.op, "not started"),), bad=True)
    yield Outcome(_voided(state, job.op, block.name), bad=True)
    if block.role == "customer":
        yield Outcome((e.IndentDoubted(job.op, "other boot", None, ""),), bad=True)


def _photograph(world: World, action: a.Photograph) -> Iterator[Outcome]:
    state, name, layout = world.state, action.block, world.layout
    assert isinstance(layout, PaperLayout)
    seen = e.SurfaceSeen(name, action.purpose, "", "round", 60.0, 60.0, ())
    if action.purpose == "before":
        spots = tuple(e.Spot(5.0 * n, 5.0) for n in range(layout.positions + layout.spares))
        plan = e.Planned(
            name, spots[: layout.positions], spots[layout.positions :], 1.0, 1.0, 0.1, 1.0
        )
        yield Outcome((seen, plan))
        yield Outcome((seen, question(state, "no_room", name)), bad=True)
    elif action.purpose == "after":
        confirmed_there = e.IndentsSeen(name, (), (), ())
        yield Outcome((seen, confirmed_there))
        yield Outcome((seen, confirmed_there, question(state, "surface_mismatch", name)), bad=True)
    else:
        op = _doubted_op(state, name)
        yield Outcome((seen, e.NotHappened(op, "untouched")))
        yield Outcome((seen, *_voided(state, op, name)))
        yield Outcome((seen, question(state, "ambiguous_indent", name, op)), bad=True)


def _doubted_op(state: CellState, name: str) -> str:
    return next(intent.op for intent in state.intents.values() if intent.block == name)


def _voided(state: CellState, op: str, name: str) -> tuple[e.AnyEvent, ...]:
    voided = e.IndentVoided(op, "no record", None, "")
    block = state.blocks[name]
    if block.role != "customer" or not block.voids:
        return (voided,)
    return (voided, question(state, "second_void", name))


def _next_op(state: CellState) -> str:
    return f"op-{state.ops + 1}"


# -- single events -------------------------------------------------------------------


def question(state: CellState, kind: str, block: str, op: str = "") -> e.DecisionAsked:
    """Return the next question of a kind, with the options that the policy offers."""
    name = f"q-{len(state.answers) + len(state.questions) + 1}"
    offered = KINDS[kind]
    return e.DecisionAsked(name, kind, block, op, kind, offered.options, offered.safe, "", "")


def confirmed(op: str, hardness: Decimal = Decimal("61.2")) -> e.IndentConfirmed:
    """Return the confirmation of an indentation."""
    return e.IndentConfirmed(op, hardness, 1, "", "", 3000, 4000, 5000, FORCE, NOTHING, False)


def judged(block: str, *, passed: bool) -> e.Judged:
    """Return a verdict."""
    zero = Decimal(0)
    return e.Judged(block, zero, zero, zero, zero, passed, True, "", zero, "R")


def key(world: World) -> tuple[Any, ...]:
    """Return what tells worlds apart whose further course may differ; counters are left out."""
    state = world.state
    blocks = tuple(
        (b.name, b.at, b.stage, tuple(p.use for p in b.positions), b.goes_to, len(b.held_by))
        for b in state.blocks.values()
    )
    intents = tuple((type(i).__name__, i.block, i.attempt) for i in state.intents.values())
    duties = tuple((duty.kind, remaining(state, duty)) for duty in state.duties)
    done = tuple(check.duty.partition("-")[0] for check in state.duties_done)
    asked = tuple((q.kind, q.block) for q in state.questions.values())
    jobs = tuple((resource, job.action, bool(job.op)) for resource, job in world.jobs)
    rest = (state.transfer, state.slots_occupied, state.tray_finished, state.arm_at, state.mode)
    attempts = tuple(sorted(state.attempts.items()))
    return blocks, intents, duties, done, asked, jobs, rest, attempts, world.misfortunes
