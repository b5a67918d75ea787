"""Put devices of a configuration on other lines: the same cell, simulated, mixed or real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from controller.config.devices import DevicesSection
from controller.config.lab import LabConfig
from controller.config.problems import sentences
from controller.config.reading import ConfigError

WHERE = {
    **{name: (name, "url") for name in DevicesSection.model_fields if name != "tester"},
    "dashboard": ("arm", "dashboard"),
}


def with_recorder(config: LabConfig, where: str | None) -> LabConfig:
    """Return the configuration with the recorder inside the daemon, or as a service of its own."""
    if where is None:
        return config
    if where not in ("inside", "service"):
        raise ConfigError((f"--recorder {where}: write inside or service",))
    results = config.devices.results.model_copy(update={"recorder": where})
    devices = config.devices.model_copy(update={"results": results})
    return config.model_copy(update={"devices": devices})


def with_lines(config: LabConfig, lines: Sequence[str]) -> LabConfig:
    """Return the configuration with some lines replaced, each given as NAME=URL.

    Raises `ConfigError` naming the one that cannot be used.
    """
    if not lines:
        return config
    data: dict[str, Any] = config.model_dump()
    for line in lines:
        name, equals, url = line.partition("=")
        if not equals or name not in WHERE:
            known = ", ".join(WHERE)
            raise ConfigError((f"--line {line}: write NAME=URL; the names are {known}",))
        device, key = WHERE[name]
        if data["devices"][device] is None:
            text = f"the file has no such device; add [devices.{device}] to it"
            raise ConfigError((f"--line {line}: {text}",))
        data["devices"][device][key] = url
    try:
        return LabConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(sentences("--line", error.errors(), LabConfig)) from None
