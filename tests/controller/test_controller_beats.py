"""Who promised a sign of life and did not give it; and what the pulse makes of that."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from controller.operating.beats import Beats
from controller.operating.keeping import BeatingSpool, beating
from controller.operating.notify import Notifier
from controller.operating.operation import ACTION_S, Operation
from controller.operating.pulse import Pulse
from controller.operating.watch import RECONCILIATION
from runtime import Clock, run_virtual
from tests.labs import lab_config, tray, truths

NAMES = st.sampled_from(["arm", "tester", "journal"])


@dataclass(frozen=True)
class Listening(Notifier):
    """A notifier whose states are kept."""

    told: list = field(default_factory=list)

    def tell(self, **states):
        self.told.append(states)
        return True


def noted(name, notifier):
    return [states[name] for states in notifier.told if name in states]


@given(
    st.lists(st.tuples(NAMES, st.integers(0, 20), st.integers(0, 20)), max_size=30),
    st.integers(0, 40),
)
def test_stalled_is_exactly_who_is_overdue(beats, later):
    now = 0
    kept = Beats(lambda: now)
    due = {}
    for name, passes, within in beats:
        now += passes
        kept.beat(name, within)
        due[name] = now + within
    now += later
    assert kept.stalled() == tuple(sorted(name for name in due if due[name] < now))


def test_who_rests_or_left_is_never_overdue():
    now = 0.0
    beats = Beats(lambda: now)
    beats.beat("a", 1)
    beats.beat("b", 1)
    beats.rest("a")
    beats.leave("b")
    now = 1e9
    assert beats.stalled() == ()
    assert beats.parts() == ("a",)


def test_the_watchdog_is_pet_until_a_part_is_stalled_and_again_when_it_lives():
    now = 0.0
    notifier = Listening("/x", 10.0)
    beats = Beats(lambda: now, helpers={"library"})
    pulse = Pulse(beats, notifier, status=lambda: "fine")
    beats.beat("arm", 5)
    beats.beat("library", 1)
    now = 3.0
    assert pulse.look() == ("library",)
    assert notifier.told[-1] == {"STATUS": "fine", "WATCHDOG": 1, "READY": 1}
    now = 6.0
    assert pulse.look() == ("arm", "library")
    assert notifier.told[-1] == {"STATUS": "stalled: arm"}
    silent = len(notifier.told)
    pulse.look()
    assert len(notifier.told) == silent
    beats.beat("arm", 5)
    pulse.look()
    assert notifier.told[-1] == {"STATUS": "fine", "WATCHDOG": 1}


def test_before_the_start_is_over_time_is_asked_for_instead():
    notifier = Listening("/x", 10.0)
    pulse = Pulse(Beats(lambda: 0.0), notifier, status=lambda: "", ready=lambda: False)
    pulse.look()
    assert notifier.told == [{"EXTEND_TIMEOUT_USEC": 60_000_000}]


def test_what_the_manager_did_not_take_is_told_again():
    @dataclass(frozen=True)
    class Deaf(Listening):
        def tell(self, **states):
            super().tell(**states)
            return len(self.told) > 2

    notifier = Deaf("/x", 10.0)
    pulse = Pulse(Beats(lambda: 0.0), notifier, status=lambda: "fine")
    for _ in range(4):
        pulse.look()
    assert notifier.told == [{"STATUS": "fine", "READY": 1, "WATCHDOG": 1}] * 3 + [{"WATCHDOG": 1}]


def test_a_loop_that_does_not_come_round_in_time_is_measured():
    lags = []

    async def main():
        loop = asyncio.get_running_loop()
        pulse = Pulse(Beats(loop.time), Notifier(), status=str, lagged=lags.append)
        task = asyncio.create_task(pulse.run())
        await asyncio.sleep(3)
        # As if a callback had held the loop for 7 s.
        loop._jumper.now += 7
        await asyncio.sleep(1)
        task.cancel()

    run_virtual(main())
    assert max(lags) > 6.5
    assert sorted(lags)[len(lags) // 2] < 0.1


def test_an_action_may_take_its_time_but_not_for_ever():
    async def main():
        now = asyncio.get_running_loop().time
        operation = Operation("cell", now, Listening("/x", 10.0), speed=1.0)
        operation.looked("arm")
        operation.began("tester", "Indent", "B1")
        await asyncio.sleep(4)
        operation.looked("arm")
        assert operation.beats.stalled() == ()
        await asyncio.sleep(6)
        assert operation.beats.stalled() == ("arm",)
        await asyncio.sleep(ACTION_S)
        assert operation.beats.stalled() == ("arm", "tester")

    run_virtual(main())


def test_reconciliation_may_wait_for_a_person():
    async def main():
        operation = Operation("cell", asyncio.get_running_loop().time, Notifier())
        operation.began(RECONCILIATION, "take_command", "")
        operation.ended(RECONCILIATION)
        await asyncio.sleep(1e6)
        assert operation.beats.stalled() == ()
        operation.reconciled()
        assert operation.beats.parts() == ()

    run_virtual(main())


def test_a_commit_that_does_not_end_is_seen():
    async def main():
        operation = Operation("cell", asyncio.get_running_loop().time, Notifier())
        operation.boundary("before-write")
        operation.boundary("before-commit")
        await asyncio.sleep(31)
        assert operation.beats.stalled() == ("journal",)
        operation.boundary("after-write")
        assert operation.beats.stalled() == ()

    run_virtual(main())


def test_a_periodic_part_beats_when_it_sleeps():
    async def main():
        beats = Beats(asyncio.get_running_loop().time)
        clock = beating(Clock.starting(), beats, "projector")
        await clock.sleep_link(1000)
        assert beats.stalled() == ()
        await asyncio.sleep(31)
        assert beats.stalled() == ("projector",)

    run_virtual(main())


def test_a_spool_rests_between_writes_and_promises_to_end_each(tmp_path):
    async def main():
        seen = []
        beats = Beats(asyncio.get_running_loop().time)
        beats.beat = lambda name, within_s: seen.append((name, within_s))
        spool = BeatingSpool(tmp_path / "spool", beats)
        spool.append(Clock.starting().utc(), b"000001: 60.0")
        spool.close()
        assert seen == [("recorder", 30.0)]
        assert beats.parts() == ("recorder",) and beats.stalled() == ()

    run_virtual(main())


def live(tmp_path, hang):
    """Work a block of the simulated lab with a pulse beside it; return what was told."""
    from controller.assembly import Folder, open_rig, spool_of
    from controller.session import work_tray
    from drivers.lines import LabLines
    from drivers.recorder import record
    from drivers.spool import Spool
    from hil_sim.scenario.calibrating import calibrate_station
    from hil_sim.scenario.lab import build_lab

    config, manifest = lab_config(), tray("2007-102")
    notifier = Listening("/x", 30.0)

    async def main():
        clock = Clock.starting()
        lab = build_lab(config, manifest, truths(), seed=1, clock=clock)
        now = asyncio.get_running_loop().time
        operation = Operation("cell", now, notifier)
        folder = Folder(tmp_path)
        calibrate_station(config, folder, clock.utc())
        rig = open_rig(config, folder, LabLines(lab.bench), clock, boundary=operation.boundary)
        rig.ledger.listeners.append(operation.heard)
        if hang:

            async def never():
                await asyncio.Event().wait()

            rig.devices.camera.capture = never
        pulse = Pulse(
            operation.beats,
            notifier,
            status=lambda: rig.state.mode,
            nudge=rig.ledger.wake,
            ready=operation.ready.is_set,
        )
        url = config.devices.results.url
        spool = Spool(spool_of(config, folder))
        beside = [
            asyncio.create_task(pulse.run()),
            asyncio.create_task(record(LabLines(lab.bench), url, spool, clock)),
        ]
        try:
            async with asyncio.timeout(2000):
                await work_tray(rig, manifest, watch=operation)
        except TimeoutError:
            pass
        for task in beside:
            task.cancel()
        spool.close()
        rig.ledger.journal.close()
        return rig.state

    return run_virtual(main()), notifier


def test_a_whole_tray_beats_all_the_time(tmp_path):
    state, notifier = live(tmp_path, hang=False)
    assert state.tray_finished
    assert noted("READY", notifier) == [1, 1]
    assert not [text for text in noted("STATUS", notifier) if "stalled" in text]
    assert len(noted("WATCHDOG", notifier)) > 50


def test_a_worker_that_hangs_ends_the_petting(tmp_path):
    state, notifier = live(tmp_path, hang=True)
    assert not state.tray_finished
    last = notifier.told[-1]
    assert last == {"STATUS": "stalled: vision"}
    assert noted("WATCHDOG", notifier)
