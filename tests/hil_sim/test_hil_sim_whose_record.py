"""A record that may be that of an earlier cycle is no reading before somebody read the display.

The station of this cell does not see what the tester shows.
"""

import pytest

from controller.assembly import Folder
from controller.events import DecisionAsked, DisplayRead, IndentDoubted, IndentVoided
from controller.journal import read_rows
from drivers.interfaces import CycleEnd
from hil_sim.faults import Faults
from hil_sim.scenario.display import ASKS, read_display, tell_display
from hil_sim.scenario.run import Killed
from hil_sim.world import World
from tests.hil_sim.lives import ONE, TWO, lives


def display(lab, asked):
    """Read the tester's display, as the question asks."""
    return read_display(lab.world, asked.text) if asked.kind == ASKS else None


def reads_nothing(lab, asked):
    return "stop" if asked.kind == "voids_in_a_row" else None


def broken_off(*, printed, lagging, by_hand=False):
    """Return a trouble: the door opens while the tester reads a customer's second cycle, or after.

    ``printed``: the tester has counted its record by then, which never comes or, on a
    ``lagging`` line, comes instead of the next one. ``by_hand``: while the cell still waits
    for the record, somebody makes a test of his own.
    """

    async def trouble(lab, clock):
        lab.cell.station.results_wired = False
        while not any(
            block.name == ONE and mark.record for block, mark in lab.world.indentations()
        ):
            await clock.sleep(0.1)
        cycle = lab.world.retentive["plc.cycle_count"] + 1
        line = Faults(lab.cell.results)
        if printed:
            line.inject("lose-reply", direction="to_client")
        if lagging:
            line.inject("stale-reply", direction="to_client")
        while not reading(lab.world, cycle, printed):
            await clock.sleep(0.1)
        lab.cell.station.open_door()
        await clock.sleep(4)
        if by_hand:
            lab.cell.station.machine.use_by_hand()
        await clock.sleep(16)
        lab.cell.station.close_door()

    return trouble


def reading(world, cycle, printed):
    """Return whether the tester reads this cycle, or has ``printed`` it."""
    (mark,) = [mark for _, mark in world.indentations() if mark.cycle == cycle] or [None]
    if mark is None or world.retentive["plc.cycle_end"] != CycleEnd.COMPLETE:
        return False
    return bool(mark.record) is printed


def dies_asking(folder):
    """Die in the instant in which the question is in the journal."""

    def boundary(name):
        if name == "after-write":
            events = (row.event() for row in read_rows(Folder(folder).journal))
            if any(isinstance(event, DecisionAsked) for event in events):
                raise Killed

    return boundary


def told(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("dies", [False, True])
def test_a_record_one_cycle_late_is_void_once_the_display_was_read(tmp_path, dies):
    trouble = broken_off(printed=True, lagging=True)
    boundary = dies_asking(tmp_path) if dies else None
    state, events, asked = lives(tmp_path, trouble, display, dies=boundary)
    assert [(one.kind, one.block) for one in asked] == [("record_doubt", ONE)]
    assert [read.shown for read in told(events, DisplayRead)] == ["other"]
    assert state.mode == "COMPLETE"
    assert len(told(events, IndentVoided)) == 2 and state.blocks[TWO].verdict.passed


def test_the_cycles_own_record_counts_once_the_display_was_read(tmp_path):
    trouble = broken_off(printed=False, lagging=False)
    state, events, asked = lives(tmp_path, trouble, display)
    assert len(asked) == 1 and [read.shown for read in told(events, DisplayRead)] == ["same"]
    # The cycle that was broken off is the only one lost.
    assert len(told(events, IndentVoided)) == 1 and state.blocks[ONE].verdict.passed


def test_a_number_that_leaves_no_doubt_asks_nobody(tmp_path):
    trouble = broken_off(printed=True, lagging=False)
    state, events, asked = lives(tmp_path, trouble, display)
    assert not asked and not told(events, DisplayRead)
    assert len(told(events, IndentVoided)) == 1 and state.blocks[ONE].verdict.passed


@pytest.mark.parametrize("printed", [False, True])
def test_a_test_by_hand_is_no_reading_of_a_cycle_that_broke_off(tmp_path, printed):
    trouble = broken_off(printed=printed, lagging=False, by_hand=True)
    state, events, asked = lives(tmp_path, trouble, display)
    # Two cycles and one record leave open how many the tester counted.
    assert state.mode == "COMPLETE" and len(asked) == (not printed)
    # The picture settles what the counter left open.
    assert len(told(events, IndentDoubted)) == 1 == len(told(events, IndentVoided))
    assert state.blocks[ONE].verdict.passed and state.blocks[TWO].verdict.passed


def test_where_nobody_is_waited_for_records_are_void_until_the_cell_stops(tmp_path):
    trouble = broken_off(printed=False, lagging=False)
    patience = {"record_doubt": {"deadline_s": 1800.0}}
    state, events, _ = lives(tmp_path, trouble, reads_nothing, **patience)
    assert {read.shown for read in told(events, DisplayRead)} == {"unread"}
    kinds = [asked.kind for asked in told(events, DecisionAsked)]
    assert kinds == ["record_doubt", "second_void", "record_doubt", "voids_in_a_row"]
    # The first block is rejected by default, then the cell waits for a person.
    assert state.blocks[ONE].verdict is None and state.blocks[ONE].at.startswith("reject-")
    assert state.mode == "STOPPED" and len(state.blocks[TWO].readings) == 0


class Heard:
    """A bus that only listens."""

    def __init__(self):
        self.orders = []

    def request(self, verb, **args):
        self.orders.append((verb, args))


@pytest.mark.parametrize(("number", "option"), [(1_000_003, "shown"), (4, "not-shown")])
def test_the_display_of_a_simulator_in_another_process_is_read_without_disturbing_it(
    number, option, tmp_path
):
    file, bus = tmp_path / "world.jsonl", Heard()
    world = World.open(file)
    world.retain(**{"tester.number": number})
    with file.open("a") as torn:
        torn.write('{"do": "ret')
    before = file.read_bytes()
    questions = [
        {"question": "q-0001", "kind": "second_void", "text": "record 000003"},
        {"question": "q-0002", "kind": "record_doubt", "text": "record 000003 came, but"},
    ]
    tell_display(bus, questions, file)
    assert bus.orders == [("decide", {"question": "q-0002", "option": option})]
    assert file.read_bytes() == before
    world.close()
