"""A block that nobody can place any more is taken out by a person, and the tray goes on."""

from dataclasses import replace

import pytest

from controller.events import BlockTakenOut, DecisionAsked, IndentIntended
from controller.folding.needs import remaining
from controller.state import OUTSIDE, Stage
from tests.hil_sim.lives import ONE, TWO, lives

CHECK, NEW = "CHECK-HRC-1", "CHECK-HRC-2"


def taken_out(lab, asked):
    return "taken-out" if "taken-out" in asked.options else None


def taken_when(name, place):
    async def trouble(lab, clock):
        while lab.world.where[name] != place:
            await clock.sleep(0.1)
        lab.world.carry_away(name)

    return trouble


@pytest.mark.parametrize("place", ["gripper", "sizing", "vision", "tester"])
def test_a_lost_block_is_given_up_and_the_next_is_verified(tmp_path, place):
    state, events, asked = lives(tmp_path, taken_when(ONE, place), taken_out)
    assert state.mode == "COMPLETE" and not state.intents and state.transfer is None
    lost, other = state.blocks[ONE], state.blocks[TWO]
    assert (lost.at, lost.stage) == (OUTSIDE, Stage.FINISHED)
    assert "taken out of the cell by Li" in lost.refused_because
    assert other.verdict is not None and other.verdict.passed and other.at == "slot-03"
    assert [one.block for one in asked] == [ONE]
    gone = next(i for i, e in enumerate(events) if isinstance(e, BlockTakenOut))
    assert not [e for e in events[gone:] if isinstance(e, IndentIntended) and e.block == ONE]


def test_what_was_lost_between_two_lives_is_asked_about_by_name(tmp_path):
    async def take_it(lab, clock):
        while ONE in lab.world.where and lab.world.where[ONE] != "vision":
            await clock.sleep(0.1)
        await clock.sleep(30)
        lab.world.carry_away(ONE)

    state, _, asked = lives(tmp_path, take_it, taken_out, dies=150)
    assert state.mode == "COMPLETE"
    assert [one.block for one in asked] == [ONE]
    assert "should be" in asked[0].text
    assert state.blocks[TWO].verdict.passed


def test_a_new_check_block_takes_the_place_of_the_one_that_was_lost(tmp_path):
    def exchange(lab, config):
        lab.world.blocks[NEW] = replace(lab.world.blocks[CHECK], name=NEW, code=NEW, marks=[])
        lab.world.where[NEW] = "holder-02"
        check = config.holder.check.model_copy(update={"name": NEW})
        holder = config.holder.model_copy(update={"check": check})
        return config.model_copy(update={"holder": holder})

    state, _, asked = lives(tmp_path, taken_when(CHECK, "gripper"), taken_out, then=exchange)
    assert state.mode == "COMPLETE" and len(asked) == 1
    assert {check.block for check in state.duties_done} == {NEW}
    assert all(block.verdict.passed for block in state.customers)


def test_without_the_check_block_the_cell_stops_and_says_what_to_do(tmp_path):
    state, events, asked = lives(tmp_path, taken_when(CHECK, "gripper"), taken_out)
    assert [one.kind for one in asked] == ["holder_block_doubt"]
    assert state.mode == "STOPPED" and state.blocks[CHECK].at == OUTSIDE
    assert any(remaining(state, duty) for duty in state.duties)
    reason = next(e.reason for e in events if getattr(e, "mode", "") == "STOPPING")
    assert "name it in lab.toml and restart" in reason
    assert len([e for e in events if isinstance(e, DecisionAsked)]) == 1
