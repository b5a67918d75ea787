"""A simulated person in the place of devices: reads questions from the bus, acts on the world.

Knows nothing but what the bus tells everybody, and does with the simulated blocks
what it is asked to do; what was done before is remembered, as a person remembers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from controller.bus.local import LocalBus
from controller.messages import Command
from drivers.interfaces import SIZING, TESTER, VISION, Place
from drivers.manual_tester import BEFORE, COMPLETE
from hil_sim.physics import TesterTruth
from hil_sim.scenario.lab import SimulatedLab
from hil_sim.world import GRIPPER, Indentation
from metrology import diameter_mm, find_scale
from runtime import Clock

LOOK_S = 1.0
"""How often a technician looks at the screen, process time."""
HANDS_S = 6.0
"""How long whatever hands do takes, process time."""

_ORDER = re.compile(
    r"Make ONE indentation \(order (\d+)\): (\w+), preliminary dwell ([\d.]+) s, "
    r"total-force dwell ([\d.]+) s"
)
_POINT = re.compile(r"x = (-?[\d.]+) mm, y = (-?[\d.]+) mm")

Json = Mapping[str, Any]


@dataclass
class Technician:
    """One person at a simulated cell; ``answered`` are the questions, with what was said.

    ``made`` are the orders of indentations carried out, by number. ``evidence``
    is what the tester showed last of a cycle: dwells and force.
    ``folder`` is where pictures are saved.
    """

    lab: SimulatedLab
    clock: Clock
    folder: Path
    rng: Random
    tester: TesterTruth = field(default_factory=TesterTruth)
    answered: list[tuple[str, str, str]] = field(default_factory=list)
    made: dict[int, str] = field(default_factory=dict)
    evidence: str = ""
    pictures: int = 0

    async def serve(self, bus: LocalBus) -> None:
        """Answer the questions of devices for ever, one after the other, in their order."""
        while True:
            await self.clock.sleep(LOOK_S)
            asked = (await bus.snapshot()).state["questions"]
            mine = [question for question in asked if question["device"]]
            if mine:
                await self._answer(bus, mine[0])

    async def _answer(self, bus: LocalBus, asked: Json) -> None:
        await self.clock.sleep(HANDS_S)
        said = await self._HANDS[asked["device"]](self, str(asked["text"]))
        name = str(asked["question"])
        order = {"question": name, "option": said}
        ident = f"technician-{name}-{len(self.answered)}"
        reply = await bus.request(Command(ident, "decide", order, "technician"))
        if reply.accepted:
            self.answered.append((str(asked["device"]), str(asked["text"]), said))

    # -- what hands and eyes do ------------------------------------------------------

    async def _carry(self, text: str) -> str:
        world = self.lab.world
        if text.startswith("What do your hands"):
            return "nothing" if world.occupant(GRIPPER) is None else "a block"
        if found := re.match(r"Take the block from (\S+) and hold it", text):
            if world.occupant(GRIPPER) is None:
                world.grip(Place.parse(found.group(1)))
        elif found := re.match(r"Lay the block you hold into (\S+)\.", text):
            world.let_go(Place.parse(found.group(1)))
        return "done"

    async def _slide(self, text: str) -> str:
        if text.startswith("Bring the middle"):
            self.lab.world.slide(0.0, 0.0)
            return "done"
        if found := _POINT.search(text):
            self.lab.world.slide(float(found.group(1)), float(found.group(2)))
        x, y = self.lab.world.stage
        return f"{x:.2f} {y:.2f}"

    async def _indent(self, text: str) -> str:
        if text.startswith("What did the tester show"):
            return self.evidence
        found = _ORDER.search(text)
        assert found is not None, text
        number, scale = int(found.group(1)), found.group(2)
        if number not in self.made:
            if text.startswith("Ordered before"):
                return BEFORE
            self.made[number] = scale
            force = find_scale(scale).total_force_n
            self.evidence = f"{found.group(3)} 4.0 {found.group(4)} {force}"
            self._press(scale, len(self.made))
        return COMPLETE

    def _press(self, scale: str, cycle: int) -> None:
        world = self.lab.world
        x, y = world.stage
        block = world.occupant(TESTER)
        truth = block.hardness.at(x, y) if block is not None else 0.0
        size = diameter_mm(find_scale(scale), truth) if block is not None else 0.0
        world.indent(Indentation(x, y, size, scale, cycle, self.clock.process()))
        shown = self.tester.reading(truth, self.clock.process(), self.rng)
        world.publish(cycle, cycle, str(shown))
        # A bench tester prints on its line, if it has one, whoever pulls the lever.
        self.lab.cell.results.publish(cycle, scale, shown)

    async def _read_display(self, text: str) -> str:
        return "right" if text.endswith("Right?") else self.lab.cell.results.shown

    async def _photograph(self, text: str) -> str:
        block = self.lab.world.occupant(VISION)
        if block is None:
            return "no picture"
        picture = self.lab.cell.camera.draw(block)
        self.pictures += 1
        name = f"picture-{self.pictures:03d}.pgm"
        head = f"P5\n{picture.width} {picture.height}\n255\n".encode()
        (self.folder / name).write_bytes(head + picture.pixels)
        return name

    async def _measure(self, text: str) -> str:
        block = self.lab.world.occupant(SIZING)
        if block is None:
            return "no block there"
        return f"{block.thickness_mm:.2f} {block.width_mm:.2f} {block.depth_mm:.2f}"

    async def _read_code(self, text: str) -> str:
        block = self.lab.world.occupant(SIZING)
        return (block.code if block is not None else None) or "unreadable"

    async def _read_climate(self, text: str) -> str:
        station = self.lab.cell.station
        return f"{station.temperature_c:.1f} {station.humidity_pct:.0f}"

    _HANDS: ClassVar[dict[str, Callable[[Technician, str], Awaitable[str]]]] = {
        "arm": _carry,
        "stage": _slide,
        "tester": _indent,
        "results": _read_display,
        "camera": _photograph,
        "gauge": _measure,
        "reader": _read_code,
        "climate": _read_climate,
    }
