"""A station PLC and an arm on a bench, as several test modules need them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from drivers.interfaces import SIZING, TESTER, Done, IndentOrder, Outcome, Place, Station
from drivers.lines import Bench
from drivers.mailbox import Pace
from drivers.modbus import ModbusLink
from drivers.station_plc import StationPlc
from drivers.timing import ArmTimes, CycleTimes
from drivers.ur_arm import UrArm
from hil_sim.devices.station_plc import SimStationPlc
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.faults import Faults
from hil_sim.physics import HardnessField, TesterTruth
from hil_sim.world import World, WorldBlock
from runtime import Clock, stream

ORIGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STATION_URL = "memory://station"
ARM_URL = "memory://arm"
DASHBOARD_URL = "memory://dashboard"
SLOT = Place(Station.SLOT, 1)
POSES = {
    SLOT: (300.0, -400.0, 150.0),
    Place(Station.SLOT, 2): (370.0, -400.0, 150.0),
    SIZING: (100.0, -500.0, 180.0),
    TESTER: (-200.0, -450.0, 220.0),
}


def block(name: str = "B1", level: Any = 60.0, code: Any = "B1-CODE") -> Any:
    field_ = HardnessField.random(level, 0.1, stream(1, name))
    return WorldBlock(name, "HRC", field_, code)


def order(tag: Any = 7, scale: Any = "HRC") -> Any:
    return IndentOrder(scale, tag, 1000, 4000, 1000)


def got(outcome: Outcome) -> Any:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def clock() -> Any:
    return Clock(ORIGIN, 0.0)


@dataclass
class StationRig:
    """Make it inside a running loop."""

    at: Place = TESTER
    world_path: Path | None = None
    reply_s: float = 1.0
    seed: int = 1
    world: World = field(init=False)
    records: list[tuple[int, str, Decimal]] = field(default_factory=list)

    def __post_init__(self) -> Any:
        self.world = World() if self.world_path is None else World.open(self.world_path)
        if not self.world.blocks:
            self.world.add(block(), self.at)
        self.clock = clock()
        self.bench = Bench()
        self.switch_on()
        self.link = ModbusLink(self.bench, STATION_URL, reply_s=self.reply_s)
        self.plc = StationPlc(self.link, self.clock, CycleTimes(), pace=Pace())

    def switch_on(self) -> None:
        """Put a fresh simulated PLC over the same world, as after the simulator was killed."""
        self.sim = SimStationPlc(
            self.world,
            self.clock,
            CycleTimes(),
            TesterTruth(),
            stream(self.seed, "tester"),
            lambda number, scale, hardness: self.records.append((number, scale, hardness)),
        )
        self.sim.listen(self.bench, STATION_URL)
        self.faults = Faults(self.sim, stream(self.seed, "faults"))

    async def claimed(self, epoch: int = 1) -> Any:
        return got(await self.plc.claim(epoch))

    async def indent(self, tag: Any = 7) -> Any:
        return await self.plc.indent(order(tag), got(await self.plc.read()))

    @property
    def marks(self) -> Any:
        return list(self.world.indentations())


@dataclass
class ArmRig:
    """Make it inside a running loop."""

    autostart: bool = True
    at: Place = SLOT

    def __post_init__(self) -> Any:
        self.world = World()
        self.world.add(block(), self.at)
        self.clock = clock()
        self.bench = Bench()
        self.sim = SimUrArm(self.world, self.clock, ArmTimes(), POSES, autostart=self.autostart)
        self.sim.listen(self.bench, ARM_URL, DASHBOARD_URL)
        self.faults = Faults(self.sim)
        self.link = ModbusLink(self.bench, ARM_URL)
        self.arm = UrArm(self.link, self.clock, ArmTimes(), POSES)
