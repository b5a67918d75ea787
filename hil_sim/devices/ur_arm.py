"""The simulated UR arm: job mailbox, controller registers, gripper, Dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from drivers.codecs import arm as codec
from drivers.codecs.arm import ArmFault, Job
from drivers.codecs.station import Refusal
from drivers.interfaces import TESTER, Activity, Place, Station
from drivers.lines import Listener, Port
from drivers.timing import ArmTimes, PushMotion
from hil_sim.devices.arm_push import Collar
from hil_sim.devices.ur_dashboard import DashboardServer, UrController
from hil_sim.faults import Fault, Switch
from hil_sim.mailbox import FarEnd
from hil_sim.modbus_server import ModbusServer, RegisterBank
from hil_sim.world import GRIPPER, World
from runtime import Clock

XY = tuple[float, float]
XYZ = tuple[float, float, float]

HOME: XYZ = (0.0, -300.0, 500.0)

_HEARTBEAT = next(field.address for field in codec.STATUS.fields if field.name == "heartbeat")


class SimUrArm:
    """Behaves as a UR controller that runs ``deploy/ur/cell.script``.

    ``poses`` are the taught TCP positions in mm. With ``autostart`` the controller
    comes back running its program after a power loss, as its default program does;
    without, somebody has to use the Dashboard. Until a RETREAT after power-up the
    pose is unknown and every other job is refused. A pick or a release takes effect
    half-way through its time. With ``push`` it has a collar and pushes blocks over the
    anvil; without, a frame does, and PUSH is refused.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        arm_times: ArmTimes,
        poses: Mapping[Place, XYZ],
        *,
        autostart: bool = True,
        at_home: bool = True,
        prefix: str = "arm.",
        push: PushMotion | None = None,
    ) -> None:
        self.collar = Collar(world, clock, push) if push is not None else None
        self.port: Port | None = None
        self.dashboard_port: Port | None = None
        self.pose = HOME
        self.controller = UrController(clock, played=self._played, stopped=self._broken_off)
        self._world = world
        self._clock = clock
        self._times = arm_times
        self._poses = poses
        self._autostart = autostart
        self._box = FarEnd(world, prefix)
        self._at: Place | None = None
        self._lost = not at_home or self._box.boot > 1
        self._activity = Activity.IDLE
        self._fault = ArmFault.NONE
        self._task: asyncio.Task[None] | None = None
        self._slipping = False
        self._stuck_gripper: bool | None = None
        self._heartbeat_from = 0.0
        self._controller_shown: tuple[str, str, XYZ] | None = None
        tables = (codec.COMMAND, codec.STATUS, codec.ROBOT_MODE, codec.SAFETY, codec.POSE)
        self._bank = RegisterBank(tables, self._show, self._scan)
        self.server = ModbusServer(self._bank)
        self.dashboard = DashboardServer(self.controller)

    def listen(self, bench: Listener, url: str, dashboard_url: str | None = None) -> Port:
        """Listen on a bench; return the Modbus port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        if dashboard_url is not None:
            self.dashboard_port = bench.listen(dashboard_url, self.dashboard)
        return self.port

    # -- faults of the world ------------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.SLIP: self.slip,
            Fault.STUCK_SENSOR: self.stick,
            Fault.POWER_LOSS: self.power_loss,
            Fault.E_STOP: self.press_e_stop,
        }

    def slip(self) -> None:
        """Let the next pick or push meet the air beside the block."""
        self._slipping = True

    def stick(self, holding: bool | None) -> None:
        """Let the gripper sensor show this; None lets it see again."""
        self._stuck_gripper = holding

    def protective_stop(self) -> None:
        """Stop as after a collision: the program ends half-way."""
        self.controller.safety = "PROTECTIVE_STOP"
        self.controller.halt()

    def press_e_stop(self) -> None:
        """Press the arm's emergency stop."""
        self.controller.safety = "ROBOT_EMERGENCY_STOP"
        self.controller.halt("POWER_OFF")

    def release_e_stop(self) -> None:
        """Release it; power, brakes and program are the Dashboard's to bring back."""
        self.controller.safety = "NORMAL"

    def power_loss(self) -> None:
        """Lose power and come back: new boot id, unknown pose, the part still gripped."""
        for port in (self.port, self.dashboard_port):
            if port is not None:
                port.hang_up()
        self._cancel()
        self._at, self._lost = None, True
        self._activity, self._fault = Activity.IDLE, ArmFault.NONE
        self._bank.put(codec.COMMAND, {})
        self._box.start()
        self.controller.playing = self._autostart
        self.controller.mode = "RUNNING" if self._autostart else "POWER_OFF"
        self.controller.safety = "NORMAL"

    # -- the script -----------------------------------------------------------------

    def _played(self) -> None:
        """Begin as the script does: what lies in the mailbox was meant for another run."""
        order = self._bank.get(codec.COMMAND)
        self._box.burn(order["epoch"], order["sequence"])

    def _broken_off(self) -> None:
        """End as the script does when the program is stopped under it."""
        if self._activity is Activity.RUNNING:
            self._cancel()
            self._activity, self._fault = Activity.FAULT, ArmFault.PROTECTIVE_STOP
            self._at, self._lost = None, True

    def _scan(self) -> None:
        if not self.controller.playing:
            return
        order = self._bank.get(codec.COMMAND)
        epoch, sequence = order["epoch"], order["sequence"]
        if order["job"] == Job.CLAIM:
            self._box.claim(epoch, sequence)
        else:
            self._box.consider(epoch, sequence, lambda: self._take(order))

    def _take(self, order: Mapping[str, int]) -> Refusal:
        if self._activity is Activity.RUNNING:
            return Refusal.BUSY
        if order["job"] not in (Job.CARRY, Job.PICK, Job.RELEASE, Job.RETREAT, Job.PUSH):
            return Refusal.BAD_ARGUMENT
        job = Job(order["job"])
        if self._lost and job is not Job.RETREAT:
            return Refusal.INTERLOCK
        if job is Job.PUSH and (refusal := self._cannot_push(order)):
            return refusal
        target = self._target(order)
        if target is None and job is not Job.RETREAT:
            return Refusal.BAD_ARGUMENT
        self._activity, self._fault = Activity.RUNNING, ArmFault.NONE
        loop = asyncio.get_running_loop()
        point = order["x"] / 100, order["y"] / 100
        self._task = loop.create_task(self._do(job, target, point), name=f"arm: {job.name.lower()}")
        return Refusal.NONE

    def _cannot_push(self, order: Mapping[str, int]) -> Refusal:
        point = order["x"] / 100, order["y"] / 100
        if self.collar is None or not self.collar.within_reach(point):
            return Refusal.BAD_ARGUMENT
        return Refusal.INTERLOCK if self._holding() else Refusal.NONE

    def _target(self, order: Mapping[str, int]) -> Place | None:
        if order["station"] not in set(Station):
            return None
        place = Place(Station(order["station"]), order["index"])
        return place if place in self._poses else None

    async def _do(self, job: Job, target: Place | None, point: XY) -> None:
        if target is None:
            self._fault = await self._retreat()
        elif job is Job.CARRY:
            self._fault = await self._carry(target)
        else:
            work: dict[Job, Callable[[Place], Awaitable[ArmFault]]] = {
                Job.PICK: self._pick,
                Job.RELEASE: self._release,
                Job.PUSH: lambda _: self._push(point),
            }
            self._fault = (
                await work[job](target) if self._at == target else ArmFault.NOT_OVER_TARGET
            )
        self._activity = Activity.FAULT if self._fault else Activity.DONE

    async def _retreat(self) -> ArmFault:
        self._at = None
        await self._clock.sleep(self._times.retreat_s)
        self.pose, self._lost = HOME, False
        return ArmFault.NONE

    async def _carry(self, target: Place) -> ArmFault:
        if self._at != target:
            start, self._at = self.pose, None
            await self._clock.sleep(self._times.carry_s / 2)
            goal = self._poses[target]
            self.pose = (
                (start[0] + goal[0]) / 2,
                (start[1] + goal[1]) / 2,
                max(start[2], goal[2]) + 50.0,
            )
            await self._clock.sleep(self._times.carry_s / 2)
            self.pose, self._at = goal, target
        return ArmFault.NONE

    async def _pick(self, target: Place) -> ArmFault:
        slipping, self._slipping = self._slipping, False
        await self._clock.sleep(self._times.pick_s / 2)
        if not slipping:
            self._world.grip(target)
        await self._clock.sleep(self._times.pick_s / 2)
        return ArmFault.NONE if self._holding() else ArmFault.NOTHING_GRIPPED

    async def _release(self, target: Place) -> ArmFault:
        await self._clock.sleep(self._times.release_s / 2)
        self._world.let_go(target)
        if target == TESTER and self.collar is not None:
            self.collar.laid_down()
        await self._clock.sleep(self._times.release_s / 2)
        return ArmFault.STILL_HOLDING if self._holding() else ArmFault.NONE

    async def _push(self, point: XY) -> ArmFault:
        assert self.collar is not None
        slipping, self._slipping = self._slipping, False
        self.collar.jammed = slipping
        return await self.collar.push(point)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # -- the registers --------------------------------------------------------------

    def _holding(self) -> bool:
        if self._stuck_gripper is not None:
            return self._stuck_gripper
        return self._world.occupant(GRIPPER) is not None

    def _show(self) -> None:
        probed = self.collar.probed() if self.collar is not None else None
        now = self._clock.process()
        if not self.controller.playing:
            now = self._heartbeat_from
        self._heartbeat_from = now
        box = self._box
        script = (
            *(self._world.changes, box.refused, box.refusal, probed),
            *(self._activity, self._fault, self._at, self._stuck_gripper),
        )
        if self._bank.stale(codec.STATUS, script):
            self._show_script(probed)
        self._bank.count(codec.STATUS, _HEARTBEAT, int(now * 10) % 0x10000)
        controller = (self.controller.mode, self.controller.safety, self.pose)
        if controller != self._controller_shown:
            self._controller_shown = controller
            self._show_controller()

    def _show_script(self, probed: XY | None) -> None:
        x, y = probed or (0.0, 0.0)
        self._bank.put(
            codec.STATUS,
            {
                **self._box.registers(),
                "identity": codec.IDENTITY,
                "map_version": codec.MAP_VERSION,
                "activity": self._activity,
                "fault": self._fault,
                "holding": self._holding(),
                "at_station": self._at.station if self._at else 0,
                "at_index": self._at.index if self._at else 0,
                "probed": probed is not None,
                "probe_x": round(100 * x),
                "probe_y": round(100 * y),
            },
        )

    def _show_controller(self) -> None:
        self._bank.put(codec.ROBOT_MODE, {"robot_mode": self.controller.mode_number})
        powered = int(self.controller.mode != "POWER_OFF")
        safety = {"powered": powered, "safety_mode": self.controller.safety_number}
        self._bank.put(codec.SAFETY, safety)
        tenths = dict(zip("xyz", (round(10 * axis) for axis in self.pose), strict=True))
        self._bank.put(codec.POSE, tenths)
