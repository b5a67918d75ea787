"""The daemon dies at every boundary of a whole block; the block is always finished, once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.state import Stage
from hil_sim.scenario.crash import Outcome, walk
from tests.labs import lab_config, tray, truths

CHUNKS = 16
ABSENT_S = (0.0, 4.0, 45.0)
CONFIG, TRAY, TRUTHS = lab_config(), tray("2007-102"), truths()


def finished(outcome: Outcome) -> None:
    assert outcome.broken == ()
    assert [block.stage for block in outcome.state.customers] == [Stage.FINISHED]
    assert not outcome.state.intents and not outcome.state.questions


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory):
    outcome = walk(CONFIG, TRAY, TRUTHS, tmp_path_factory.mktemp("undisturbed"))
    finished(outcome)
    return len(outcome.passed)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_at_every_boundary_of_one_block(chunk, boundaries, tmp_path):
    """No person is asked, nothing is doubled, nothing lost, no reading void."""
    assert boundaries > 300
    for at in range(1 + chunk, boundaries + 1, CHUNKS):
        folder = tmp_path / str(at)
        outcome = walk(
            CONFIG,
            TRAY,
            TRUTHS,
            folder,
            deaths=[at],
            absent_s=ABSENT_S[at % len(ABSENT_S)],
            # Pictures are drawn and read in every fourth: what dies does not look at them.
            sketches=chunk % 4 != 0,
        )
        assert len(outcome.died_at) == 1
        finished(outcome)
        assert not outcome.state.answers
        assert all(block.voids == 0 for block in outcome.state.blocks.values())
        assert outcome.state.customers[0].verdict is not None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(1, 200), min_size=2, max_size=6),
    st.sampled_from(ABSENT_S),
    st.integers(0, 2**16),
)
def test_killed_again_and_again(tmp_path_factory, deaths, absent_s, seed):
    # More than two deaths in ten minutes hold the cell: here the policy lets it go on.
    config = lab_config(doubt_after_restart={"action": "resume"})
    folder = tmp_path_factory.mktemp("deaths")
    finished(walk(config, TRAY, TRUTHS, folder, deaths=deaths, absent_s=absent_s, seed=seed))


def test_the_walk_sees_a_planted_fault(tmp_path, monkeypatch):
    """Without its evidence the cell would indent twice: the walk must notice that."""
    from controller import settling
    from controller.evidence import Unspent

    monkeypatch.setattr(settling, "weigh_indent", lambda *_: Unspent("blind redo"))
    broken = []
    for at in (150, 200, 240):
        try:
            outcome = walk(CONFIG, TRAY, TRUTHS, tmp_path / str(at), deaths=[at])
        except TimeoutError:
            # It asked a person instead of finishing: noticed as well.
            broken.append("stuck")
        else:
            broken += outcome.broken
    assert broken
