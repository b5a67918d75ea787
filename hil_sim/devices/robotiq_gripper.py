"""The simulated Robotiq 2F gripper: activation, motion, contact, and what becomes of the block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping

from drivers.codecs import robotiq as codec
from drivers.codecs.robotiq import Activation, Contact, Report
from drivers.interfaces import Place
from drivers.lines import Listener, Port
from hil_sim.devices.guarded_bank import GuardedBank
from hil_sim.faults import Fault, Switch
from hil_sim.modbus_server import ModbusServer
from hil_sim.world import GRIPPER, World, WorldBlock
from runtime import Clock

OPEN_STOP, CLOSED_STOP = 3, 230
"""Counts at which the fingers meet their stops [MEM]: 0 and 255 are never reached."""

_ACT, _GTO = 0x01, 0x08
_SLOWEST_MM_S, _FASTEST_MM_S = 20.0, 150.0
_HOLDING_MA = 100


class SimRobotiqGripper:
    """A 2F gripper at ``at()``, the place under the arm, None between places.

    A block wider than ``stroke_mm`` is not gripped. Opening between places drops what is
    held: an accident, and the block is gone. Without power the fingers stay as they
    are (``self_locking``, [MEM]) or let go; either way activation opens them, so a
    gripper that came back from a power loss drops its block when it is activated.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        at: Callable[[], Place | None],
        *,
        stroke_mm: float = 85.0,
        activate_s: float = 1.5,
        self_locking: bool = True,
        unit: int = codec.UNIT,
    ) -> None:
        self.port: Port | None = None
        self.fault = 0
        self._world = world
        self._clock = clock
        self._at = at
        self._stroke_mm = stroke_mm
        self._activate_s = activate_s
        self._self_locking = self_locking
        self._position = float(OPEN_STOP)
        self._slipping = False
        self._stuck: Contact | None = None
        self._asked_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._bank = GuardedBank((codec.STATUS,), (codec.COMMAND,), self._show, self._written)
        self.server = ModbusServer(self._bank, unit, "rtu")
        self._reset()

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        return self.port

    # -- faults of the world -------------------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.SLIP: self.slip,
            Fault.STUCK_SENSOR: self.stick,
            Fault.POWER_LOSS: self.power_loss,
        }

    def slip(self) -> None:
        """Lose the block that is held; with none, let the next closing miss."""
        if self._held() is None:
            self._slipping = True
            return
        self._drop("slipped out of the gripper")
        self._position, self._contact = CLOSED_STOP, Contact.AT_REQUEST

    def stick(self, contact: Contact | None) -> None:
        """Let the contact detection show this; None lets it see again."""
        self._stuck = contact

    def power_loss(self) -> None:
        """Lose power and come back, not activated."""
        if self.port is not None:
            self.port.hang_up()
        self._bank.put(codec.COMMAND, {})
        self._reset()
        if not self._self_locking:
            self._let_go()

    # -- commands --------------------------------------------------------------------------

    def _reset(self) -> None:
        self._stop()
        self.fault = 0
        self._activation = Activation.RESET
        self._activated = self._going = False
        self._contact = Contact.MOVING
        self._target = 0

    def _written(self) -> None:
        order = self._bank.get(codec.COMMAND)
        action, target = order["action"] >> 8, order["position"] & 0xFF
        if not action & _ACT:
            self._reset()
            self.fault = 0x07 if action & _GTO else 0
        elif not self._activated:
            self._activated, self._activation = True, Activation.RUNNING
            self._start(self._activate(), "activation")
        elif self._activation is Activation.RUNNING:
            self.fault = 0x05 if action & _GTO else 0
        elif action & _GTO:
            self._go(target, order["speed_force"] >> 8)
        else:
            self._stop()
            self._going = False

    def _go(self, target: int, speed: int) -> None:
        if self._going and target == self._target:
            return
        self._going, self._target, self._contact = True, target, Contact.MOVING
        mm_s = _SLOWEST_MM_S + (_FASTEST_MM_S - _SLOWEST_MM_S) * speed / 255
        self._start(self._move(target, mm_s), "motion")

    def _start(self, job: Coroutine[None, None, None], name: str) -> None:
        self._stop()
        self._task = asyncio.get_running_loop().create_task(job, name=f"gripper: {name}")

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # -- what the fingers do ---------------------------------------------------------------

    async def _activate(self) -> None:
        await self._clock.sleep(self._activate_s / 2)
        self._let_go()
        await self._clock.sleep(self._activate_s / 2)
        self._position = OPEN_STOP
        self._activation, self.fault = Activation.ACTIVE, 0

    async def _move(self, target: int, mm_s: float) -> None:
        goal = float(min(max(target, OPEN_STOP), CLOSED_STOP))
        if goal < self._position:
            self._let_go()
        elif self._held() is not None:
            self._contact = Contact.CLOSING
            return
        touch = self._touch(goal)
        await self._travel(goal if touch is None else touch, mm_s)
        place = self._at()
        if touch is not None and place is not None and self._world.grip(place):
            self._contact = Contact.CLOSING
            return
        await self._travel(goal, mm_s)
        self._contact = Contact.AT_REQUEST

    def _touch(self, goal: float) -> float | None:
        """Return where closing fingers meet the block, None if they do not."""
        place = self._at()
        block = self._world.occupant(place) if place is not None else None
        slipping = self._slipping and goal > self._position
        if goal > self._position:
            self._slipping = False
        if block is None or slipping or block.width_mm > self._stroke_mm:
            return None
        span = CLOSED_STOP - OPEN_STOP
        touch = CLOSED_STOP - span * block.width_mm / self._stroke_mm
        return touch if self._position <= touch <= goal else None

    async def _travel(self, goal: float, mm_s: float) -> None:
        mm = abs(goal - self._position) / (CLOSED_STOP - OPEN_STOP) * self._stroke_mm
        await self._clock.sleep(mm / mm_s)
        self._position = goal

    def _let_go(self) -> None:
        place = self._at()
        if self._held() is None:
            return
        if place is None:
            self._drop("dropped between places")
        else:
            self._world.let_go(place)

    def _drop(self, how: str) -> None:
        block = self._held()
        if block is not None:
            self._world.accident(f"{block.name} {how}")
            self._world.carry_away(block.name)

    def _held(self) -> WorldBlock | None:
        return self._world.occupant(GRIPPER)

    # -- the registers -----------------------------------------------------------------------

    def _show(self) -> None:
        contact = self._contact if self._stuck is None or not self._going else self._stuck
        moving = self._going and self._contact is Contact.MOVING
        shown = Report(
            activated=self._activated,
            going=self._going,
            activation=self._activation,
            contact=contact,
            fault=self.fault or self._silence(),
            requested=self._target,
            position=round(self._position),
            current_ma=_HOLDING_MA if moving else 0,
        )
        self._bank.put(codec.STATUS, codec.STATUS.decode(codec.encode(shown)))

    def _silence(self) -> int:
        """Return fault 09 in the first answer after a second without a request."""
        now = self._clock.link()
        last, self._asked_at = self._asked_at, now
        return 0x09 if last is not None and now - last >= 1.0 else 0
