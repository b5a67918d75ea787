"""Trouble that is nobody's fault: asked about, or settled by policy; the tray goes on."""

import math
from dataclasses import replace

from controller.events import (
    DecisionAnswered,
    DecisionAsked,
    IndentIntended,
    TransferIntended,
)
from controller.state import Stage
from hil_sim.scenario.crash import walk
from hil_sim.scenario.truth import Truth
from hil_sim.world import Indentation
from tests.labs import lab_config, tray, truths

ONE, TWO = "2007-102", "2007-103"
GOOD = {ONE: Truth(61.0, 0.1, code=ONE), TWO: Truth(60.5, 0.3, code=TWO)}


def run(folder, *, config=None, known=None, numbers=(ONE, TWO), trouble=None):
    blocks = {**truths(), **GOOD, **(known or {})}
    outcome = walk(config or lab_config(), tray(*numbers), blocks, folder, trouble=trouble)
    assert outcome.broken == ()
    assert all(block.stage is Stage.FINISHED for block in outcome.state.customers)
    return outcome


def asked(outcome):
    return [e.kind for e in (row.event() for row in outcome.rows) if isinstance(e, DecisionAsked)]


def by(outcome):
    return [e.by for e in (r.event() for r in outcome.rows) if isinstance(e, DecisionAnswered)]


def places(outcome):
    return {block.name: block.at for block in outcome.state.customers}


def test_an_unreadable_label_is_rejected_when_nobody_answers(tmp_path):
    outcome = run(tmp_path, known={ONE: Truth(61.0, 0.1, code=None)})
    assert asked(outcome) == ["unreadable_identity"] and by(outcome) == ["default"]
    assert places(outcome) == {ONE: "reject-01", TWO: "slot-03"}
    assert not outcome.state.blocks[ONE].readings


def test_an_unreadable_label_may_be_accepted_by_policy(tmp_path):
    config = lab_config(unreadable_identity={"action": "accept"})
    outcome = run(tmp_path, config=config, known={ONE: Truth(61.0, 0.1, code=None)})
    assert by(outcome) == ["policy"]
    assert outcome.state.blocks[ONE].verdict.passed and places(outcome)[ONE] == "slot-02"


def test_a_wrong_block_in_a_slot_is_not_measured(tmp_path):
    known = {ONE: Truth(61.0, 0.1, code="OTHER-7"), TWO: GOOD[TWO]}
    outcome = run(tmp_path, known=known)
    assert asked(outcome) == ["wrong_block"]
    assert places(outcome)[ONE] == "reject-01" and not outcome.state.blocks[ONE].readings
    assert "OTHER-7" in outcome.state.blocks[ONE].refused_because


def test_a_wrong_block_may_go_back_to_its_slot(tmp_path):
    config = lab_config(wrong_block={"action": "return"})
    outcome = run(tmp_path, config=config, known={ONE: Truth(61.0, 0.1, code="OTHER-7")})
    assert places(outcome)[ONE] == "slot-02" and outcome.state.blocks[ONE].verdict is None


async def _take_away_at_once(lab, clock):
    lab.world.carry_away(ONE)


def test_a_missing_block_is_skipped_before_anything_moves(tmp_path):
    outcome = run(tmp_path, trouble=_take_away_at_once)
    assert asked(outcome) == ["missing_block"]
    assert outcome.state.blocks[ONE].goes_to == "absent"
    assert places(outcome)[TWO] == "slot-03"
    picks = [e for e in (row.event() for row in outcome.rows) if isinstance(e, TransferIntended)]
    assert not [e for e in picks if e.block == ONE]


def test_a_block_nobody_announced_is_not_touched(tmp_path):
    config = lab_config(unexpected_block={"action": "ignore"})

    async def put_a_stranger(lab, clock):
        block = lab.world.blocks[TWO]
        lab.world.where["stranger"] = "slot-20"
        lab.world.blocks["stranger"] = replace(block, name="stranger", marks=[])

    outcome = run(tmp_path, config=config, trouble=put_a_stranger)
    assert asked(outcome) == ["unexpected_block"]
    assert outcome.lab.world.where["stranger"] == "slot-20"


def _small_reject_row(**policy):
    config = lab_config(**policy)
    cell = config.cell.model_copy(update={"reject_places": 1})
    return config.model_copy(update={"cell": cell})


FAILING = {ONE: Truth(61.0, 0.9, code=ONE), TWO: Truth(60.5, 0.95, code=TWO)}


def test_a_full_reject_row_sends_the_fail_to_its_slot_when_told(tmp_path):
    config = _small_reject_row(reject_row_full={"action": "return"})
    outcome = run(tmp_path, config=config, known=FAILING)
    assert asked(outcome) == ["reject_row_full"]
    assert places(outcome) == {ONE: "reject-01", TWO: "slot-03"}
    assert not outcome.state.blocks[TWO].verdict.passed


def test_a_full_reject_row_waits_until_a_person_has_emptied_it(tmp_path):
    config = _small_reject_row(reject_row_full={"default": "emptied", "deadline_s": 900.0})

    async def empty_the_row(lab, clock):
        while lab.world.where[ONE] != "reject-01":
            await clock.sleep(5)
        lab.world.carry_away(ONE)

    outcome = run(tmp_path, config=config, known=FAILING, trouble=empty_the_row)
    assert places(outcome) == {ONE: "outside", TWO: "reject-01"}


async def _fill_the_surface(lab, clock):
    spots = [(3.0 * i, 3.0 * k) for i in range(-9, 10) for k in range(-9, 10)]
    lab.world.blocks[ONE].marks += [
        Indentation(x, y, 0.6, "HRC") for x, y in spots if math.hypot(x, y) < 29
    ]


def test_a_block_without_room_is_rejected_unmeasured(tmp_path):
    outcome = run(tmp_path, trouble=_fill_the_surface)
    assert asked(outcome) == ["no_room"]
    assert places(outcome)[ONE] == "reject-01" and not outcome.state.blocks[ONE].readings
    assert outcome.state.blocks[TWO].verdict.passed


async def _wear_the_check_block(lab, clock):
    block = lab.world.blocks["CHECK-HRC-1"]
    block.hardness = replace(block.hardness, level=block.hardness.level + 2)


def test_a_failed_check_is_asked_about_before_any_block_is_measured(tmp_path):
    config = lab_config(check_failed={"default": "continue", "deadline_s": 600.0})
    outcome = run(tmp_path, config=config, trouble=_wear_the_check_block, numbers=(ONE,))
    assert asked(outcome) == ["check_failed", "check_failed"]
    events = [row.event() for row in outcome.rows]
    first_answer = next(i for i, e in enumerate(events) if isinstance(e, DecisionAnswered))
    assert not [e for e in events[:first_answer] if getattr(e, "block", "") == ONE and _indents(e)]
    assert [check.good for check in outcome.state.duties_done] == [False, False]


def _indents(event):
    return isinstance(event, IndentIntended)
