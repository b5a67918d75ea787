"""What a good configuration means."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from controller.config import (
    KINDS,
    ConfigError,
    DurationsSection,
    config_digest,
    load_config,
    parse_config,
)
from controller.config.devices import line_of
from controller.config.poses import APART_MM, REACH_MM
from drivers.codecs.hygrometer import HygrometerMap
from drivers.interfaces import Place
from drivers.timing import ArmTimes, CycleTimes, StageMotion
from metrology import Budget, uncertainty_of_mean
from tests.controller.config_texts import GOOD, changed


def test_an_arm_that_pushes_needs_no_line_and_is_given_its_own_tolerance() -> None:
    told = changed(("devices", "stage"), to={"driver": "arm-push"})
    stage = parse_config(told).devices.stage
    assert (stage.arm_pushes, stage.tolerance_mm, stage.url) == (True, 0.1, "")
    spelled = changed(("devices", "stage"), to={"driver": "arm-push", "tolerance_mm": 0.1})
    assert config_digest(parse_config(spelled)) == config_digest(parse_config(told))
    assert "stage" not in {path[0] for path, _ in parse_config(told).devices.lines()}
    frame = parse_config(GOOD).devices.stage
    assert (frame.arm_pushes, frame.tolerance_mm) == (False, 0.02)


def test_sections_that_may_be_left_out_leave_the_others_as_they_are() -> None:
    climate = {"url": "tcp://climate:502", "temperature_register": 7, "humidity_register": 9}
    devices = parse_config(changed(("devices", "climate"), to=climate)).devices
    assert devices.climate is not None
    assert devices.climate.registers == HygrometerMap(7, 9, 1)
    assert (("climate", "url"), "tcp://climate:502") in set(devices.lines())
    without = {name: getattr(devices, name) for name in type(devices).model_fields}
    assert without | {"climate": None} == dict(parse_config(GOOD).devices)


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(tmp_path: Path) -> None:
    other = tmp_path / "lab.toml"
    other.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert config_digest(load_config(other)) == config_digest(parse_config(GOOD))


def test_the_digest_tells_meaning_not_writing() -> None:
    digest = config_digest(parse_config(GOOD))
    assert len(digest) == 64
    assert config_digest(parse_config(GOOD.replace("spares = 2\n", "") + "\n# remark")) == digest
    assert config_digest(parse_config(GOOD.replace("spares = 2", "spares = 3"))) != digest
    assert config_digest(parse_config(GOOD.replace("= 60.3", "= 60.30"))) != digest


def test_hardness_figures_stay_as_written() -> None:
    config = parse_config(GOOD.replace("certified = 60.3", "certified = 60.30"))
    assert str(config.holder.check.certified) == "60.30"
    assert config.holder.check.known == (Decimal("60.3"), Decimal("0.5"))
    assert config.holder.seating.known is None


def test_durations_are_those_of_the_drivers() -> None:
    durations = DurationsSection()
    assert durations.arm.times() == ArmTimes()
    assert durations.cycle.times() == CycleTimes()
    assert durations.stage.times() == StageMotion()
    for section, times in (
        (durations.arm, ArmTimes),
        (durations.cycle, CycleTimes),
        (durations.stage, StageMotion),
    ):
        assert set(type(section).model_fields) == {f.name for f in dataclasses.fields(times)}
    slow = parse_config(GOOD.replace("carry_s = 5.0", "carry_s = 7.5"))
    assert slow.durations.arm.times().carry_s == 7.5


def test_the_pose_table_has_every_place_apart_and_in_reach() -> None:
    poses = parse_config(GOOD).poses.table(33, 8)
    names = [f"slot-{i:02d}" for i in range(1, 34)] + [f"reject-{i:02d}" for i in range(1, 9)]
    names += ["sizing", "vision", "tester", "holder-01", "holder-02"]
    assert set(map(str, poses)) == set(names)
    assert poses[Place.parse("slot-01")] == (-440.0, 510.0, 150.0)
    assert poses[Place.parse("slot-13")] == (-352.0, 600.0, 150.0)
    assert poses[Place.parse("holder-02")] == (-600.0, -130.0, 160.0)
    assert max(abs(axis) for pose in poses.values() for axis in pose) <= REACH_MM
    near = parse_config(GOOD).poses.model_copy(update={"slot_pitch_mm": (APART_MM - 1, 90.0)})
    with pytest.raises(ValueError, match=r"slot-01 and slot-02 are 19\.0 mm apart"):
        near.table(33, 8)


def test_the_policy_offers_its_options_and_a_safe_default() -> None:
    policy = parse_config(GOOD).policy
    for kind, choice in KINDS.items():
        assert choice.safe in choice.options
        assert policy.entry(kind) is policy.entry(kind.replace("_", "-"))
        assert policy.options(kind) == choice.options
        for option in choice.by_policy:
            named = parse_config(changed(("policy", kind), to={"action": option})).policy
            assert (named.entry(kind).action, named.entry(kind).default) == (option, choice.safe)
    with pytest.raises(KeyError, match="no kind 'toothache'"):
        policy.entry("toothache")


@pytest.mark.parametrize("key", ["action", "default"])
def test_no_policy_says_what_only_a_person_can_have_done(key: str) -> None:
    said = {("policy", kind): choice.deeds for kind, choice in KINDS.items() if choice.deeds}
    assert said
    for path, deeds in said.items():
        for deed in deeds:
            with pytest.raises(ConfigError, match=f"'{deed}' is not offered here"):
                parse_config(changed(path, to={key: deed}))


def test_nothing_doubtful_is_ever_the_default() -> None:
    risky = {"accept", "continue", "ignore", "emptied"}
    assert not risky & {choice.safe for choice in KINDS.values()}


def test_the_budget_is_built_from_the_certificate() -> None:
    readings = [Decimal(x) for x in ("60.1", "60.2", "60.1", "60.2", "60.15")]
    budget = parse_config(GOOD).uncertainty.budget(readings)
    assert isinstance(budget, Budget)
    assert budget.u_crm_1 == Decimal("0.15")
    assert budget.u_x_crm_1 == uncertainty_of_mean(Decimal("0.05"), 5)
    assert budget.u_crm_d == Decimal("0.03")
    assert 0 < budget.u_ms < Decimal("0.003")
    assert budget.u_x_crm_2 > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("tcp://PLC:502", "tcp://plc:502", True),
        ("tcp://plc:502", "tcp://plc:503", False),
        ("serial:///dev/ttyS0?baud=9600", "serial:///dev/ttyS0?baud=115200", True),
        ("serial:///dev/ttyS0", "serial:///dev/ttyS1", False),
        ("memory://a", "memory://a", True),
        ("memory://a", "memory://b", False),
    ],
)
def test_lines_are_compared_by_what_they_occupy(one: str, other: str, same: bool) -> None:
    assert (line_of(one) == line_of(other)) is same
