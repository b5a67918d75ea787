"""Journal, executor and reconciliation under any sequence of deaths, faults and absences.

Hypothesis chooses what happens to one block, and shrinks what breaks a promise to the
shortest story that does.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hil_sim.faults import Fault
from hil_sim.scenario.campaign.one_run import run_lab
from hil_sim.scenario.campaign.profile import Moment, Profile
from hil_sim.scenario.campaign.variants import lab_of
from hil_sim.scenario.mutants import planted

BOUNDARIES = (
    *("before-write", "before-commit", "after-write", "indent-before-send", "indent-after-act"),
    *("indent-result", "transfer-before-send", "transfer-after-act", "transfer-result"),
    *("photograph-result", "measure-result", "arm-before-claim", "tester-before-claim"),
)
WIRE = (Fault.LOSE_REPLY, Fault.LATE_PACKET, Fault.DROP_CONNECTION, Fault.DUPLICATE, Fault.DELAY)
nth = st.integers(1, 12)


class Stories(RuleBasedStateMachine):
    """Collects what shall happen to a tray of one block, and lets it happen at the end."""

    def __init__(self):
        super().__init__()
        self.story = []

    @rule(when=st.sampled_from(BOUNDARIES), nth=nth)
    def die(self, when, nth):
        self.story.append(Moment("daemon", "crash", when, nth))

    @rule(device=st.sampled_from(["station", "arm"]), fault=st.sampled_from(WIRE),
          when=st.sampled_from(BOUNDARIES), nth=nth)  # fmt: skip
    def strike(self, device, fault, when, nth):
        self.story.append(Moment(device, str(fault), when, nth))

    @rule(device=st.sampled_from(["station", "arm", "stage", "cell"]),
          when=st.sampled_from(BOUNDARIES), nth=nth)  # fmt: skip
    def lose_power(self, device, when, nth):
        self.story.append(Moment(device, "power-loss", when, nth))

    @rule(when=st.sampled_from(BOUNDARIES), nth=nth, seconds=st.sampled_from([2.0, 40.0]))
    def open_the_door(self, when, nth, seconds):
        self.story.append(Moment("door", "open", when, nth, seconds))

    def teardown(self):
        profile = Profile("story", moments=tuple(self.story), absent_s=(0.0, 3.0, 60.0))
        run = run_lab(lab_of(0, None), profile, self.folder(), seed=4, days=0.001, blocks=1)
        assert run.failure == "" and run.witness.breaches == []
        assert run.trays == 1


@pytest.fixture
def stories(tmp_path_factory):
    class Here(Stories):
        def folder(self):
            return tmp_path_factory.mktemp("story")

    return Here


def test_no_story_breaks_a_promise(stories):
    run_state_machine_as_test(
        stories,
        settings=settings(
            max_examples=8,
            stateful_step_count=5,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_story_tells_of_a_planted_bug(stories):
    """The machine can fail: a death after a start, and a program that takes it for undone."""
    story = stories()
    story.die("indent-after-act", 4)
    with planted("position-reused"), pytest.raises(AssertionError):
        story.teardown()
