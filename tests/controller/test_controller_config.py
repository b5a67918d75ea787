"""The configuration: a good file is taken as it stands, a damaged one is explained."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config import (
    KINDS,
    ConfigError,
    DurationsSection,
    LabConfig,
    config_digest,
    load_config,
    parse_config,
)
from controller.config.devices import line_of
from controller.config.overrides import with_lines
from controller.config.poses import APART_MM, REACH_MM
from drivers.codecs.hygrometer import HygrometerMap
from drivers.interfaces import Place
from drivers.timing import ArmTimes, CycleTimes, StageMotion
from metrology import Budget, uncertainty_of_mean

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "examples" / "lab.toml").read_text(encoding="utf-8")
DATA: dict[str, Any] = tomllib.loads(GOOD, parse_float=Decimal)
Keys = tuple[str, ...]

REQUIRED = {
    ("lab", "name"),
    *(("holder", role, key) for role in ("seating", "check") for key in ("name", "index")),
    *(("holder", "check", key) for key in ("certified", "limit")),
    *(("devices", name, "url") for name in DATA["devices"]),
    ("devices", "arm", "dashboard"),
    *(("devices", "stage", f"{at}_{axis}_mm") for at in ("load", "centre") for axis in "xy"),
    *(("poses", key) for key in DATA["poses"] if key != "slot_columns"),
}


def tables(data: dict[str, Any], path: Keys = ()) -> Iterator[Keys]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield (*path, key)
            yield from tables(value, (*path, key))


def keys(data: dict[str, Any], path: Keys = ()) -> Iterator[Keys]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from keys(value, (*path, key))
        else:
            yield (*path, key)


def text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, str):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(data: dict[str, Any]) -> str:
    return "\n".join(f"{json.dumps(key)} = {text(value)}" for key, value in data.items())


def changed(path: Keys, *, to: object = None, drop: bool = False) -> str:
    data = json.loads(json.dumps(DATA, default=float))
    table = data
    for key in path[:-1]:
        table = table[key]
    if drop:
        del table[path[-1]]
    else:
        table[path[-1]] = to
    return written(data)


def problems(toml: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_config(toml, "the.toml")
    assert caught.value.problems
    for line in caught.value.problems:
        assert line.startswith("the.toml: ")
        assert "; " in line, "says what to do"
        assert "\n" not in line
    return caught.value.problems


def about(path: Keys, lines: tuple[str, ...]) -> bool:
    """Whether a line names the section and, if not the section itself, the key."""
    at = f"[{'.'.join(path[:-1])}] {path[-1]}: "
    return any(at in line or f"[{'.'.join(path)}" in line for line in lines)


LEAVES, TABLES = sorted(keys(DATA)), sorted(tables(DATA))


def test_the_example_is_good_and_says_every_key() -> None:
    config = load_config(ROOT / "examples" / "lab.toml")
    assert config == LabConfig.model_validate(json.loads(config.model_dump_json()))
    spelled = {path for path in LEAVES if path[0] != "policy"}
    known = {path for path in keys(config.model_dump(mode="python")) if path[0] != "policy"}
    absent = {("devices", name) for name in ("tester", "gauge", "reader", "climate", "safety")}
    absent |= {("devices", "camera", key) for key in ("source", "px_per_mm")}
    seating = {("holder", "seating", "certified"), ("holder", "seating", "limit")}
    assert known - spelled == absent | seating


def test_the_example_spells_out_the_defaults() -> None:
    config = parse_config(GOOD)
    names = ("cell", "duties", "durations", "policy", "uncertainty", "limits", "by_hand", "lines")
    for name in (*names, "simulation"):
        section = getattr(config, name)
        assert section == type(section)(), name


def test_the_real_lab_example_is_good_and_has_no_memory_line() -> None:
    config = load_config(ROOT / "deploy" / "lab.toml")
    urls = [url for _, url in config.devices.lines()]
    assert {url.partition(":")[0] for url in urls} == {"tcp", "serial"}
    assert config.devices.results.recorder == "service"


def test_every_key_has_a_docstring_and_a_line_in_the_documentation() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    def walk(model: Any) -> Iterator[tuple[str, str | None]]:
        for name, field in model.model_fields.items():
            yield name, field.description
            for table in (field.annotation, *get_args(field.annotation)):
                if hasattr(table, "model_fields"):
                    yield from walk(table)

    for name, description in walk(LabConfig):
        assert description, name
        assert f"`{name}`" in page or f"[{name}" in page or f".{name}]" in page, name


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_a_deleted_key_is_missed_or_takes_its_default(path: Keys) -> None:
    toml = changed(path, drop=True)
    if path in REQUIRED:
        lines = problems(toml)
        assert about(path, lines)
        assert "missing" in lines[0]
    else:
        parse_config(toml)


@pytest.mark.parametrize("path", TABLES, ids=".".join)
def test_a_deleted_section_is_missed(path: Keys) -> None:
    toml = changed(path, drop=True)
    optional = path in (("limits",), ("by_hand",), ("lines",), ("simulation",))
    if optional or (path[0] in ("durations", "policy") and len(path) > 1):
        parse_config(toml)
    else:
        assert any(f"[{'.'.join(path)}]: this section is missing" in x for x in problems(toml))


FITTING = {
    (str, "name"),
    (str, "program"),
    (str, "spool"),
    (str, "calibration"),
    (bool, "daily_checks"),
    (bool, "counts_broken_off"),
} | {*((bool, "record"), (str, "folder"))}


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
@pytest.mark.parametrize("wrong", [{}, [], [[1]], "no such thing", True, 99999, Decimal("1e999")])
def test_a_value_of_a_wrong_type_is_explained(path: Keys, wrong: object) -> None:
    large = ("deadline_s", "drift_period_s", "reset_after_s", "disk_free_mb")
    long = wrong == 99999 and path[-1] in large
    if long or (type(wrong), path[-1]) in FITTING:
        parse_config(changed(path, to=wrong))
    else:
        assert about(path, problems(changed(path, to=wrong)))


MAY_BE_NEGATIVE = {"load_x_mm", "load_y_mm", "centre_x_mm", "centre_y_mm", "temperature_c"} | {
    *("tester_bias", "temperature_min_c", "temperature_max_c")
}


@pytest.mark.parametrize(
    "path",
    [p for p in LEAVES if p[0] != "poses" and p[-1] not in MAY_BE_NEGATIVE],
    ids=".".join,
)
@given(number=st.floats(max_value=-1e-9, min_value=-1e12))
@settings(max_examples=5)
def test_a_negative_number_is_explained(path: Keys, number: float) -> None:
    assert about(path, problems(changed(path, to=number)))


@pytest.mark.parametrize("path", [(), *TABLES], ids=".".join)
def test_an_unknown_key_is_named(path: Keys) -> None:
    lines = problems(changed((*path, "qqq"), to=1))
    assert about((*path, "qqq"), lines)
    assert "unknown" in lines[0]


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_a_mistyped_key_is_recognised(path: Keys) -> None:
    data = json.loads(json.dumps(DATA, default=float))
    table = data
    for key in path[:-1]:
        table = table[key]
    table[f"{path[-1]}x"] = table.pop(path[-1])
    lines = problems(written(data))
    assert any(f"{path[-1]}x: unknown key; did you mean {path[-1]}?" in line for line in lines)


@given(
    path=st.sampled_from(LEAVES + TABLES),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
@settings(max_examples=300, deadline=None)
def test_no_value_anywhere_makes_it_crash(path: Keys, value: object) -> None:
    try:
        toml = changed(path, to=value).replace("None", '""')
    except UnicodeEncodeError:
        return
    try:
        parse_config(toml, "the.toml")
    except ConfigError as error:
        assert all(line.startswith("the.toml: ") for line in error.problems)


@given(st.integers(0, len(GOOD)), st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_damage_to_the_text_makes_it_crash(at: int, noise: str) -> None:
    try:
        parse_config(GOOD[:at] + noise + GOOD[at + len(noise) :])
    except ConfigError as error:
        assert error.problems


SINGLE = [
    ("cell.regulation", "JJG 113-2031", "did you mean JJG 113-2013?"),
    ("holder.check.scale", "HRCC", "did you mean HRC"),
    ("holder.check.scale", "HRA", "use one scale"),
    ("holder.seating.scale", "HBW10/3000", "does not cover HBW10/3000"),
    ("holder.check.certified", 12, "outside HRC (20 to 70)"),
    ("holder.check.index", 1, "place of the seating block"),
    ("holder.check.index", 3, "at most 2"),
    ("holder.check.name", "SEAT-HRC-1", "also the seating block"),
    ("holder.check.name", "块", "DataMatrix"),
    ("holder.check.limit", 0, "more than 0"),
    ("cell.reject_places", 0, "at least 1"),
    ("cell.reject_places", 17, "at most 16"),
    ("cell.slots", 49, "at most 48"),
    ("cell.slots", 33.5, "not a whole number"),
    ("cell.temperature_min_c", 28, "not below temperature_max_c"),
    ("cell.mark_tolerance_mm", 0.1, "less than u_pos_mm"),
    ("duties.seating_indentations", 1, "at least 2"),
    ("devices.camera.url", "memory://arm", "already the line of arm.url"),
    ("devices.arm.dashboard", "memory://arm", "already the line of arm.url"),
    ("devices.camera.url", "http://camera:80", "unknown scheme 'http'"),
    ("devices.camera.url", "camera", "no scheme"),
    ("devices.camera.url", "tcp://camera", "host and port"),
    ("devices.camera.url", "tcp://camera:99999", "no line"),
    ("devices.camera.url", "serial:///dev/ttyS0?baud=fast", "baud rate 'fast'"),
    ("devices.camera.url", "tcp://here:99999", "it has a port that is no number from 1 to 65535"),
    ("devices.camera.url", "serial:///dev/ttyS0?speed=9600", "other than baud"),
    ("devices.camera.url", "memory://", "no name"),
    ("devices.results.recorder", "service", "name the file"),
    ("devices.stage.driver", "push", "write 'grbl', 'arm-push' or 'manual'"),
    ("devices.stage.driver", "arm-push", 'url: is given, but driver = "arm-push"'),
    ("devices.stage.driver", "manual", 'url: is given, but driver = "manual" needs no line'),
    ("devices.arm.driver", "manual", 'dashboard: is given, but driver = "manual" is a person'),
    ("devices.camera.driver", "manual", "[devices.camera] px_per_mm: this key is missing"),
    ("devices.camera.px_per_mm", 20, 'px_per_mm: means nothing to driver = "worker"; remove it'),
    (
        "devices.camera.source",
        {"driver": "folder", "camera": "pictures", "px_per_mm": 12.0},
        "12 shows the smallest indentation of HRC, 0.42 mm, 5.1 px wide, but 8 px are needed; "
        "take a lens of 18.9 px/mm or more",
    ),
    ("devices.results.driver", "manual", "[devices.results] url: is given, but driver"),
    ("devices.climate", {"driver": "manual", "url": "memory://c"}, "has no line; remove it"),
    ("devices.tester", {"driver": "plc"}, "[devices.tester] driver: 'plc' is not a choice"),
    ("by_hand.patience_s", 0, "[by_hand] patience_s: 0 is out of range"),
    ("devices.stage.url", "", "url: is missing, and an XY frame needs it; add it"),
    ("devices.stage.tolerance_mm", 0.16, "more than u_pos_mm 0.15"),
    ("devices.gauge", {"url": "memory://g"}, "gauge]: stands alone; add [devices.reader]"),
    ("devices.reader", {"url": "memory://g"}, "reader]: stands alone; add [devices.gauge]"),
    (
        "devices.climate",
        {"url": "memory://arm"},
        "[devices.climate] url: 'memory://arm' is already",
    ),
    ("devices.climate", {"url": "memory://c", "unit": 248}, "[devices.climate] unit: 248 is out"),
    ("devices.climate", {"url": "memory://c", "area": "coil"}, "write 'input' or 'holding'"),
    ("devices.climate", {"url": "memory://c", "humidity_register": 0}, "cannot be read together"),
    ("devices.climate", {"url": "memory://c", "humidity_register": 126}, "less than 125 apart"),
    ("devices.climate", {"urll": "memory://c"}, "unknown key; did you mean url?"),
    ("devices.climate", {}, "[devices.climate] url: this key is missing"),
    ("devices.climate", 3, "[devices.climate]: 3 is not a table"),
    ("devices.safety", {"url": "memory://s", "watchdog_ms": 1000}, "write 3000, 5000 or 10000"),
    ("devices.safety", {"url": "memory://s", "driver": "sick"}, "write 'pilz'"),
    ("poses.slot_pitch_mm", [10, 90], "slot-01 and slot-02 are 10.0 mm apart"),
    ("poses.slot_pitch_mm", [400, 90], "out of reach"),
    ("poses.sizing_mm", [640, -50, 220], "sizing and vision are 0.0 mm apart"),
    ("poses.vision_mm", [640, 250], "list of 3 numbers"),
    ("poses.vision_mm", [640, 250, "x"], "not a number"),
    ("poses.holder_pitch_mm", [0, 0], "holder-01 and holder-02"),
    ("policy.no_room", {"default": "return", "action": "rejekt"}, "did you mean reject?"),
    ("policy.no_room", {"default": "ask"}, "choose reject, return"),
    ("policy.no_room", "reject", "not a table"),
    ("lab.name", "", "is empty"),
    ("lab.name", " x", "blanks around it"),
]


@pytest.mark.parametrize(("where", "value", "words"), SINGLE)
def test_each_mistake_has_its_sentence(where: str, value: object, words: str) -> None:
    lines = problems(changed(tuple(where.split(".")), to=value))
    assert any(words in line for line in lines), lines


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


def test_a_line_can_be_put_elsewhere_for_one_run() -> None:
    config = parse_config(changed(("devices", "safety"), to={"url": "memory://safety"}))
    moved = with_lines(config, ["safety=tcp://127.0.0.1:5502", "dashboard=tcp://127.0.0.1:5503"])
    assert moved.devices.safety is not None
    assert moved.devices.safety.url == "tcp://127.0.0.1:5502"
    assert moved.devices.arm.dashboard == "tcp://127.0.0.1:5503"
    for line, words in [
        ("gauge=tcp://127.0.0.1:1", "no such device; add [devices.gauge]"),
        ("gouge=tcp://127.0.0.1:1", "the names are station, "),
        ("safety=memory://arm", "[devices.safety] url: 'memory://arm' is already the line of arm"),
        ("safety=there", "no line"),
    ]:
        with pytest.raises(ConfigError) as caught:
            with_lines(config, [line])
        assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_all_problems_come_at_once() -> None:
    toml = GOOD.replace("slots = 33", "slots = -1").replace("carry_s = 5.0", 'carry_s = "x"')
    lines = problems(toml.replace("[lab]", "[labb]"))
    assert {line.split(": ")[1].partition(" ")[0] for line in lines} == {
        *("[cell]", "[durations.arm]", "[lab]", "[labb]")
    }


def test_files_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    broken = tmp_path / "lab.toml"
    for content, words in [
        (b"a = \n", "line 1"),
        ("[lab]\nname = '实验室'".encode("gbk"), "line 2 is not UTF-8"),
        (b"", "[cell]: this section is missing"),
        (b"a = " + b"9" * 5000, "not TOML"),
        (b"a = 1e99999999999999999999", "not TOML"),
        (b"x" * 1_000_001, "longer than"),
    ]:
        broken.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_config(broken)
        assert any(words in line and str(broken) in line for line in caught.value.problems), words
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(path)


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
