"""The devices of a cell, as interfaces: who stands behind them is configuration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from drivers.interfaces import (
    Arm,
    ArmController,
    Camera,
    Heartbeat,
    Outcome,
    Positioner,
    ResultChannel,
    Sensors,
    SizingStage,
    Tester,
    ThermoHygrometer,
)
from drivers.nod import Nod

Question: TypeAlias = Callable[[], Awaitable[Outcome[object]]]


class Closing(Protocol):
    """Something that is closed at the end."""

    def close(self) -> None:
        """Close it."""
        ...


@dataclass(frozen=True, slots=True)
class Sign:
    """A question that a device answers while it lives; harmless, whatever it does just then.

    ``nod`` asks the same in passing, for a small part of the cost; without one it is always
    asked in full. ``patience_s`` is how long, in link time, an answer may take of a device
    that answered the time before. Opening a line may take longer. ``line`` is named when it
    does not answer.
    """

    ask: Question
    patience_s: float = 0.9
    line: str = ""
    nod: Nod | None = None


@dataclass(frozen=True, slots=True)
class Devices:
    """One of each kind that a cell needs.

    ``tester_name``, ``sizing_name`` and ``climate_name`` are whom an alarm names when they
    fail: the station PLC unless they are devices of their own; ``arm_controller_name``
    likewise, the Dashboard unless a person carries. ``signs`` are the signs of life of
    everything that can be asked, by name; nobody asks a person whether he lives.
    ``notebooks`` are to be closed at the end.
    """

    arm: Arm
    arm_controller: ArmController
    positioner: Positioner
    tester: Tester
    results: ResultChannel
    sensors: Sensors
    heartbeat: Heartbeat
    sizing: SizingStage
    climate: ThermoHygrometer
    camera: Camera
    tester_name: str = "station"
    sizing_name: str = "station"
    climate_name: str = "station"
    arm_controller_name: str = "dashboard"
    signs: Mapping[str, Sign] = field(default_factory=dict)
    notebooks: Sequence[Closing] = ()

    def close(self) -> None:
        """Close what writes files of its own, so that another process may have them."""
        for notebook in self.notebooks:
            notebook.close()
