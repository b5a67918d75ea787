"""One simulated cell: every device on its in-memory line, around one world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from drivers.codecs.hygrometer import HygrometerMap
from drivers.codecs.pilz import PRODUCT
from drivers.interfaces import Place
from drivers.lines import Listener
from drivers.timing import ArmTimes, CycleTimes, PushMotion
from hil_sim.attended_safety import AttendedPilzSafety
from hil_sim.devices.camera import SimulatedCamera
from hil_sim.devices.dataman_reader import SimDataMan
from hil_sim.devices.grbl_stage import SimulatedGrblStage
from hil_sim.devices.hygrometer import SimHygrometer
from hil_sim.devices.mux10_gauge import SimMux10Gauge
from hil_sim.devices.station_plc import SimStationPlc
from hil_sim.devices.ur_arm import SimUrArm
from hil_sim.devices.versitron import SimulatedVersitron
from hil_sim.physics import TesterTruth
from hil_sim.world import World
from runtime import Clock, stream

XYZ = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Wiring:
    """Where each device listens; "" for those that this cell does not have, or a person is."""

    station: str
    arm: str = ""
    dashboard: str = ""
    results: str = ""
    camera: str = ""
    stage: str = ""
    gauge: str = ""
    reader: str = ""
    climate: str = ""
    safety: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """How the simulated cell is made: speeds in s, geometry in mm.

    With ``push`` the arm moves the block on the anvil, and there is no frame.
    ``hygrometer`` is a register map, ``reset_after_s`` the promptness of the person who
    resets the safety chain, ``results_wired`` whether the tester tells the station its results.
    """

    arm: ArmTimes
    cycle: CycleTimes
    poses: Mapping[Place, XYZ]
    tester: TesterTruth
    stage_centre: tuple[float, float]
    px_per_mm: float
    measure_s: float
    photograph_s: float
    temperature_c: float = 23.0
    humidity_pct: float = 45.0
    push: PushMotion | None = None
    hygrometer: HygrometerMap = field(default_factory=HygrometerMap)
    hygrometer_unit: int = 1
    safety_product: int = PRODUCT
    reset_after_s: float = 5.0
    results_wired: bool = True


class SimulatedCell:
    """All devices of a Rockwell cell. The attributes are where faults are put."""

    def __init__(self, world: World, clock: Clock, seed: int, build: Build) -> None:
        self.world = world
        self.results = SimulatedVersitron()
        self.station = SimStationPlc(
            world,
            clock,
            build.cycle,
            build.tester,
            stream(seed, "tester"),
            self.results.publish,
            measure_s=build.measure_s,
        )
        self.station.temperature_c = build.temperature_c
        self.station.humidity_pct = build.humidity_pct
        self.station.results_wired = build.results_wired
        self.arm = SimUrArm(world, clock, build.arm, build.poses, push=build.push)
        self.stage = SimulatedGrblStage(world, clock, build.stage_centre)
        self.camera = SimulatedCamera(
            world, clock, seed, px_per_mm=build.px_per_mm, exposure_s=build.photograph_s
        )
        self.gauge = SimMux10Gauge(world, clock, stream(seed, "gauge"))
        self.reader = SimDataMan(world, clock)
        self.climate = SimHygrometer(build.hygrometer, unit=build.hygrometer_unit)
        self.climate.temperature_c = Decimal(str(build.temperature_c))
        self.climate.humidity_pct = Decimal(str(build.humidity_pct))
        self.safety = AttendedPilzSafety(clock, build.reset_after_s, product=build.safety_product)

    def listen(self, bench: Listener, wiring: Wiring) -> None:
        """Put every device that the wiring knows on its line; the others are not there."""
        self.station.listen(bench, wiring.station)
        if wiring.arm:
            self.arm.listen(bench, wiring.arm, wiring.dashboard)
        for url, device in (
            (wiring.results, self.results),
            (wiring.camera, self.camera),
            (wiring.stage, self.stage),
            (wiring.gauge, self.gauge),
            (wiring.reader, self.reader),
            (wiring.climate, self.climate),
            (wiring.safety, self.safety),
        ):
            if url:
                device.listen(bench, url)
