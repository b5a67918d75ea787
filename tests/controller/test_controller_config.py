"""Every key of the configuration: documented, and explained when it is missing or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config import (
    ConfigError,
    LabConfig,
    load_config,
    parse_config,
)
from tests.controller.config_texts import (
    DATA,
    GOOD,
    LEAVES,
    REQUIRED,
    ROOT,
    TABLES,
    Keys,
    about,
    changed,
    keys,
    problems,
    written,
)


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
    (bool, "results_wired"),
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
