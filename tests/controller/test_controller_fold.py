"""``fold``: pure, complete, and spent positions stay spent whatever the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import events as e
from controller.checkpoint import STATE_VERSION, write_state
from controller.events import AnyEvent
from controller.fold import fold, fold_all
from controller.folding.keys import indent_key, transfer_key
from controller.folding.needs import remaining, required
from controller.journal import Journal
from controller.journal_row import Row
from controller.rules import forbidden
from controller.state import GRIPPER, Block, CellState, Stage, Transfer, Use
from drivers.record_count import BEYOND_COUNT, RecordCount
from tests.controller.paper_cell import NOTHING, cell, confirmed, judged, question, successors

AT = datetime(2026, 1, 5, tzinfo=UTC)
ONE = Decimal(1)


def indent(op: str, position: int = 0, block: str = "B", duty: str = "", attempt: int = 1) -> Any:
    return e.IndentIntended(op, block, position, 0.0, 0.0, "HRC", duty, 1, attempt, NOTHING)


def transfer(op: str, step: Any, source: str, target: str, attempt: int = 1) -> Any:
    return e.TransferIntended(op, step, "B", source, target, attempt, NOTHING)


def done(op: str) -> e.TransferConfirmed:
    return e.TransferConfirmed(op, NOTHING, False)


SPOTS = tuple(e.Spot(5.0 * n, 0.0) for n in range(4))
STOCKED = e.HolderStocked("C", "check", "HRC", "holder-02", ONE, ONE, SPOTS, 1.0)
TRAY = e.TrayAccepted(
    "T",
    "R",
    (
        e.BlockOrder("D", "HRC", 2, "round", 60.0, 60.0),
        e.BlockOrder("B", "HRC", 1, "round", 60.0, 60.0),
    ),
)
SIZED = e.BlockSized("B", "B", Decimal(15), Decimal(60), Decimal(60))
SEEN = e.SurfaceSeen("B", "before", "p", "round", 60.0, 60.0, ())
PLAN = e.Planned("B", SPOTS[:2], SPOTS[2:3], 2.0, 4.0, 0.15, 1.0)
DUTY = e.DutyFell("c-1", "opening-check", "C", 1, "")
ASKED = e.DecisionAsked("q-1", "no_room", "B", "", "", ("reject",), "reject", "", "")
BY_HAND = e.DecisionAsked(
    "q-2", "by_hand", "", "", "How warm?", (), "", "", "", device="climate", form="°C"
)
SEALED = e.JournalSealed(1, "T", "a", "0", 1, 9, "0", STATE_VERSION, write_state(CellState()))
CHECKED = e.CheckJudged("c-1", "C", ONE, ONE, ONE, ONE, True)

# A history with every kind of event in it, in an order that a cell may go through.
WHOLE: tuple[AnyEvent, ...] = (
    e.SessionBegan(1, "hardlab", "", 7),
    e.EpochClaimed("arm", 1, 3),
    STOCKED,
    e.InterlockChanged(False, True),
    e.AlarmRaised("interlock", "cell", "door"),
    e.AlarmCleared("interlock", "cell"),
    TRAY,
    e.ModeChanged("EXECUTE", "a tray"),
    e.CommandTaken("c", "pause", "Li"),
    e.SlotMapRead("T", (1, 2)),
    DUTY,
    indent("op-1", block="C", duty="c-1"),
    confirmed("op-1"),
    CHECKED,
    e.ArmMoved("slot-01"),
    transfer("op-2", "pick", "slot-01", "vision"),
    done("op-2"),
    transfer("op-3", "release", "slot-01", "vision"),
    done("op-3"),
    SIZED,
    e.BlockIdentified("B", "code"),
    SEEN,
    e.KindTold("B", "cone", "cone", 0.997, ("cone",), 5, 0.48, ""),
    e.DoubtWaived("B", "worn_surface", "Li"),
    PLAN,
    e.ClimateRead("B", Decimal("23.1"), Decimal("45")),
    e.StrayRecord(16, "", "", 12),
    e.FaultReset("station", 7),
    indent("op-4"),
    e.NotHappened("op-4", "not started"),
    indent("op-5"),
    e.IndentDoubted("op-5", "other boot", None, ""),
    e.IndentVoided("op-5", "the picture shows it", None, ""),
    ASKED,
    e.DecisionAnswered("q-1", "reject", "Li"),
    BY_HAND,
    e.DecisionWithdrawn("q-2", "its session ended"),
    indent("op-6", 1),
    e.DisplayRead("op-6", "same", "Li"),
    e.NumberRead(16, "Li"),
    confirmed("op-6"),
    indent("op-7", 2),
    confirmed("op-7"),
    e.IndentsSeen("B", (0.01,), (), ()),
    judged("B", passed=True),
    e.BlockTakenOut("D", "Li"),
    e.BlockRefused("D", "missing", "absent"),
    e.TrayFinished("T", 1, 0, 1),
)


def after(*events: AnyEvent, start: tuple[AnyEvent, ...] = (STOCKED, TRAY, PLAN)) -> CellState:
    return fold_all((*start, *events))


def block(state: CellState, name: str = "B") -> Block:
    return state.blocks[name]


# -- purity and completeness -----------------------------------------------------------


def test_every_kind_of_event_is_folded_and_leaves_its_mark() -> None:
    # A sealing leaves the state as it is: see test_controller_sealing.
    history = (*WHOLE, e.RejectRowEmptied("Li"), SEALED)
    assert {type(event) for event in history} == set(get_args(AnyEvent))
    state = CellState()
    for event in WHOLE:
        # That a fault was reset is told for the record; nothing follows from it.
        assert (fold(state, event) == state) is isinstance(event, e.FaultReset), event
        state = fold(state, event)


def test_folding_changes_nothing_that_it_was_given() -> None:
    state = CellState()
    for event in WHOLE:
        text, facts = repr(state), repr(event)
        first, second = fold(state, event), fold(state, event)
        assert first == second
        assert (repr(state), repr(event)) == (text, facts)
        state = first


def test_a_restart_at_any_event_comes_to_the_same_state() -> None:
    journal = Journal(Path(":memory:"))
    state = CellState()
    for event in WHOLE:
        journal.append(AT, (event,), durable=False)
        state = fold(state, event)
        again = fold_all(row.event() for row in journal.rows())
        assert repr(again) == repr(state)
    journal.close()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_spent_positions_stay_spent_in_any_history(seed: int, blocks: int) -> None:
    world = cell(blocks, positions=2, spares=2, misfortunes=6, seating=20, check=20)
    draw = Random(seed)
    allowed = {
        Use.FREE: {Use.FREE, Use.INTENDED},
        Use.INTENDED: {Use.INTENDED, Use.FREE, Use.DOUBTED, Use.MEASURED, Use.VOID},
        Use.DOUBTED: {Use.DOUBTED, Use.FREE, Use.VOID},
        Use.MEASURED: {Use.MEASURED},
        Use.VOID: {Use.VOID},
    }
    while steps := list(successors(world)):
        then = draw.choice(steps).world
        for name, was in world.state.blocks.items():
            for i, position in enumerate(was.positions):
                assert then.state.blocks[name].positions[i].use in allowed[position.use]
        check_books(then.state)
        world = then


def check_books(state: CellState) -> None:
    """Every spent position has its reason: a reading, a void, or an intent that is open."""
    for made in state.blocks.values():
        uses = [position.use for position in made.positions]
        measured = [i for i, use in enumerate(uses) if use is Use.MEASURED]
        assert sorted(reading.position for reading in made.readings) == measured
        open_ones = [
            intent.position
            for intent in state.intents.values()
            if isinstance(intent, e.IndentIntended) and intent.block == made.name
        ]
        unsettled = [i for i, use in enumerate(uses) if use in (Use.INTENDED, Use.DOUBTED)]
        assert sorted(open_ones) == unsettled
        assert made.voids == uses.count(Use.VOID)


# -- indentations ------------------------------------------------------------------------


def use_after(*events: AnyEvent) -> Use:
    return block(after(indent("op-1"), *events)).positions[0].use


def test_an_intent_takes_the_position_before_anything_is_known() -> None:
    state = after(indent("op-1"))
    assert block(state).positions[0].use is Use.INTENDED
    assert [position.use for position in block(state).positions[1:]] == [Use.FREE, Use.FREE]
    assert forbidden(block(state), 0)


def test_what_provably_did_not_happen_frees_the_position() -> None:
    assert use_after(e.NotHappened("op-1", "")) is Use.FREE
    assert use_after(e.IndentDoubted("op-1", "", None, ""), e.NotHappened("op-1", "")) is Use.FREE


def test_a_doubt_blocks_the_position_and_stays_an_open_intent() -> None:
    state = after(indent("op-1"), e.IndentDoubted("op-1", "", None, ""))
    assert block(state).doubted == 0
    assert forbidden(block(state), 0)
    assert set(state.intents) == {"op-1"}
    settled = fold(state, e.IndentVoided("op-1", "", None, ""))
    assert block(settled).doubted is None
    assert block(settled).voids == 1
    assert not settled.intents


def test_a_reading_is_kept_as_published() -> None:
    state = after(indent("op-1"), confirmed("op-1", Decimal("61.20")))
    (reading,) = block(state).readings
    assert (reading.op, reading.position, str(reading.hardness)) == ("op-1", 0, "61.20")


def test_a_void_is_made_up_for_by_a_spare_and_then_the_block_is_indented() -> None:
    state = after(indent("op-1"), e.IndentVoided("op-1", "", None, ""), indent("op-2", 1))
    state = fold(state, confirmed("op-2"))
    assert required(block(state)) == 2
    assert block(state).stage is Stage.PLANNED
    state = fold(fold(state, indent("op-3", 2)), confirmed("op-3"))
    assert block(state).stage is Stage.INDENTED


def test_records_of_the_spool_are_accounted_for() -> None:
    lost = (indent("op-1"), e.IndentVoided("op-1", "no record", None, "", records=0))
    heard = (indent("op-2", 1), e.IndentVoided("op-2", "dwell", 17, "", records=4))
    assert after(*lost, *heard).records == 4
    stray = after(*lost, *heard, e.StrayRecord(18, "", "", 5))
    assert stray.records == 5
    # A record once accounted for is never new again.
    assert fold(stray, e.StrayRecord(18, "", "", 3)).records == 5


@pytest.mark.parametrize(
    ("ended", "known"),
    [
        (replace(confirmed("op-1"), number=17), RecordCount(17)),
        (e.NotHappened("op-1", ""), RecordCount(16)),
        (e.IndentVoided("op-1", "no record", None, "", owed=True), RecordCount(16, 1, 1)),
        (e.IndentVoided("op-1", "power", None, ""), RecordCount(16, 0, 1)),
        (e.IndentVoided("op-1", "broken off", None, "", uncounted=True), RecordCount(16)),
        (e.IndentVoided("op-1", "dwell", 17, ""), RecordCount(17)),
        (e.IndentDoubted("op-1", "other boot", None, "", made=2), RecordCount(16, 0, 2)),
        (e.IndentDoubted("op-1", "it slipped", 17, ""), RecordCount(17)),
    ],
)
def test_what_is_known_of_the_testers_numbers(ended: AnyEvent, known: RecordCount) -> None:
    state = after(e.StrayRecord(16, "", "", 1), indent("op-1"))
    assert fold(replace(state, count=RecordCount(16)), ended).count == known


def test_a_doubt_that_a_picture_settles_counts_no_cycle_again() -> None:
    state = after(indent("op-1"), e.IndentDoubted("op-1", "other boot", None, ""))
    assert (
        fold(state, e.IndentVoided("op-1", "the picture shows it", None, "")).count == state.count
    )


@pytest.mark.parametrize(("made", "known"), [(0, 0), (3, 3), (-9, BEYOND_COUNT)])
def test_cycles_that_somebody_made_unseen_leave_the_number_open(made: int, known: int) -> None:
    state = after(indent("op-1"), confirmed("op-1"))
    seen = replace(NOTHING, count=state.cycles + made)
    assert fold(state, replace(indent("op-2", 1), before=seen)).count == RecordCount(1, 0, known)


@pytest.mark.parametrize(
    ("made", "shown", "known"),
    [(0, 0, (0, 0)), (1, 1, (1, 1)), (2, 1, (1, 2)), (0, 1, (1, 1)), (1, -3, (0, BEYOND_COUNT))],
)
def test_results_that_the_station_saw_tell_the_number(
    made: int, shown: int, known: tuple[int, int]
) -> None:
    state = replace(after(indent("op-1"), confirmed("op-1")), results=20)
    seen = replace(NOTHING, count=state.cycles + made, results=20 + shown)
    folded = fold(state, replace(indent("op-2", 1), before=seen))
    assert folded.count == RecordCount(1, *known) and folded.results == 20 + shown


def test_attempts_are_counted_until_the_indentation_is_settled() -> None:
    key = indent_key("B", 0)
    tried = (indent("op-1"), e.NotHappened("op-1", ""), indent("op-2", attempt=2))
    assert after(*tried).attempts[key] == 2
    assert after(*tried, e.NotHappened("op-2", "")).attempts[key] == 2
    assert key not in after(*tried, confirmed("op-2")).attempts
    assert key not in after(*tried, e.IndentVoided("op-2", "", None, "")).attempts


def test_intents_are_counted_once_each() -> None:
    intents = sum(isinstance(event, e.IndentIntended | e.TransferIntended) for event in WHOLE)
    assert fold_all(WHOLE).ops == intents


# -- transfers ---------------------------------------------------------------------------

PICKED = (transfer("op-1", "pick", "slot-01", "vision"), done("op-1"))
RELEASING = transfer("op-2", "release", "slot-01", "vision")


def test_a_block_is_in_the_gripper_between_pick_and_release() -> None:
    intended = after(PICKED[0])
    assert block(intended).at == "slot-01"
    assert intended.transfer == Transfer("B", "slot-01", "vision")
    assert block(after(*PICKED)).at == GRIPPER
    assert after(*PICKED).transfer == Transfer("B", "slot-01", "vision")
    released = after(*PICKED, RELEASING, done("op-2"))
    assert (block(released).at, released.transfer, dict(released.intents)) == ("vision", None, {})


def test_a_pick_that_did_not_happen_ends_the_transfer_a_release_does_not() -> None:
    not_picked = after(PICKED[0], e.NotHappened("op-1", ""))
    assert (block(not_picked).at, not_picked.transfer) == ("slot-01", None)
    not_released = after(*PICKED, RELEASING, e.NotHappened("op-2", ""))
    assert block(not_released).at == GRIPPER
    assert not_released.transfer == Transfer("B", "slot-01", "vision")
    assert not_released.attempts[transfer_key("release", "B", "slot-01", "vision")] == 1


@pytest.mark.parametrize("target", ["slot-01", "reject-01", "sizing", "vision", "tester"])
@pytest.mark.parametrize("settled", [None, judged("B", passed=False), judged("B", passed=True)])
def test_only_a_settled_block_in_its_place_is_finished(
    target: str, settled: AnyEvent | None
) -> None:
    carried = (
        transfer("op-1", "pick", "vision", target),
        done("op-1"),
        transfer("op-2", "release", "vision", target),
        done("op-2"),
    )
    state = after(*((settled,) if settled else ()), *carried)
    final = settled is not None and target in ("slot-01", "reject-01")
    assert (block(state).stage is Stage.FINISHED) is final


# -- duties, refusals, questions -----------------------------------------------------------


def test_a_duty_needs_its_own_indentations() -> None:
    twice = replace(DUTY, needed=2)
    state = after(twice, indent("op-1", 0, "C", "c-1"), confirmed("op-1"))
    assert remaining(state, twice) == 1
    state = fold(fold(state, indent("op-2", 1, "C", "c-1")), confirmed("op-2"))
    assert remaining(state, twice) == 0
    later = replace(twice, duty="c-2")
    assert remaining(fold(state, later), later) == 2


def test_a_void_indentation_does_not_count_for_a_duty() -> None:
    state = after(DUTY, indent("op-1", 0, "C", "c-1"), e.IndentVoided("op-1", "", None, ""))
    assert remaining(state, DUTY) == 1


def test_a_seating_ends_by_itself_a_check_by_its_judgement() -> None:
    made = (indent("op-1", 0, "C", "c-1"), confirmed("op-1"))
    seating = after(replace(DUTY, kind="seating"), *made)
    assert seating.duties == ()
    assert seating.set_up_for == "HRC"
    check = after(DUTY, *made)
    assert check.duties == (DUTY,)
    assert (fold(check, CHECKED).duties, fold(check, CHECKED).duties_done) == ((), (CHECKED,))


@pytest.mark.parametrize(
    ("to", "at", "stage"),
    [
        ("slot", "slot-01", Stage.FINISHED),
        ("absent", "slot-01", Stage.FINISHED),
        ("reject", "slot-01", Stage.REFUSED),
        ("slot", "vision", Stage.REFUSED),
        ("reject", "vision", Stage.REFUSED),
    ],
)
def test_a_refused_block_is_finished_where_it_belongs(to: Any, at: str, stage: Stage) -> None:
    moved = () if at == "slot-01" else (*PICKED, RELEASING, done("op-2"))
    refused = block(after(*moved, e.BlockRefused("B", "why", to)))
    assert (refused.stage, refused.goes_to, refused.refused_because) == (stage, to, "why")


def test_a_question_holds_its_block_until_it_is_answered() -> None:
    second = replace(ASKED, question="q-2")
    state = after(ASKED, second, e.DecisionAnswered("q-1", "reject", "Li"))
    assert block(state).held_by == ("q-2",)
    assert not state.cell_in_question
    assert state.answers == {"q-1": "reject"}
    free = fold(state, e.DecisionAnswered("q-2", "reject", "Li"))
    assert (block(free).held_by, dict(free.questions)) == ((), {})


def test_a_question_about_the_cell_holds_no_block() -> None:
    state = after(question(CellState(), "check_failed", ""))
    assert state.cell_in_question
    assert not any(one.held_by for one in state.blocks.values())


def test_emptying_the_reject_row_moves_only_what_stands_there() -> None:
    carried = (
        judged("B", passed=False),
        transfer("op-1", "pick", "slot-01", "reject-01"),
        done("op-1"),
        transfer("op-2", "release", "slot-01", "reject-01"),
        done("op-2"),
    )
    state = after(*carried, e.RejectRowEmptied("Li"))
    places = {name: one.at for name, one in state.blocks.items()}
    assert places == {"B": "outside", "D": "slot-02", "C": "holder-02"}


# -- trays and sessions -----------------------------------------------------------------------


def test_a_new_tray_keeps_the_holder_and_forgets_the_blocks_before() -> None:
    used = (indent("op-1", 0, "C", "c-1"), confirmed("op-1"))
    order = e.BlockOrder("E", "HRC", 5, "round", 60.0, 60.0)
    state = after(DUTY, *used, CHECKED, e.TrayAccepted("U", "R", (order,)))
    assert set(state.blocks) == {"E", "C"}
    assert block(state, "C").positions[0].use is Use.MEASURED
    assert block(state, "E").at == "slot-05"
    assert (state.tray, state.tray_finished, state.slots_occupied) == ("U", False, None)


def test_customers_come_in_slot_order() -> None:
    assert [one.name for one in after().customers] == ["B", "D"]


def test_a_new_session_knows_where_blocks_are_but_not_where_the_arm_is() -> None:
    state = after(e.ArmMoved("tester"), *PICKED, e.SessionBegan(2, "", "", 0))
    assert (state.session, state.arm_at, block(state).at) == (2, "", GRIPPER)


@pytest.mark.parametrize(
    ("door", "safety", "locked"),
    [(True, True, False), (False, True, True), (True, False, True), (False, False, True)],
)
def test_door_or_safety_chain_interlock_the_cell(door: bool, safety: bool, locked: bool) -> None:
    assert after(e.InterlockChanged(door, safety)).interlocked is locked


SETTERS: tuple[tuple[Callable[[], AnyEvent], str, Any], ...] = (
    (lambda: e.AlarmRaised("a", "arm", "why"), "alarms", {"a:arm": "why"}),
    (lambda: e.CommandTaken("c-1", "stop", "Li"), "commands", ("c-1",)),
    (lambda: e.EpochClaimed("arm", 4, 1), "epochs", {"arm": 4}),
    (lambda: e.ModeChanged("HELD", "why"), "mode", "HELD"),
)


@pytest.mark.parametrize(("event", "name", "value"), SETTERS, ids=lambda value: str(value)[:8])
def test_plain_facts_are_kept(event: Callable[[], AnyEvent], name: str, value: Any) -> None:
    assert getattr(after(event()), name) == value


# -- journals of older programs ----------------------------------------------------------


def test_what_older_programs_wrote_of_pictures_folds_as_before() -> None:
    old = {
        "SurfaceSeen": '{"block":"B","purpose":"before","picture":"p","shape":"round",'
        '"width_mm":60.0,"depth_mm":60.0,"marks":[]}',
        "Planned": '{"block":"B","positions":[{"x":0.0,"y":0.0,"diameter":0.0,"confidence":1.0}],'
        '"spares":[],"pitch_mm":2.0,"edge_mm":4.0,"margin_mm":0.15,"covering_radius_mm":1.0}',
        "IndentsSeen": '{"block":"B","offsets_mm":[0.01],"missing":[],"unexpected":[]}',
    }
    read = [Row(1, "", kind, 1, body, "").event() for kind, body in old.items()]
    state = after(*read, start=(STOCKED, TRAY))
    seen = block(state).before
    assert seen is not None and (seen.patches, seen.condition, seen.calibration) == ((), "", "")
    assert seen.face_up and block(state).stage is Stage.CONFIRMED
    assert block(state).damage_mm == 0.0
