"""What the cell sees beside old indentations, it acts on; pictures are drawn and read here."""

import math
from dataclasses import replace

import pytest

from controller.events import (
    DecisionAnswered,
    DecisionAsked,
    DoubtWaived,
    IndentsSeen,
    KindTold,
    Planned,
    SurfaceSeen,
)
from controller.fold import fold_all
from controller.state import Stage
from drivers.interfaces import TESTER
from hil_sim.scenario.crash import walk
from hil_sim.scenario.truth import Truth
from tests.labs import lab_config, tray, truths
from vision.calibration_file import digest, read_calibration
from vision.rendering import Flaw

ONE = "2007-102"
TWELVE = Truth(61.0, 0.1, old_marks=12, code=ONE)
FRESH = Truth(61.0, 0.1, code=ONE)


def run(folder, truth, *, config=None, trouble=None):
    """Work one block to its end; return what happened."""
    known = {**truths(), ONE: truth}
    outcome = walk(config or lab_config(), tray(ONE), known, folder, trouble=trouble)
    assert outcome.broken == ()
    assert all(block.stage is Stage.FINISHED for block in outcome.state.customers)
    return outcome


def events(outcome, kind):
    return [e for e in (row.event() for row in outcome.rows) if isinstance(e, kind)]


def asked(outcome):
    return [event.kind for event in events(outcome, DecisionAsked)]


def test_a_plan_keeps_clear_of_writing_and_scratches_and_the_journal_says_so(tmp_path):
    flaws = (
        Flaw("engraving", 0.0, -20.0, 3.0, text="HRC 61"),
        Flaw("scratch", 8.0, 6.0, 14.0, 0.6),
        Flaw("code", -14.0, 12.0, 6.0, text=ONE),
    )
    outcome = run(tmp_path, replace(FRESH, flaws=flaws))
    assert asked(outcome) == []
    block = outcome.state.blocks[ONE]
    assert block.before.codes == (ONE,)
    assert {"writing", "scratch", "code"} <= {patch.kind for patch in block.before.patches}
    [plan] = events(outcome, Planned)
    assert plan.damage_mm > 1.0 and plan.later > 0
    for spot in (*plan.positions, *plan.spares):
        assert math.hypot(spot.x + 14, spot.y - 12) > 3.0 + plan.damage_mm
        assert not (abs(spot.x) < 6 and abs(spot.y + 20) < 1.5 + plan.damage_mm)
        assert _from_scratch(spot, flaws[1]) > plan.damage_mm
    assert len(block.readings) == 5 and block.verdict.passed


def _from_scratch(spot, flaw):
    along = (math.cos(flaw.direction), math.sin(flaw.direction))
    x, y = spot.x - flaw.x, spot.y - flaw.y
    way = max(-flaw.size / 2, min(flaw.size / 2, x * along[0] + y * along[1]))
    return math.hypot(x - way * along[0], y - way * along[1])


def test_a_fresh_block_passes_and_a_used_one_is_told_by_its_marks(tmp_path):
    assert events(run(tmp_path / "fresh", FRESH), KindTold) == []
    outcome = run(tmp_path / "used", TWELVE)
    [told] = events(outcome, KindTold)
    assert (told.likeliest, told.doubt) == ("cone", "") and told.looked == 8
    assert "ball-3.175" not in told.possible and "unusable" not in told.possible
    assert told.confidence > 0.9 and told.diameter_mm == pytest.approx(0.48, abs=0.03)
    assert asked(outcome) == [] and outcome.state.blocks[ONE].verdict.passed


def test_marks_that_do_not_fit_the_order_are_asked_about_and_nothing_is_indented(tmp_path):
    outcome = run(tmp_path, replace(TWELVE, old_scale="HRBW"))
    [question] = events(outcome, DecisionAsked)
    assert question.kind == "wrong_kind" and question.default == "reject"
    assert "another indenter" in question.text and "ordered is 61.0 HRC" in question.text
    assert question.picture == outcome.state.blocks[ONE].before.picture
    assert outcome.state.blocks[ONE].at == "reject-01"
    assert not outcome.state.blocks[ONE].readings


def test_a_block_goes_on_when_a_person_accepts_what_is_seen(tmp_path):
    config = lab_config(wrong_kind={"action": "accept"})
    outcome = run(tmp_path, replace(TWELVE, old_scale="HRBW"), config=config)
    assert [e.by for e in events(outcome, DecisionAnswered)] == ["policy"]
    assert [e.kind for e in events(outcome, DoubtWaived)] == ["wrong_kind"]
    assert len(outcome.state.blocks[ONE].readings) == 5


def test_the_wrong_side_is_never_indented(tmp_path):
    outcome = run(tmp_path, replace(FRESH, flaws=(Flaw("bottom"),)))
    [question] = events(outcome, DecisionAsked)
    assert question.kind == "wrong_side" and "accept" not in question.options
    assert question.picture == outcome.state.blocks[ONE].before.picture
    assert events(outcome, Planned) == [] and outcome.state.blocks[ONE].at == "reject-01"


def test_a_block_that_is_turned_over_is_looked_at_again(tmp_path):
    config = lab_config(wrong_side={"default": "look-again", "deadline_s": 60.0})

    async def turn(lab, clock):
        while lab.world.where[ONE] != "vision":
            await clock.sleep(1)
        await clock.sleep(30)
        lab.world.blocks[ONE].flaws.clear()

    outcome = run(tmp_path, replace(FRESH, flaws=(Flaw("bottom"),)), config=config, trouble=turn)
    assert asked(outcome) == ["wrong_side"]
    assert outcome.state.blocks[ONE].verdict.passed


RUSTY = replace(FRESH, flaws=(Flaw("rust", -8.0, 5.0, 14.0),))


def test_a_damaged_face_is_asked_about_with_a_drawing(tmp_path):
    outcome = run(tmp_path, RUSTY)
    [question] = events(outcome, DecisionAsked)
    assert question.kind == "worn_surface" and "damaged" in question.text
    assert question.picture not in ("", outcome.state.blocks[ONE].before.picture)
    assert not outcome.state.blocks[ONE].readings


def test_an_accepted_damaged_face_is_indented_beside_the_damage(tmp_path):
    config = lab_config(worn_surface={"action": "accept"})
    outcome = run(tmp_path, RUSTY, config=config)
    [plan] = events(outcome, Planned)
    for spot in plan.positions:
        assert math.hypot(spot.x + 8, spot.y - 5) > 7.0 + plan.damage_mm
    assert len(outcome.state.blocks[ONE].readings) == 5


def test_another_blocks_code_on_the_face_is_asked_about(tmp_path):
    flaws = (Flaw("code", -14.0, 12.0, 6.0, text="CHECK-HRC-1"),)
    outcome = run(tmp_path, replace(FRESH, flaws=flaws))
    assert asked(outcome) == ["wrong_block"]
    assert "CHECK-HRC-1" in outcome.state.blocks[ONE].refused_because


def test_a_makers_code_on_the_face_is_no_reason_to_ask(tmp_path):
    flaws = (Flaw("code", -14.0, 12.0, 6.0, text="MAKER 8/15"),)
    outcome = run(tmp_path, replace(FRESH, flaws=flaws))
    assert asked(outcome) == [] and outcome.state.blocks[ONE].verdict.passed


@pytest.mark.parametrize(
    "flaw",
    [Flaw("scratch", 5.0, 3.0, 6.0, 0.3), Flaw("drop", -6.0, -5.0, 2.5)],
    ids=lambda f: f.kind,
)
def test_what_comes_onto_a_face_at_the_tester_is_noticed(tmp_path, flaw):
    async def spoil(lab, clock):
        while lab.world.where[ONE] != str(TESTER):
            await clock.sleep(1)
        lab.world.blocks[ONE].flaws.append(flaw)

    outcome = run(tmp_path, TWELVE, trouble=spoil)
    [question] = events(outcome, DecisionAsked)
    assert question.kind == "surface_mismatch"
    [seen] = events(outcome, IndentsSeen)
    assert len(seen.offsets_mm) == 5 and not seen.missing and seen.compared
    where = [*seen.changes, *seen.unexpected]
    assert min(math.hypot(s.x - flaw.x, s.y - flaw.y) for s in where) < flaw.size / 2 + 0.5


def test_every_picture_names_the_calibration_of_its_millimetres(tmp_path):
    outcome = run(tmp_path, FRESH)
    calibration = digest(read_calibration(tmp_path / "calibration.json"))
    seen = events(outcome, SurfaceSeen)
    assert [s.purpose for s in seen] == ["before", "after"]
    assert {s.calibration for s in seen} == {calibration}
    assert fold_all(row.event() for row in outcome.rows) == outcome.state
