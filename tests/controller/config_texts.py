"""The example of a configuration, its keys, and texts in which one thing is changed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from controller.config import (
    ConfigError,
    parse_config,
)

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
