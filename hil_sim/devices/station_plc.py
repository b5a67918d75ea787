"""The simulated station PLC: mailbox, interlocks, sensors, sizing stage, force machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from functools import lru_cache
from random import Random

from drivers.codecs import station as codec
from drivers.codecs.station import Command, Input, Refusal, StationFault
from drivers.interfaces import SIZING, TESTER, VISION, Activity, Place, Station
from drivers.lines import Listener, Port
from drivers.timing import CycleTimes
from hil_sim.faults import Fault, Switch
from hil_sim.force_cycle import ForceMachine, Mishap, Publish, Recipe
from hil_sim.mailbox import FarEnd
from hil_sim.modbus_server import ModbusServer, RegisterBank
from hil_sim.physics import TesterTruth
from hil_sim.world import GRIPPER, World
from runtime import Clock

_SCALES = {code: symbol for symbol, code in codec.SCALE_CODES.items()}
_MAX_DWELL_MS = 60_000
_MAX_CODE = 32
_GAUGE_SIGMA_UM = 1.0


class SimStationPlc:
    """Behaves as ``deploy/plc/station.st`` does, with the machine and the world behind it.

    What the PLC retains lies in the world under ``plc.``; making this object is
    switching the PLC on. Listen on a bench with `listen`, or give ``server`` to
    any asyncio server. ``results_wired``: the tester tells it when it shows a result.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        cycle_times: CycleTimes,
        tester: TesterTruth,
        rng: Random,
        publish: Publish,
        *,
        measure_s: float = 1.0,
        prefix: str = "plc.",
    ) -> None:
        self.port: Port | None = None
        self.door_closed = True
        self.safety_closed = True
        self.temperature_c = 23.0
        self.humidity_pct = 45.0
        self.results_wired = True
        self.stuck: dict[Place, bool] = {}
        self.machine = ForceMachine(world, clock, cycle_times, tester, rng, publish, prefix)
        self._world = world
        self._clock = clock
        self._rng = rng
        self._measure_s = measure_s
        self._box = FarEnd(world, prefix)
        self._job: asyncio.Task[None] | None = None
        self._sizing: asyncio.Task[None] | None = None
        self._beats = 0
        self._beaten_at: float | None = None
        self._standing = (-1, 0)
        self._measuring_for = 0
        self._come_up()
        tables = (
            codec.COMMAND,
            codec.MEASURE,
            codec.HEARTBEAT,
            codec.STATUS,
            codec.MEASUREMENT,
        )
        self._bank = RegisterBank(tables, self._show, self._scan)
        self.server = ModbusServer(self._bank)

    def listen(self, bench: Listener, url: str) -> Port:
        """Listen on a bench; return the port, where wire faults are put."""
        self.port = bench.listen(url, self.server)
        return self.port

    # -- faults of the world ----------------------------------------------------

    @property
    def switches(self) -> Mapping[Fault, Switch]:
        """The faults this device knows besides those of its wire."""
        return {
            Fault.WRONG_VALUE: self.wrong_value,
            Fault.STUCK_SENSOR: self.stick,
            Fault.SLIP: self.slip,
            Fault.BAD_CYCLE: self.bad_cycle,
            Fault.POWER_LOSS: self.power_loss,
            Fault.E_STOP: self.press_e_stop,
        }

    def wrong_value(self, by: Decimal | str = "5") -> None:
        """Let the next record show a hardness that is off by so many HR."""
        self.machine.next.value = Decimal(by)

    def stick(self, place: Place, occupied: bool) -> None:
        """Let a presence sensor show this, whatever stands there; `unstick` ends it."""
        self.stuck[place] = occupied

    def unstick(self, place: Place) -> None:
        """Let a presence sensor see again."""
        self.stuck.pop(place, None)

    def slip(self, dx: float = 0.5, dy: float = 0.0, seen: bool = True) -> None:
        """Let the block slip by so many mm at the next contact."""
        self.machine.next.slip, self.machine.next.slip_seen = (dx, dy), seen

    def bad_cycle(self, dwell_ms: int = -1000, force_n: float = 0.0) -> None:
        """Let the next cycle hold the total force too short, or with a wrong force."""
        self.machine.next.dwell_ms, self.machine.next.force_n = dwell_ms, force_n

    def press_e_stop(self) -> None:
        """Open the safety chain; latched until released and reset."""
        self.safety_closed = False
        self._trip(StationFault.SAFETY_OPENED)

    def release_e_stop(self) -> None:
        """Close the safety chain; the fault stays latched."""
        self.safety_closed = True

    def open_door(self) -> None:
        """Open the door; a running job is broken off."""
        self.door_closed = False
        if self._activity is Activity.RUNNING:
            self._trip(StationFault.DOOR_OPENED)

    def close_door(self) -> None:
        """Close the door."""
        self.door_closed = True

    def power_loss(self) -> None:
        """Lose power and come back: connections drop, the boot id changes, a cycle breaks off."""
        if self.port is not None:
            self.port.hang_up()
        self._stop()
        self.machine.next, self.machine.slipped = Mishap(), False
        self._bank.put(codec.COMMAND, {})
        if self._sizing is not None:
            self._sizing.cancel()
        self._measuring_for = 0
        self._bank.put(codec.MEASURE, {})
        self._bank.put(codec.HEARTBEAT, {})
        self._beats, self._beaten_at = 0, None
        self._bank.put(codec.MEASUREMENT, {})
        self._box.start()
        self._come_up()

    def _come_up(self) -> None:
        if self.machine.interrupted:
            self._activity, self._fault = Activity.FAULT, StationFault.POWER_LOST
        else:
            self._activity, self._fault = Activity.IDLE, StationFault.NONE

    # -- the scan -----------------------------------------------------------------

    def _scan(self) -> None:
        """Look at the mailbox after every write, as a PLC does in every scan."""
        order = self._bank.get(codec.COMMAND)
        epoch, sequence, command = order["epoch"], order["sequence"], order["command"]
        if command == Command.CLAIM:
            self._box.claim(epoch, sequence)
        else:
            self._box.consider(epoch, sequence, lambda: self._act(command, order))
        self._begin_measuring(self._bank.word(codec.MEASURE.start))
        self._hear(self._bank.word(codec.HEARTBEAT.start))

    def _hear(self, beats: int) -> None:
        if beats != self._beats:
            self._beats, self._beaten_at = beats, self._clock.link()

    @property
    def enabled(self) -> bool:
        """Whether somebody who lives may start a cycle; watched from the first beat on."""
        if self._beaten_at is None:
            return True
        return self._clock.link() - self._beaten_at <= codec.HEARTBEAT_S

    def _begin_measuring(self, tag: int) -> None:
        if tag != self._measuring_for:
            self._measuring_for = tag
            job = self._measure(tag)
            self._sizing = asyncio.get_running_loop().create_task(job, name="station PLC: sizing")

    def _act(self, command: int, order: Mapping[str, int]) -> Refusal:
        if self._activity is Activity.RUNNING:
            return Refusal.BUSY
        match command:
            case Command.RESET:
                return self._reset()
            case Command.INDENT:
                return self._begin_cycle(order)
        return Refusal.BAD_ARGUMENT

    def _reset(self) -> Refusal:
        if not self.safety_closed:
            return Refusal.INTERLOCK
        self._activity, self._fault = Activity.IDLE, StationFault.NONE
        self.machine.slipped = False
        return Refusal.NONE

    @property
    def motion_allowed(self) -> bool:
        """Whether door and safety chain are closed."""
        return self.door_closed and self.safety_closed

    def _begin_cycle(self, order: Mapping[str, int]) -> Refusal:
        if self._activity is Activity.FAULT:
            return Refusal.FAULT
        if not (self.motion_allowed and self.enabled and self._sees(TESTER)):
            return Refusal.INTERLOCK
        dwells = [order[f"{name}_dwell_ms"] for name in ("preliminary", "total", "recovery")]
        scale = _SCALES.get(order["scale"])
        if scale is None or max(dwells) > _MAX_DWELL_MS:
            return Refusal.BAD_ARGUMENT
        recipe = Recipe(scale, order["tag"], *dwells)
        self.machine.begin(recipe)
        self._start(self._indent(recipe), "force cycle")
        return Refusal.NONE

    # -- jobs -----------------------------------------------------------------------

    def _start(self, job: Coroutine[None, None, None], name: str) -> None:
        self._activity = Activity.RUNNING
        self._job = asyncio.get_running_loop().create_task(job, name=f"station PLC: {name}")

    async def _indent(self, recipe: Recipe) -> None:
        if await self.machine.run(recipe):
            self._activity = Activity.DONE
        else:
            self._activity, self._fault = Activity.FAULT, StationFault.NO_CONTACT

    async def _measure(self, tag: int) -> None:
        await self._clock.sleep(self._measure_s)
        block = self._world.occupant(SIZING)
        values: dict[str, int | str] = {"tag": tag}
        if block is not None:
            code = (block.code or "")[:_MAX_CODE]
            values |= {
                "thickness_um": self._gauge(block.thickness_mm),
                "width_um": self._gauge(block.width_mm),
                "depth_um": self._gauge(block.depth_mm),
                "code": code,
                "code_length": len(code),
            }
        if self._sees(SIZING) and tag == self._measuring_for:
            self._bank.put(codec.MEASUREMENT, values)

    def _gauge(self, mm: float) -> int:
        return max(0, round(mm * 1000 + self._rng.gauss(0, _GAUGE_SIGMA_UM)))

    def _trip(self, fault: StationFault) -> None:
        self._stop()
        self.machine.abandon()
        self._activity, self._fault = Activity.FAULT, fault

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # -- the status -------------------------------------------------------------------

    def _sees(self, place: Place) -> bool:
        stands = str(place) in self._world.where.values()
        return self.stuck.get(place, stands) if self.stuck else stands

    def _show(self) -> None:
        box, stuck = self._box, tuple(self.stuck.items())
        inputs = self._inputs()
        status = (
            *(self._world.changes, box.refused, box.refusal, self._activity, self._fault),
            *(inputs, stuck, self.temperature_c, self.humidity_pct, self.results_wired),
        )
        if self._bank.stale(codec.STATUS, status):
            self._show_status(inputs)

    def _show_status(self, inputs: int) -> None:
        seen = _bits(tuple(self._world.where.values()), tuple(self.stuck.items()))
        slots = seen[Station.SLOT]
        self._bank.put(
            codec.STATUS,
            {
                **self._box.registers(),
                **self._cycle(),
                "activity": self._activity,
                "fault": self._fault,
                "inputs": inputs,
                "slots_1_16": slots & 0xFFFF,
                "slots_17_32": slots >> 16 & 0xFFFF,
                "slots_33_48": slots >> 32 & 0xFFFF,
                "rejects": seen[Station.REJECT] & 0xFFFF,
                "holders": seen[Station.HOLDER] & 0xFFFF,
                "temperature_cdeg": round(self.temperature_c * 100),
                "humidity_cpct": round(self.humidity_pct * 100),
                "identity": codec.IDENTITY,
                "map_version": codec.MAP_VERSION,
            },
        )

    def _cycle(self) -> dict[str, int]:
        wired = {} if self.results_wired else {"results": codec.NO_RESULTS}
        return {**self.machine.evidence(), **wired}

    def _occupied(self) -> int:
        """Return the bits of the single places; as they were while nothing moved in the world."""
        moved, bits = self._standing
        if moved != self._world.changes or self.stuck:
            bits = (
                self._sees(SIZING) << Input.SIZING_OCCUPIED
                | self._sees(VISION) << Input.VISION_OCCUPIED
                | self._sees(TESTER) << Input.TESTER_OCCUPIED
            )
            self._standing = (-1 if self.stuck else self._world.changes, bits)
        return bits

    def _inputs(self) -> int:
        return (
            self.door_closed << Input.DOOR_CLOSED
            | self.safety_closed << Input.SAFETY_CLOSED
            | self._occupied()
            | self.machine.slipped << Input.SLIPPED
            | self.enabled << Input.ENABLED
        )


@lru_cache(maxsize=64)  # every status read asks where everything is, and little moves
def _bits(where: tuple[str, ...], stuck: tuple[tuple[Place, bool], ...]) -> Counter[Station]:
    """Return for each station which of its places seem occupied, one bit a place."""
    bits: Counter[Station] = Counter()
    for at in where:
        if at != GRIPPER:
            place = Place.parse(at)
            bits[place.station] |= 1 << (place.index - 1)
    for place, on in stuck:
        bit = 1 << (place.index - 1)
        bits[place.station] = bits[place.station] | bit if on else bits[place.station] & ~bit
    return bits
