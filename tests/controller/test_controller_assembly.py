"""The same `lab.toml` decides which driver stands behind each interface."""

import asyncio
from pathlib import Path

import pytest

from controller.assembly import Folder, connect_devices, open_rig
from controller.devices import Sign
from controller.pulse import Feeler, Rounds
from drivers.arm_push import ArmPushPositioner
from drivers.grbl_stage import GrblStage
from drivers.guarded_sensors import GuardedSensors
from drivers.hygrometer import Hygrometer
from drivers.interfaces import Done, Failure, NotDone, Unknown
from drivers.lines import LabLines
from drivers.sizing import ComposedSizing
from drivers.station_plc import StationPlc
from runtime import Clock, run_virtual
from tests.mixed import BY_HAND, OWN, PUSH, by_hand, mixed_config

EVERY = {"station", "arm", "dashboard", "positioner", "results", "camera"}


def connected(devices):
    async def main():
        clock = Clock.starting()
        return connect_devices(mixed_config(devices), LabLines(), clock, Path("records.spool"))

    return run_virtual(main())


def test_without_sections_of_their_own_the_plc_serves_all() -> None:
    devices = connected({})
    served = (devices.sensors, devices.sizing, devices.climate, devices.heartbeat, devices.tester)
    assert {type(device) for device in served} == {StationPlc} and len(set(map(id, served))) == 1
    assert isinstance(devices.positioner, GrblStage)
    assert (devices.sizing_name, devices.climate_name) == ("station", "station")
    assert set(devices.signs) == EVERY


@pytest.mark.parametrize(
    ("sections", "changed"),
    [
        (("gauge", "reader"), {"sizing": ComposedSizing}),
        (("climate",), {"climate": Hygrometer}),
        (("safety",), {"sensors": GuardedSensors}),
        (("stage",), {"positioner": ArmPushPositioner}),
        (
            tuple(OWN),
            {"sizing": ComposedSizing, "climate": Hygrometer, "sensors": GuardedSensors},
        ),
    ],
)
def test_a_section_changes_its_device_and_no_other(sections, changed) -> None:
    devices = connected({name: (OWN | PUSH)[name] for name in sections})
    kinds = {"sizing": StationPlc, "climate": StationPlc, "sensors": StationPlc}
    kinds |= {"positioner": GrblStage, "tester": StationPlc, "heartbeat": StationPlc} | changed
    assert {name: type(getattr(devices, name)) for name in kinds} == kinds
    assert devices.sizing_name == ("sizing" if "gauge" in sections else "station")
    assert devices.climate_name == ("climate" if "climate" in sections else "station")
    # An arm that pushes gives one sign of life, not two.
    moved = {"positioner"} if sections == ("stage",) else set()
    assert set(devices.signs) == (EVERY - moved) | set(sections) - {"stage"}


@pytest.mark.parametrize("reason", Failure)
def test_only_a_silent_or_foreign_peer_is_called_dead(reason) -> None:
    dead = {
        *(Failure.NO_LINK, Failure.NO_REPLY, Failure.BAD_REPLY, Failure.TIMED_OUT),
        # Another device's registers, or a gateway with nobody behind it.
        Failure.EXCEPTION_REPLY,
    }
    for outcome in (NotDone(reason, "why"), Unknown(reason, "why")):

        async def ask(outcome=outcome):
            return outcome

        told = felt(ask)
        assert bool(told) is (reason in dead)
        if told:
            assert (told[0].alarm, told[0].source) == (f"device-{reason}", "safety")

    async def lives():
        return Done(None)

    assert felt(lives) == []


def felt(ask, times=1, patience_s=0.9):
    told = []

    async def lost(trouble):
        told.append(trouble)

    async def main():
        feeler = Feeler("safety", Sign(ask, patience_s, "tcp://safety:502"), lost)
        for _ in range(times):
            await feeler.feel()

    run_virtual(main())
    return told


def test_a_device_that_lets_its_patience_pass_is_lost_there_and_then_and_its_line_named() -> None:
    asked = []

    async def ever_slower():
        loop = asyncio.get_running_loop()
        asked.append(loop.time())
        await asyncio.sleep(0.8 if len(asked) < 3 else 30)
        return Done(None)

    (late,) = felt(ever_slower, times=3)
    assert asked == [0.0, 1.0, 2.0]
    assert late.detail.startswith("tcp://safety:502: no answer within 0.9 s; does it run")


def test_feelers_that_share_their_rounds_ask_together_and_wait_each_for_himself() -> None:
    asked, told = [], []

    def device(name, answer_s):
        async def ask():
            asked.append((asyncio.get_running_loop().time(), name))
            # The slow one answers quickly at first: only then is he missed.
            await asyncio.sleep(answer_s if asked[-1][0] > 0 else 0)
            return Done(None)

        return Sign(ask, 0.9)

    async def lost(trouble):
        told.append((asyncio.get_running_loop().time(), trouble.source))

    async def feel(feeler):
        for _ in range(3):
            await feeler.feel()

    async def main():
        rounds = Rounds()
        devices = {"quick": device("quick", 0.1), "slow": device("slow", 1.5)}
        feelers = [Feeler(name, sign, lost, rounds) for name, sign in devices.items()]
        await asyncio.gather(*map(feel, feelers))

    run_virtual(main())
    assert [at for at, name in asked if name == "quick"] == [0.0, 1.0, 2.0]
    assert [at for at, name in asked if name == "slow"] == [0.0, 1.0, 2.5]
    # Missed at once, heard late, and then missed again.
    assert told == [(1.9, "slow"), (3.4, "slow")]


def test_a_person_takes_the_place_of_a_driver_and_gives_no_sign_of_life(tmp_path) -> None:
    async def main():
        config, clock = by_hand(*BY_HAND), Clock.starting()
        rig = open_rig(config, Folder(tmp_path), LabLines(), clock)
        devices = rig.devices
        kinds = {type(each).__name__ for each in (devices.arm, devices.positioner, devices.tester)}
        assert kinds == {"ManualArm", "ManualPositioner", "ManualTester"}
        assert devices.arm_controller is devices.arm
        # The sensors, the beat and the safety chain are nobody's word.
        assert {type(devices.sensors), type(devices.heartbeat)} == {StationPlc}
        assert set(devices.signs) == {"station"} and devices.tester_name == "tester"
        rig.ledger.journal.close()
        with pytest.raises(OSError, match="another recorder writes"):
            open_rig(config, Folder(tmp_path), LabLines(), clock)
        devices.close()
        open_rig(config, Folder(tmp_path), LabLines(), clock).devices.close()

    run_virtual(main())
