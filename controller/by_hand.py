"""The devices of a cell whose work a person does, each with a desk of its own.

Sensors, beat and safety chain stay with the station PLC: whether motion is safe is
never a matter of an answer on a screen.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from controller.asking import JournaledPerson
from controller.config import LabConfig
from controller.devices import Devices
from controller.ledger import Ledger
from drivers.interfaces import Tester
from drivers.manual import ManualGauge, ManualHygrometer, ManualPositioner, ManualReader
from drivers.manual_arm import ManualArm
from drivers.manual_camera import ManualCamera
from drivers.manual_results import ManualResults
from drivers.manual_tester import ManualTester
from drivers.person import Desk
from runtime import Clock

PICTURES = "by-hand"
"""Where a person saves pictures unless told otherwise."""


class Hands:
    """Makes the drivers that ask a person through the journal.

    A person is asked by each device apart, so that one question never waits for another
    device's. Notebooks lie in ``folder``, that of the run. Raises OSError, when a driver
    is made, if they or the pictures' folder cannot be had.
    """

    def __init__(self, config: LabConfig, ledger: Ledger, clock: Clock, folder: Path) -> None:
        self._config = config
        self._ledger = ledger
        self._clock = clock
        self._folder = folder

    def _desk(self, device: str) -> Desk:
        patience_s = self._config.by_hand.patience_s
        return Desk(JournaledPerson(self._ledger, device), self._clock, patience_s=patience_s)

    def arm(self) -> ManualArm:
        """Return who carries the blocks."""
        return ManualArm(self._desk("arm"))

    def stage(self) -> ManualPositioner:
        """Return who moves the block on the anvil, on a table with scales."""
        tolerance = self._config.devices.stage.tolerance_mm
        return ManualPositioner(self._desk("stage"), tolerance_mm=Decimal(str(tolerance)))

    def tester(self) -> ManualTester:
        """Return who works the tester."""
        return ManualTester(self._desk("tester"), self._folder / "tester.notebook", self._clock)

    def results(self, tester: Tester) -> ManualResults:
        """Return who reads the display of a tester, whoever starts that."""
        path = self._folder / "results.notebook"
        return ManualResults(self._desk("results"), path, self._clock, tester)

    def camera(self) -> ManualCamera:
        """Return who photographs."""
        camera = self._config.devices.camera
        folder = Path(camera.pictures) if camera.pictures else self._folder / PICTURES
        folder.mkdir(parents=True, exist_ok=True)
        assert camera.px_per_mm is not None, "the configuration has it where a person photographs"
        return ManualCamera(self._desk("camera"), folder, camera.px_per_mm)

    def gauge(self) -> ManualGauge:
        """Return who measures the block."""
        return ManualGauge(self._desk("gauge"))

    def reader(self) -> ManualReader:
        """Return who reads the block's code."""
        return ManualReader(self._desk("reader"))

    def climate(self) -> ManualHygrometer:
        """Return who reads temperature and humidity."""
        return ManualHygrometer(self._desk("climate"))


SIGNS = {"arm": ("arm", "dashboard"), "stage": ("positioner",)}
"""The signs of life that a device gives under other names than its own."""


def attended(config: LabConfig, devices: Devices, hands: Hands) -> Devices:
    """Return the devices with people in the place of those that have no line."""
    by_hand = config.devices.by_hand()
    instead: dict[str, Any] = {}
    if "arm" in by_hand:
        carrier = hands.arm()
        instead |= {"arm": carrier, "arm_controller": carrier, "arm_controller_name": "arm"}
    if "stage" in by_hand:
        instead["positioner"] = hands.stage()
    if "camera" in by_hand:
        instead["camera"] = hands.camera()
    if "climate" in by_hand:
        instead["climate"] = hands.climate()
    notebooks = []
    if "tester" in by_hand:
        instead |= {"tester": hands.tester(), "tester_name": "tester"}
        notebooks.append(instead["tester"])
    if "results" in by_hand:
        instead["results"] = hands.results(instead.get("tester", devices.tester))
        notebooks.append(instead["results"])
    silent = {sign for name in by_hand for sign in SIGNS.get(name, (name,))}
    signs = {name: sign for name, sign in devices.signs.items() if name not in silent}
    return replace(devices, **instead, signs=signs, notebooks=tuple(notebooks))
