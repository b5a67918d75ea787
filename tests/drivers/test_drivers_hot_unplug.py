"""The plug is pulled after each single byte of a dialogue: nothing raises, nothing lies."""

from typing import Any

import pytest

from drivers.camera_worker import WorkerCamera
from drivers.dashboard import Dashboard
from drivers.dataman_reader import DataManReader
from drivers.dialogue import Patience
from drivers.grbl_stage import GrblStage
from drivers.hygrometer import Hygrometer
from drivers.interfaces import SIZING, Done, NotDone, Place, Station, Unknown
from drivers.lines import Bench, Port
from drivers.modbus import ModbusLink
from drivers.modbus_input import InputRegisterLink
from drivers.mux10_gauge import Mux10Gauge
from drivers.pilz_safety import PilzSafety
from drivers.robotiq_gripper import RobotiqGripper
from drivers.timing import StageMotion
from drivers.wago_io import WagoIo
from hil_sim.devices.camera import SimulatedCamera
from hil_sim.devices.dataman_reader import SimDataMan
from hil_sim.devices.grbl_stage import SimulatedGrblStage
from hil_sim.devices.hygrometer import SimHygrometer
from hil_sim.devices.mux10_gauge import SimMux10Gauge
from hil_sim.devices.pilz_safety import SimPilzSafety
from hil_sim.devices.robotiq_gripper import SimRobotiqGripper
from hil_sim.devices.wago_io import SimWagoIo
from hil_sim.world import World
from runtime import run_virtual, stream
from tests.rig_modbus import ARM_URL, SLOT, ArmRig, StationRig, block, clock, got, order

URL = "memory://device"
QUICK = Patience(reply_s=1.0, late_s=1.0)


class Cut:
    """Lets so many bytes pass, in both directions together, and then pulls the plug."""

    def __init__(self, port: Port, after: int | None) -> None:
        self.port, self.left, self.passed = port, after, 0
        port.to_device = port.to_client = self

    def __call__(self, data: bytes, forward: Any) -> None:
        if self.left is None:
            self.passed += len(data)
            forward(data)
            return
        head, self.left = data[: self.left], max(0, self.left - len(data))
        if head:
            forward(head)
        if len(head) < len(data) or self.left == 0:
            self.port.unplug()

    def mend(self) -> None:
        self.left, self.port.plugged = None, True


def world() -> World:
    made = World()
    made.add(block(), SIZING)
    return made


def _on_bench(make: Any) -> Any:
    def build() -> tuple[Any, Port]:
        bench, time = Bench(), clock()
        return make(bench, time), bench.ports["device"]

    return build


def _camera(bench: Any, time: Any) -> Any:
    sim = SimulatedCamera(World(), time, 1, px_per_mm=0.2)
    bench.listen(URL, sim.protocol)
    return WorkerCamera(bench, URL, time, capture_s=3).capture


def _stage(bench: Any, time: Any) -> Any:
    sim = SimulatedGrblStage(World(), time, (-50.0, -50.0))
    bench.listen(URL, sim.protocol)
    return GrblStage(bench, URL, time, StageMotion(), (-50.0, -50.0)).read


def _gauge(bench: Any, time: Any) -> Any:
    SimMux10Gauge(world(), time, stream(1, "gauge")).listen(bench, URL)
    return Mux10Gauge(bench, URL, time, patience=QUICK).dimensions


def _reader(bench: Any, time: Any) -> Any:
    SimDataMan(world(), time).listen(bench, URL)
    return DataManReader(bench, URL, time, patience=QUICK).read_code


def _climate(bench: Any, time: Any) -> Any:
    SimHygrometer().listen(bench, URL)
    return Hygrometer(InputRegisterLink(bench, URL, framing="rtu")).climate


def _safety(bench: Any, time: Any) -> Any:
    SimPilzSafety(time).listen(bench, URL)
    return PilzSafety(InputRegisterLink(bench, URL)).arm


def _gripper(bench: Any, time: Any) -> Any:
    slot = Place(Station.SLOT, 1)
    SimRobotiqGripper(World(), time, lambda: slot).listen(bench, URL)
    link = InputRegisterLink(bench, URL, unit=9, framing="rtu", reply_s=0.3, quiet_s=0.3)
    return RobotiqGripper(link, time).activate


def _io(bench: Any, time: Any) -> Any:
    SimWagoIo(time, inputs=4, outputs=2).listen(bench, URL)
    return WagoIo(ModbusLink(bench, URL), inputs=4, outputs=2).read


def _dashboard() -> tuple[Any, Port]:
    rig = ArmRig()
    return Dashboard(rig.bench, "memory://dashboard", rig.clock).read, rig.sim.dashboard_port


DIALOGUES = {
    "camera": _on_bench(_camera),
    "stage": _on_bench(_stage),
    "gauge": _on_bench(_gauge),
    "reader": _on_bench(_reader),
    "climate": _on_bench(_climate),
    "safety": _on_bench(_safety),
    "gripper": _on_bench(_gripper),
    "io": _on_bench(_io),
    "dashboard": _dashboard,
}


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_plug_pulled_after_any_byte_is_a_value_and_the_driver_comes_back(name: str) -> None:
    async def whole() -> int:
        ask, port = DIALOGUES[name]()
        cut = Cut(port, None)
        got(await ask())
        return cut.passed

    async def pulled(after: int) -> None:
        ask, port = DIALOGUES[name]()
        cut = Cut(port, after)
        outcome = await ask()
        assert isinstance(outcome, NotDone | Unknown), (after, outcome)
        assert outcome.detail, after
        cut.mend()
        again = [await ask(), await ask()]
        assert any(isinstance(each, Done) for each in again), (after, again)

    total = run_virtual(whole())
    assert total > 10
    step = max(1, total // 150)
    for after in range(0, total, step):
        run_virtual(pulled(after))


def test_a_station_unplugged_after_any_byte_never_lies_about_an_indentation() -> None:
    async def pulled(after: int | None) -> int:
        rig = StationRig()
        await rig.claimed()
        status = got(await rig.plc.read())
        cut = Cut(rig.sim.port, after)
        outcome = await rig.plc.indent(order(), status)
        cut.mend()
        await rig.clock.sleep(60)
        count = got(await rig.plc.read()).cycle.count
        assert count == len(rig.marks)
        if isinstance(outcome, Done):
            assert count == 1
        if isinstance(outcome, NotDone):
            assert count == 0, "it said that nothing happened"
        return cut.passed

    total = run_virtual(pulled(None))
    for after in range(0, total, max(1, total // 150)):
        run_virtual(pulled(after))


def test_an_arm_unplugged_after_any_byte_never_lies_about_a_pick() -> None:
    async def pulled(after: int | None) -> int:
        rig = ArmRig()
        status = got(await rig.arm.carry(SLOT, got(await rig.arm.claim(1))))
        cut = Cut(rig.bench.ports[ARM_URL.removeprefix("memory://")], after)
        outcome = await rig.arm.pick(SLOT, status)
        cut.mend()
        await rig.clock.sleep(60)
        holding = got(await rig.arm.read()).holding
        if isinstance(outcome, Done):
            assert holding
        if isinstance(outcome, NotDone):
            assert not holding, "it said that nothing happened"
        return cut.passed

    total = run_virtual(pulled(None))
    for after in range(0, total, max(1, total // 150)):
        run_virtual(pulled(after))
