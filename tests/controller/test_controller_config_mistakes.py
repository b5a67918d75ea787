"""Mistakes in the configuration: each has its sentence, and all come at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config import (
    ConfigError,
    load_config,
    parse_config,
)
from controller.config.overrides import with_lines
from tests.controller.config_texts import GOOD, changed, problems

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
