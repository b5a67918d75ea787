"""Every device that we have a driver for, on real wires, with all that feels its pulse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.assembly import connect_devices
from controller.config import LabConfig
from controller.config.overrides import with_lines
from controller.devices import Sign
from controller.line_recording import line_names
from controller.pulse import Feeler
from drivers.interfaces import Place, Station
from drivers.lines import LabLines
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.recorder import record
from drivers.robotiq_gripper import RobotiqGripper
from drivers.spool import Spool
from drivers.tended_lines import TendedLines
from drivers.wago_io import WagoIo
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.scenario.lab import build_lab
from hil_sim.wire import Wires
from runtime import Clock
from tests.labs import lab_config, tray, truths
from tests.mixed import OWN
from tests.processes import free_ports

TCP = ("station", "arm", "dashboard", "camera", "reader", "safety", "io")
SERIAL = {"stage": 115200, "results": 9600, "gauge": 9600, "climate": 9600, "gripper": 115200}
SIGN_OF = {"stage": "positioner"}
"""The names of lines and of signs of life differ here."""


@dataclass
class Pulse:
    """What was felt of one device: when it was lost, and when it was felt again."""

    feeler: Feeler
    lost_s: list[float] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class House:
    """The wires, the lines to them, and the pulse of everything that hangs on them."""

    wires: Wires
    lines: TendedLines
    urls: dict[str, str]
    pulses: dict[str, Pulse]

    def pulse(self, line: str) -> Pulse:
        """Return the pulse of the device on a line."""
        return self.pulses[SIGN_OF.get(line, line)]


def urls_in(folder: Path) -> dict[str, str]:
    """Return a line for every device: free TCP ports, and terminals in the folder."""
    ports = free_ports(len(TCP))
    urls = {name: f"tcp://127.0.0.1:{port}" for name, port in zip(TCP, ports, strict=True)}
    return urls | {name: f"serial://{folder}/{name}?baud={baud}" for name, baud in SERIAL.items()}


def _whole_cell() -> LabConfig:
    data = lab_config(quick=False).model_dump()
    data["devices"] |= OWN
    return LabConfig.model_validate(data)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Serve everything, feel every pulse, and end it all."""
    urls = urls_in(folder)
    ours = {name: url for name, url in urls.items() if name not in ("io", "gripper")}
    config = with_lines(_whole_cell(), [f"{name}={url}" for name, url in ours.items()])
    clock = Clock.starting()
    wires = Wires()
    lab = build_lab(config, tray("2007-102"), truths(), seed=1, clock=clock, wires=wires)
    io = SimWagoIo(clock, inputs=4, outputs=2)
    io.listen(wires, urls["io"])
    slot = Place(Station.SLOT, 1)
    SimRobotiqGripper(lab.world, clock, lambda: slot).listen(wires, urls["gripper"])
    await wires.open()
    names = line_names(config) | {urls["io"]: "io", urls["gripper"]: "gripper"}
    lines = TendedLines(LabLines(), names)
    spool = Spool(folder / "records.spool")
    devices = connect_devices(config, lines, clock, folder / "records.spool")
    gripper = InputRegisterLink(lines, urls["gripper"], unit=9, framing="rtu", quiet_s=0.5)
    signs = {
        **devices.signs,
        "gripper": Sign(RobotiqGripper(gripper, clock).read, line=urls["gripper"]),
        "io": Sign(WagoIo(ModbusLink(lines, urls["io"]), inputs=4, outputs=2).read),
    }
    pulses: dict[str, Pulse] = {}
    async with asyncio.TaskGroup() as group:
        keeping = [group.create_task(record(lines, urls["results"], spool, clock))]
        for name, sign in signs.items():
            pulses[name] = _pulse(name, sign)
            keeping.append(group.create_task(_keep(pulses[name])))
        try:
            yield House(wires, lines, urls, pulses)
        finally:
            for task in keeping:
                task.cancel()
    spool.close()
    await wires.close()


def _pulse(name: str, sign: Sign) -> Pulse:
    async def lost(trouble: Any) -> None:
        pulse.details.append(trouble.detail)
        pulse.lost_s.append(asyncio.get_running_loop().time())
        pulse.alive.clear()
        pulse.dead.set()

    pulse = Pulse(Feeler(name, sign, lost))
    return pulse


async def _keep(pulse: Pulse) -> None:
    """Feel as `controller.cell.Cell` does."""
    while True:
        await pulse.feeler.feel()
        if pulse.feeler.silent is None:
            pulse.dead.clear()
            pulse.alive.set()
