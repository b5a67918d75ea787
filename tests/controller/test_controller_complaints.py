"""Alarms while everybody complains and is content at once, and the disk is slow."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.complaints import Complaints
from controller.journal import read_rows
from controller.ledger import Ledger
from controller.rig import Trouble
from runtime import Clock, run_virtual

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
CAUSES = [Trouble("device-no-link", name, "gone") for name in ("camera", "arm")]

steps = st.lists(
    st.tuples(
        st.sampled_from(["arm", "tester", "pulse"]),
        st.sampled_from([None, *CAUSES]),
        st.sampled_from([0.0, 0.01, 0.03, 0.2]),
    ),
    max_size=12,
)


async def _say(complaints, said):
    """Let each say what he has to say, one after the other; different persons at once."""

    async def speaks(who):
        for speaker, trouble, after_s in said:
            if speaker == who:
                await asyncio.sleep(after_s)
                if trouble is None:
                    await complaints.withdraw(who)
                else:
                    await complaints.make(who, trouble)

    await asyncio.gather(*(speaks(who) for who in ("arm", "tester", "pulse")))


TWO_CONTENT_DURING_A_COMMIT = [
    ("arm", CAUSES[0], 0.0),
    ("tester", CAUSES[0], 0.0),
    ("pulse", CAUSES[1], 0.01),
    ("arm", None, 0.03),
    ("tester", None, 0.03),
    ("arm", None, 0.01),
]


@example(TWO_CONTENT_DURING_A_COMMIT, 0.1)
@given(steps, st.sampled_from([0.0, 0.02, 0.1]))
def test_the_open_alarms_are_those_that_somebody_complains_of(tmp_path_factory, said, disk_s):
    path = tmp_path_factory.mktemp("alarms") / "journal.sqlite"

    async def run():
        ledger = Ledger.open(path, Clock.starting(START))
        complaints = Complaints(ledger)
        await _say(complaints, said)
        left = {who: set() for who, _, _ in said}
        for who, trouble, _ in said:
            left[who] = (
                set() if trouble is None else left[who] | {f"device-no-link:{trouble.source}"}
            )
        assert set(ledger.state.alarms) == set().union(*left.values())
        assert {who for who in left if complaints.made_by(who)} == {w for w in left if left[w]}
        ledger.journal.close()

    run_virtual(run(), offload_s=disk_s)
    kinds = [(row.kind, row.event().source) for row in read_rows(path)]
    for source in ("camera", "arm"):
        of_source = [kind for kind, about in kinds if about == source]
        assert of_source == ["AlarmRaised", "AlarmCleared"] * (len(of_source) // 2) + [
            "AlarmRaised"
        ] * (len(of_source) % 2)


@pytest.mark.parametrize("disk_s", [0.0, 0.5])
def test_an_alarm_of_the_session_before_goes_with_the_first_success(tmp_path, disk_s):
    path = tmp_path / "journal.sqlite"

    async def run(complains):
        ledger = Ledger.open(path, Clock.starting(START))
        complaints = Complaints(ledger)
        if complains:
            await complaints.make("arm", CAUSES[0])
        else:
            await asyncio.gather(complaints.withdraw("arm"), complaints.withdraw("tester"))
        alarms = dict(ledger.state.alarms)
        ledger.journal.close()
        return alarms

    assert run_virtual(run(True), offload_s=disk_s)
    assert not run_virtual(run(False), offload_s=disk_s)
