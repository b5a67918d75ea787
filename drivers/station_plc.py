"""The station PLC: force cycles, interlocks, presence, sizing and climate over one mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from drivers.codecs import station as codec
from drivers.codecs.station import Command, Input
from drivers.interfaces import (
    SIZING,
    TESTER,
    VISION,
    Activity,
    Climate,
    Cycle,
    CycleEnd,
    Done,
    Failure,
    Fence,
    IndentOrder,
    Inputs,
    NotDone,
    Outcome,
    Place,
    Sized,
    Station,
    TesterStatus,
    Unknown,
)
from drivers.mailbox import Letter, Mailbox, Pace
from drivers.modbus import ModbusLink, Reading
from drivers.nod import Heard
from drivers.timing import CycleTimes
from runtime import Clock


@dataclass(frozen=True, slots=True)
class _Everything:
    """One read of STATUS, decoded."""

    tester: TesterStatus
    inputs: Inputs
    climate: Climate


class StationPlc:
    """Tester, Sensors, SizingStage and ThermoHygrometer in one PLC.

    ``cycle_times`` tell how long to sleep before looking for the end of a cycle;
    ``measure_s`` is the same for the sizing stage (process time). Every read
    checks that the far end is our PLC program with our register map.
    """

    def __init__(
        self,
        link: ModbusLink,
        clock: Clock,
        cycle_times: CycleTimes | None = None,
        *,
        pace: Pace | None = None,
        measure_s: float = 2.0,
    ) -> None:
        self._link = link
        self._times = cycle_times or CycleTimes()
        self._measure_s = measure_s
        self._clock = clock
        self._beats = 0
        link.meet(self._meet)
        self._pace = pace or Pace()
        self._box: Mailbox[_Everything] = Mailbox(
            link, clock, codec.COMMAND, self._look, self._pace
        )

    # -- what can be repeated freely -------------------------------------------

    async def read(self) -> Outcome[TesterStatus]:
        """Read activity and cycle evidence."""
        return _tester(await self._everything())

    async def inputs(self) -> Outcome[Inputs]:
        """Read interlocks and presence sensors."""
        seen = await self._everything()
        return Done(seen.value.inputs) if isinstance(seen, Done) else seen

    async def climate(self) -> Outcome[Climate]:
        """Read temperature and humidity."""
        seen = await self._everything()
        return Done(seen.value.climate) if isinstance(seen, Done) else seen

    async def claim(self, epoch: int) -> Outcome[TesterStatus]:
        """Fence older sessions out; done when the PLC shows this epoch."""
        return _tester(await self._box.claim(epoch, {"command": Command.CLAIM}))

    async def beat(self) -> Outcome[None]:
        """Tell the PLC that the daemon lives: without it the enable drops after 3 s."""
        self._beats = codec.following(self._beats)
        return await self._link.write(
            codec.HEARTBEAT, codec.HEARTBEAT.encode({"heartbeat": self._beats})
        )

    def nod(self, heard: Heard) -> bool:
        """Beat in passing: a `Nod`."""
        beats = codec.following(self._beats)
        registers = codec.HEARTBEAT.encode({"heartbeat": beats})
        asked = self._link.write_in_passing(codec.HEARTBEAT, registers, heard)
        self._beats = beats if asked else self._beats
        return asked

    async def measure(self) -> Outcome[Sized]:
        """Measure the block at the sizing stage; the answer must bear the tag of the request."""
        # Ahead of the last request, not of the last answer: a request that was never
        # answered (nothing stood there) would be repeated unchanged and not be seen.
        last = await self._link.read(codec.MEASURE)
        if not isinstance(last, Done):
            return last
        tag = codec.following(codec.MEASURE.decode(last.value)["tag"])
        asked = await self._link.write(codec.MEASURE, codec.MEASURE.encode({"tag": tag}))
        if isinstance(asked, NotDone):
            return asked
        return await self._measured(tag)

    async def _measured(self, tag: int) -> Outcome[Sized]:
        deadline = self._clock.process() + self._measure_s + self._pace.patience_s
        await self._clock.sleep(self._measure_s)
        while True:
            result = await self._link.read(codec.MEASUREMENT)
            if isinstance(result, Done):
                if codec.MEASUREMENT.decode(result.value)["tag"] == tag:
                    return _sized(result.value)
                result = NotDone(Failure.TIMED_OUT, f"no measurement with tag {tag} came")
            if self._clock.process() >= deadline:
                return result
            await self._clock.sleep(self._pace.poll_s)

    # -- what cannot ------------------------------------------------------------

    async def indent(self, order: IndentOrder, after: TesterStatus) -> Outcome[TesterStatus]:
        """Start one cycle, once, and wait for its end.

        A cycle that ended in a fault is `Done` too: ``cycle.end`` tells how far it came.
        """
        scale = codec.SCALE_CODES.get(order.scale)
        if scale is None:
            return NotDone(Failure.BAD_ARGUMENT, f"the force selector has no {order.scale}")
        values = {
            "command": Command.INDENT,
            "tag": order.tag,
            "scale": scale,
            "preliminary_dwell_ms": order.preliminary_dwell_ms,
            "total_dwell_ms": order.total_dwell_ms,
            "recovery_dwell_ms": order.recovery_dwell_ms,
        }
        outcome = _tester(await self._command(values, after, self._cycle_s(order)))
        match outcome:
            case Done(value=status) if status.cycle.tag != order.tag:
                detail = f"the last cycle has tag {status.cycle.tag}, not {order.tag}"
                return Unknown(Failure.BAD_REPLY, detail)
        return outcome

    async def reset(self, after: TesterStatus) -> Outcome[TesterStatus]:
        """Clear a latched fault."""
        return _tester(await self._command({"command": Command.RESET}, after, 0.0))

    async def _command(
        self, values: Mapping[str, int], after: TesterStatus, expected_s: float
    ) -> Outcome[_Everything]:
        posted = await self._box.post(values, after.fence)
        if not isinstance(posted, Done):
            return posted
        return await self._box.wait(expected_s, posted.value, after.fence.boot)

    def _cycle_s(self, order: IndentOrder) -> float:
        return self._times.cycle_s(
            order.preliminary_dwell_ms / 1000,
            order.total_dwell_ms / 1000,
            order.recovery_dwell_ms / 1000,
        )

    async def _everything(self) -> Outcome[_Everything]:
        seen = await self._box.look()
        return Done(seen.value.status) if isinstance(seen, Done) else seen

    async def _meet(self, read: Reading) -> NotDone | None:
        seen = await read(codec.NAMEPLATE)
        if not isinstance(seen, Done):
            return NotDone(seen.reason, seen.detail)
        return _stranger(codec.NAMEPLATE.decode(seen.value), self._link.url)

    async def _look(self) -> Outcome[Letter[_Everything]]:
        outcome = await self._link.read(codec.STATUS)
        if not isinstance(outcome, Done):
            return outcome
        return _letter(tuple(outcome.value), self._link.url)


@lru_cache(maxsize=64)  # most of the time nothing has changed since the last look
def _letter(registers: tuple[int, ...], url: str) -> Outcome[Letter[_Everything]]:
    raw = codec.STATUS.decode(registers)
    stranger = _stranger(raw, url)
    if stranger is not None:
        return stranger
    try:
        tester = _tester_status(raw)
    except ValueError as error:
        return NotDone(Failure.BAD_REPLY, f"{url}: {error}")
    climate = Climate(_hundredths(raw["temperature_cdeg"]), _hundredths(raw["humidity_cpct"]))
    everything = _Everything(tester, _inputs(raw), climate)
    return Done(Letter(tester.fence, tester.activity, raw["refused"], raw["refusal"], everything))


def _stranger(raw: Mapping[str, int], url: str) -> NotDone | None:
    """Tell that it is not our PLC program with our register map, None if it is."""
    found = (raw["identity"], raw["map_version"])
    if found == (codec.IDENTITY, codec.MAP_VERSION):
        return None
    return NotDone(
        Failure.BAD_REPLY,
        f"{url}: identity {found[0]:#06x}, map {found[1]} instead of {codec.IDENTITY:#06x}, "
        f"map {codec.MAP_VERSION}; is it the station PLC, with the matching program?",
    )


def _tester_status(raw: dict[str, int]) -> TesterStatus:
    """Raise ValueError on an activity or an end that the map does not have."""
    cycle = Cycle(
        count=raw["cycle_count"],
        end=CycleEnd(raw["cycle_end"]),
        tag=raw["cycle_tag"],
        preliminary_dwell_ms=raw["preliminary_dwell_ms"],
        loading_ms=raw["loading_ms"],
        total_dwell_ms=raw["total_dwell_ms"],
        total_force_n=Decimal(raw["total_force_dn"]).scaleb(-1),
        results=None if raw["results"] == codec.NO_RESULTS else raw["results"],
    )
    fence = Fence(raw["boot"], raw["epoch"], raw["accepted"])
    return TesterStatus(fence, Activity(raw["activity"]), raw["fault"], cycle)


def _inputs(raw: dict[str, int]) -> Inputs:
    bits = raw["inputs"]
    slots = raw["slots_1_16"] | raw["slots_17_32"] << 16 | raw["slots_33_48"] << 32
    single = {
        SIZING: Input.SIZING_OCCUPIED,
        VISION: Input.VISION_OCCUPIED,
        TESTER: Input.TESTER_OCCUPIED,
    }
    return Inputs(
        door_closed=bool(bits >> Input.DOOR_CLOSED & 1),
        safety_closed=bool(bits >> Input.SAFETY_CLOSED & 1),
        slipped=bool(bits >> Input.SLIPPED & 1),
        occupied=frozenset(place for place, bit in single.items() if bits >> bit & 1)
        | _places(Station.SLOT, slots)
        | _places(Station.REJECT, raw["rejects"])
        | _places(Station.HOLDER, raw["holders"]),
    )


@lru_cache(maxsize=256)
def _places(station: Station, bits: int) -> frozenset[Place]:
    return frozenset(Place(station, i + 1) for i in range(bits.bit_length()) if bits >> i & 1)


def _sized(registers: list[int]) -> Outcome[Sized]:
    raw = codec.MEASUREMENT.decode(registers)
    text = codec.MEASUREMENT.text(registers, "code")
    if len(text) != raw["code_length"]:
        detail = f"a code of {len(text)} characters instead of {raw['code_length']}"
        return NotDone(Failure.BAD_REPLY, detail)
    thickness, width, depth = (
        Decimal(raw[name]).scaleb(-3) for name in ("thickness_um", "width_um", "depth_um")
    )
    return Done(Sized(thickness, width, depth, text or None))


def _hundredths(number: int) -> Decimal:
    return Decimal(number).scaleb(-2)


def _tester(outcome: Outcome[_Everything]) -> Outcome[TesterStatus]:
    return Done(outcome.value.tester) if isinstance(outcome, Done) else outcome
