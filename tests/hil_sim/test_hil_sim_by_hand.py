"""Cells in which a person does the work of devices: the same tray, asked for over the bus."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from controller.assembly import Folder
from controller.bus.local import LocalBus
from controller.events import AlarmRaised, DecisionAnswered, DecisionAsked, DecisionWithdrawn
from controller.journal import read_rows
from controller.messages import Command
from controller.modes import obey
from controller.rig import Rig
from controller.serving import view_of
from controller.state import CellState, Stage
from drivers.interfaces import Done
from drivers.spool import SpoolReader
from hil_sim.scenario.crash import Reaper
from hil_sim.scenario.dates import DEMO_START
from hil_sim.scenario.invariants import broken_promises
from hil_sim.scenario.lab import SimulatedLab, build_lab
from hil_sim.scenario.run import Killed, Session, daemon, recorder
from hil_sim.scenario.technician import Technician
from runtime import Clock, run_virtual, stream, within
from tests.labs import tray, truths
from tests.mixed import BY_HAND, by_hand

KINDS = {
    **{name: (name,) for name in ("arm", "stage", "tester", "results", "camera", "climate")},
    "sizing": ("gauge", "reader"),
    "tester and results": ("tester", "results"),
    "all": tuple(BY_HAND),
}
LIMIT_S = 14_400
ORPHANED = "its session ended"
FIRST, STEP = (7, 151), 293
"""Where the daemon dies; a walk over all boundaries takes minutes."""


@dataclass
class Outcome:
    """How it ended: state, events, what the technician said, every broken promise."""

    state: CellState
    events: list
    technician: Technician
    broken: list
    died_at: list = field(default_factory=list)
    passed: list = field(default_factory=list)
    lab: SimulatedLab | None = None

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def work(config, blocks, folder, *, deaths=(), before=None) -> Outcome:
    """Verify a tray with a technician at hand; life i dies at boundary ``deaths[i]``."""
    return run_virtual(_work(config, tray(*blocks), folder, deaths, before))


async def _work(config, manifest, folder, deaths, before):
    clock = Clock.starting(DEMO_START)
    lab = build_lab(config, manifest, truths(), seed=1, clock=clock)
    session = Session(config, Folder(folder), clock, 1, keep_pictures=False)
    keeping = asyncio.ensure_future(recorder(session, lab))
    person = Technician(lab, clock, folder / "by-hand", stream(1, "technician"))
    died_at = []

    async def attend(rig: Rig) -> None:
        bus = LocalBus()
        await bus.open(lambda command: obey(rig.ledger, command), lambda: view_of(rig))
        if before is not None:
            await before(rig, bus, reaper.passed)
        await person.serve(bus)

    for at in (*deaths, None):
        reaper = Reaper(at)
        try:
            async with within(LIMIT_S, "the tray to be finished"):
                rig = await daemon(session, lab, manifest, boundary=reaper, meanwhile=attend)
            break
        except (Killed, BaseExceptionGroup):
            # Killed in the technician's task, the cell notices it by its journal being gone.
            assert at is not None and len(reaper.passed) >= at
            died_at.append(reaper.passed[at - 1])
    keeping.cancel()
    kept = () if config.devices.results.by_hand else await _records(session)
    rows = tuple(read_rows(session.folder.journal))
    broken = broken_promises(lab.world, rows, kept, config.cell.u_pos_mm)
    events = [row.event() for row in rows]
    return Outcome(rig.state, events, person, broken, died_at, reaper.passed, lab)


async def _records(session):
    kept = await SpoolReader(session.folder.spool).records()
    assert isinstance(kept, Done)
    return kept.value


def check_finished(outcome, *blocks, spoilt=0):
    assert outcome.broken == []
    assert [block.name for block in outcome.state.customers] == list(blocks)
    assert not outcome.state.questions and not outcome.state.alarms and not outcome.state.intents
    for block in outcome.state.customers:
        assert block.stage is Stage.FINISHED and block.verdict is not None
        assert block.verdict.passed and block.at == block.home
        assert len(block.readings) == 5 and block.voids <= spoilt
        truth = truths()[block.name].hardness
        assert abs(float(block.verdict.mean) - truth) < 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_is_verified_whatever_a_person_does(kind, tmp_path):
    names = KINDS[kind]
    outcome = work(by_hand(*names), ["2007-102"], tmp_path)
    check_finished(outcome, "2007-102")
    assert not outcome.of(AlarmRaised)
    asked = Counter(event.device for event in outcome.of(DecisionAsked))
    assert set(asked) == set(names), "every device by hand asked, and nobody else"
    assert {event.by for event in outcome.of(DecisionAnswered)} == {"technician"}
    assert not outcome.of(DecisionWithdrawn) and not outcome.state.answers
    if "tester" in names:
        assert len(outcome.technician.made) == len(list(outcome.lab.world.indentations()))


def test_two_blocks_go_through_a_cell_of_hands(tmp_path):
    outcome = work(by_hand(*BY_HAND), ["2007-102", "2007-103"], tmp_path)
    check_finished(outcome, "2007-102", "2007-103")


def test_what_a_person_typed_is_kept_to_the_digit(tmp_path):
    outcome = work(by_hand("climate", "gauge", "reader"), ["2007-102"], tmp_path)
    (block,) = outcome.state.customers
    typed = {device: said for device, _, said in outcome.technician.answered}
    assert [str(number) for number in block.climate] == typed["climate"].split()
    sized = (block.sized.thickness_mm, block.sized.width_mm, block.sized.depth_mm)
    assert [str(size) for size in sized] == typed["gauge"].split()
    assert block.sized.code == typed["reader"] == "2007-102"


# -- deaths ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory):
    return work(by_hand(*BY_HAND), ["2007-102"], tmp_path_factory.mktemp("whole")).passed


@pytest.mark.parametrize("first", FIRST)
def test_killed_while_questions_stand_nothing_is_made_twice_and_nothing_lost(
    first, boundaries, tmp_path
):
    for at in range(first, len(boundaries), STEP):
        outcome = work(by_hand(*BY_HAND), ["2007-102"], tmp_path / str(at), deaths=[at, 60])
        assert len(outcome.died_at) == 2
        check_finished(outcome, "2007-102")
        assert len(outcome.technician.made) == len(list(outcome.lab.world.indentations()))
        assert {event.reason for event in outcome.of(DecisionWithdrawn)} <= {ORPHANED}


@pytest.mark.parametrize("device", ["climate", "tester", "results", "arm"])
def test_the_question_of_a_dead_session_is_withdrawn_and_asked_anew(device, tmp_path):
    config, instants, late = by_hand(*BY_HAND), [], []

    async def note(rig, bus, passed):
        def hear(seq, event):
            if isinstance(event, DecisionAsked) and event.device == device:
                instants.append(len(passed) + 1)

        rig.ledger.listeners.append(hear)

    async def come_back_from_lunch(rig, bus, passed):
        orphans = [name for name, asked in rig.state.questions.items() if asked.device == device]
        if not orphans:
            return
        while rig.state.session == 1:
            await rig.ledger.changed(rig.ledger.version)
        order = {"question": orphans[0], "option": "done"}
        late.append(await bus.request(Command("late", "decide", order, "Li")))

    work(config, ["2007-102"], tmp_path / "whole", before=note)
    at = instants[len(instants) // 2]
    outcome = work(
        config, ["2007-102"], tmp_path / "killed", deaths=[at], before=come_back_from_lunch
    )
    check_finished(outcome, "2007-102")
    withdrawn = {event.question: event.reason for event in outcome.of(DecisionWithdrawn)}
    assert set(withdrawn.values()) == {ORPHANED}
    asked = [e for e in outcome.of(DecisionAsked) if e.device == device]
    assert any(event.question in withdrawn for event in asked)
    (reply,) = late
    assert not reply.accepted and "no open question" in reply.reason


# -- people ----------------------------------------------------------------------------


async def until_asked(bus, device, clock):
    """Return the first question of a device."""
    while True:
        for asked in (await bus.snapshot()).state["questions"]:
            if asked["device"] == device:
                return asked
        await clock.sleep(1)


def test_a_question_to_a_person_holds_up_nobody_else(tmp_path):
    seen = []

    async def before(rig, bus, passed):
        asked = await until_asked(bus, "climate", rig.clock)
        at = rig.ledger.journal.seq
        # Nobody answers for a while: the arm fetches the next block all the same.
        await rig.clock.sleep(300)
        assert not rig.state.cell_in_question and rig.state.mode == "EXECUTE"
        seen.append((asked, [row.kind for row in read_rows(tmp_path / "journal.sqlite", at)]))

    outcome = work(by_hand("climate"), ["2007-102", "2007-103"], tmp_path, before=before)
    check_finished(outcome, "2007-102", "2007-103")
    ((asked, kinds),) = seen
    assert asked["form"] == "temperature in °C; relative humidity in %" and not asked["options"]
    assert "TransferConfirmed" in kinds and "SurfaceSeen" in kinds


def test_a_question_that_nobody_answers_raises_an_alarm_and_is_asked_anew(tmp_path):
    told = []

    async def before(rig, bus, passed):
        first = await until_asked(bus, "camera", rig.clock)
        while (await until_asked(bus, "camera", rig.clock))["question"] == first["question"]:
            await rig.clock.sleep(1)
        told.append(dict(rig.state.alarms))
        late = Command("late", "decide", {"question": first["question"], "option": "x.pgm"}, "Li")
        reply = await bus.request(late)
        assert not reply.accepted and "no open question" in reply.reason

    outcome = work(by_hand("camera", patience_s=120), ["2007-102"], tmp_path, before=before)
    check_finished(outcome, "2007-102")
    ((alarm, detail),) = told[0].items()
    assert alarm == "device-no-reply:camera"
    assert detail.startswith("nobody answered: Photograph the block") and "; answer" in detail
    (late,) = outcome.of(DecisionWithdrawn)
    assert late.reason == "nobody waits for the answer any more"


def test_what_does_not_fit_is_asked_again_and_words_of_decisions_are_only_words(tmp_path):
    async def before(rig, bus, passed):
        for n, wrong in enumerate(("stop", "hot", "23.1", "23.1 145")):
            asked = await until_asked(bus, "climate", rig.clock)
            order = {"question": asked["question"], "option": wrong}
            assert (await bus.request(Command(f"c-{n}", "decide", order, "Li"))).accepted
            while asked["question"] in rig.state.questions:
                await rig.clock.sleep(1)
            again = await until_asked(bus, "climate", rig.clock)
            assert f"'{wrong}' does not fit" in again["text"]
        asked = await until_asked(bus, "climate", rig.clock)
        for wrong in ("", " ", "a\nb", "9" * 201):
            order = {"question": asked["question"], "option": wrong}
            assert not (await bus.request(Command(f"w{wrong}", "decide", order, "Li"))).accepted

    outcome = work(by_hand("climate"), ["2007-102"], tmp_path, before=before)
    check_finished(outcome, "2007-102")
    # The seating and the check block have air of their own.
    assert len(outcome.of(DecisionAsked)) == 4 + 3
