"""What an action works with: the ledger, the devices, the rules and the picture store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from controller.config import LabConfig
from controller.devices import Devices
from controller.eyes import EYES, Eyes
from controller.gallery import Gallery
from controller.journal import Boundary
from controller.ledger import Ledger
from controller.looks import Looks
from controller.remedies import remedied
from controller.state import CellState
from drivers.interfaces import NotDone, Unknown
from drivers.tended_lines import TendedLines
from metrology import Regulation
from runtime import Clock


@dataclass(frozen=True, slots=True)
class Trouble:
    """An action did not get further: what kind, where, and the device's own words."""

    alarm: str
    source: str
    detail: str

    @classmethod
    def of(cls, source: str, outcome: NotDone | Unknown) -> Trouble:
        """Describe a device's refusal or silence, and what to do about it."""
        said = remedied(outcome.reason, outcome.detail or outcome.reason)
        return cls(f"device-{outcome.reason}", source, said)


@dataclass(frozen=True, slots=True)
class Asked:
    """An action did not go on because a person was asked; no device failed."""


Stop: TypeAlias = Trouble | Asked


@dataclass(slots=True)
class Rig:
    """One cell, ready to act. ``boundary`` names the instants at which it may die in a test.

    ``anvil`` is held by whoever moves the positioner or starts the tester: between
    bringing a point under the indenter and the end of its cycle nobody else may move it.
    ``lines`` are those that the devices are reached by, tended and perhaps recorded.
    ``looks`` are the pictures of blocks on their way between camera and tester.
    """

    ledger: Ledger
    devices: Devices
    config: LabConfig
    regulation: Regulation
    gallery: Gallery
    boundary: Boundary
    lines: TendedLines
    calibration: Path
    anvil: asyncio.Lock = field(default_factory=asyncio.Lock)
    eyes: Eyes = EYES
    looks: Looks = field(default_factory=Looks)

    @property
    def state(self) -> CellState:
        """The state as of now."""
        return self.ledger.state

    @property
    def clock(self) -> Clock:
        """The cell's clock."""
        return self.ledger.clock

    def next_op(self) -> str:
        """Return the identifier of the next action: counted, so the same seed gives the same."""
        return f"op-{self.ledger.ops.take(self.state.ops):06d}"

    def next_question(self) -> str:
        """Return the identifier of the next question."""
        return f"q-{self.ledger.asked.take(self.state.asked):04d}"
