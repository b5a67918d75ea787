"""The fault console: every fault of the menu by hand, and clear words for what cannot be."""

import pytest

from hil_sim.faults import Fault
from hil_sim.scenario.campaign.menu import CANNOT, DEVICES, MENU
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.crash import walk
from hil_sim.scenario.fault_console import FaultConsole
from tests.labs import tray, truths

ALL = lab_of(1, None)


def at_the_console(folder, orders, config=ALL):
    said = []

    async def trouble(lab, clock):
        console = FaultConsole(lab, clock)
        await clock.sleep(30)
        said.extend(console.obey(order) for order in orders)

    outcome = walk(config, tray("2007-102"), truths(), folder, trouble=trouble)
    return said, outcome


def test_the_menu_knows_every_fault_of_the_vocabulary_on_every_device():
    for device in DEVICES:
        for fault in Fault:
            known = fault in MENU[device] or (device, fault) in CANNOT
            assert known, f"{device}: neither possible nor impossible: {fault}"
            assert (fault in MENU[device]) != ((device, fault) in CANNOT) or fault in MENU[device]


def test_a_fault_by_hand_strikes_and_costs_nothing(tmp_path):
    said, outcome = at_the_console(
        tmp_path, ["station lose-reply count=2", "arm delay seconds=0.5", "camera garble", "clear"]
    )
    assert said[0] == "station: lose-reply is armed" and said[-1].startswith("no fault")
    assert outcome.broken == () and outcome.state.tray_finished


def test_a_fault_that_lasts_ends_by_itself(tmp_path):
    said, outcome = at_the_console(tmp_path, ["door open 20", "safety e-stop 15"])
    assert said == ["door: open for 20 s", "safety: e-stop for 15 s"]
    assert outcome.broken == () and outcome.state.tray_finished


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("station garble", "TCP checks its bytes"),
        ("toaster hang", "not in this lab"),
        ("station melt", "cannot have melt"),
        ("station hang often", "known are count="),
        ("door open soon", "could not convert"),
        ("what", "write help"),
        ("list", "station: hang"),
        ("help", "One order a line"),
        ("", ""),
    ],
)
def test_every_order_is_answered(order, answer):
    from hil_sim.scenario.dates import DEMO_START
    from hil_sim.scenario.lab import build_lab
    from runtime import Clock, run_virtual

    async def main():
        clock = Clock.starting(DEMO_START)
        lab = build_lab(ALL, tray("2007-102"), truths(), seed=1, clock=clock)
        return FaultConsole(lab, clock).obey(order)

    assert answer in run_virtual(main())
