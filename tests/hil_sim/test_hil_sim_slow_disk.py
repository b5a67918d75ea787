"""While one worker waits for its commit, the others act: nothing may rest on a state in between."""

import pytest

from controller.events import AlarmRaised, IndentIntended, TransferIntended
from controller.state import Stage
from hil_sim.scenario.crash import walk
from tests.labs import lab_config, tray, truths

BLOCKS = ("2007-102", "2007-103", "2007-107", "2014-320")


@pytest.mark.parametrize("disk_s", [0.05, 0.4, 1.5])
def test_a_slow_disk_costs_time_and_nothing_else(tmp_path, disk_s):
    outcome = walk(lab_config(), tray(*BLOCKS), truths(), tmp_path, disk_s=disk_s)
    assert outcome.broken == ()
    assert all(block.stage is Stage.FINISHED for block in outcome.state.customers)
    assert not outcome.state.answers
    events = [row.event() for row in outcome.rows]
    assert not [event for event in events if isinstance(event, AlarmRaised)]
    ops = [e.op for e in events if isinstance(e, IndentIntended | TransferIntended)]
    assert len(set(ops)) == len(ops)


def test_dying_with_a_slow_disk_is_survived_as_well(tmp_path):
    # One more within ten minutes, and the cell would wait for a person.
    deaths = (150, 90)
    outcome = walk(
        lab_config(), tray(*BLOCKS[:2]), truths(), tmp_path, deaths=deaths, absent_s=3, disk_s=0.7
    )
    assert outcome.broken == () and len(outcome.died_at) == len(deaths)
    assert all(block.stage is Stage.FINISHED for block in outcome.state.customers)
    assert all(block.voids == 0 for block in outcome.state.customers)
