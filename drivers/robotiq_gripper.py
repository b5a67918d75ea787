"""The Robotiq 2F gripper on its own Modbus RTU line."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs import robotiq as codec
from drivers.codecs.robotiq import Activation, Contact, Report, Severity
from drivers.interfaces import Done, Failure, Grip, GripperStatus, NotDone, Outcome, Unknown
from drivers.modbus import ModbusLink
from runtime import Clock

_GRIPS = {
    Contact.MOVING: Grip.MOVING,
    Contact.OPENING: Grip.HELD_OPEN,
    Contact.CLOSING: Grip.HOLDING,
    Contact.AT_REQUEST: Grip.EMPTY,
}


@dataclass(frozen=True, slots=True)
class GripperTimes:
    """Seconds of process time: a full stroke, activation, two looks, and the patience beyond."""

    move_s: float = 0.8
    activate_s: float = 2.0
    poll_s: float = 0.05
    patience_s: float = 3.0


class RobotiqGripper:
    """A `Gripper`. ``speed`` and ``force`` are counts 0..255.

    Give an `InputRegisterLink` (FC04), or a `ModbusLink` for older firmware, which
    answers FC03 only; unit 9, framing RTU. A status bears no number: after a
    motion was asked for it is trusted only while it echoes that position. Raises
    ValueError for a speed or force out of range.
    """

    def __init__(
        self,
        link: ModbusLink,
        clock: Clock,
        times: GripperTimes | None = None,
        *,
        speed: int = 255,
        force: int = 255,
    ) -> None:
        codec.command(activate=True, speed=speed, force=force)
        self._link = link
        self._clock = clock
        self._times = times or GripperTimes()
        self._speed = speed
        self._force = force
        # Echoes that can be ours: None before the first motion, two while it is not
        # known whether the last request came.
        self._possible: frozenset[int] | None = None

    async def read(self) -> Outcome[GripperStatus]:
        """Read the state.

        `NotDone` with `BAD_REPLY` when it is no status of a 2F gripper, or echoes a
        position that this driver cannot have asked for.
        """
        seen = await self._report()
        if not isinstance(seen, Done):
            return seen
        echo, possible = seen.value.requested, self._possible
        if seen.value.activated and possible is not None and echo not in possible:
            detail = f"it echoes position {echo}, asked for was {sorted(possible)}"
            detail = f"{self._link.url}: {detail}; a stale answer, or another master"
            return NotDone(Failure.BAD_REPLY, detail)
        return Done(_status(seen.value))

    async def activate(self) -> Outcome[GripperStatus]:
        """Clear and set the activation bit, and wait until the gripper is active.

        Done at once when it is active and sound: activation opens the fingers, and
        a block they hold would fall.
        """
        seen = await self._report()
        if not isinstance(seen, Done):
            return seen
        if _ready(seen.value) is None:
            return Done(_status(seen.value))
        self._possible = None
        cleared = await self._link.write(codec.COMMAND, codec.command(activate=False))
        if not isinstance(cleared, Done):
            return cleared
        sent = await self._link.write(codec.COMMAND, codec.command(activate=True))
        if isinstance(sent, NotDone):
            return sent
        return await self._activated()

    async def close(self) -> Outcome[GripperStatus]:
        """Close fully and wait until the fingers rest."""
        return await self.move(codec.CLOSED)

    async def open(self) -> Outcome[GripperStatus]:
        """Open fully and wait until the fingers rest."""
        return await self.move(codec.OPEN)

    async def move(self, position: int) -> Outcome[GripperStatus]:
        """Send the fingers to a position (0 open .. 255 closed), once, and wait.

        Done when they rest and echo it, held or not. `NotDone` when the gripper is
        not active; `Unknown` when the end was not seen.
        """
        try:
            request = codec.command(
                activate=True, go=True, position=position, speed=self._speed, force=self._force
            )
        except ValueError as error:
            return NotDone(Failure.BAD_ARGUMENT, str(error))
        seen = await self._report()
        if not isinstance(seen, Done):
            return seen
        if (why := _ready(seen.value)) is not None:
            return why
        sent = await self._link.write(codec.COMMAND, request)
        if isinstance(sent, NotDone):
            return sent
        # An unanswered write is looked for all the same: the echo tells whether it came.
        self._possible = frozenset({position, seen.value.requested})
        return await self._rested(position)

    async def _rested(self, position: int) -> Outcome[GripperStatus]:
        seen = await self._until_over(position)
        if not isinstance(seen, Done):
            return seen
        if (why := _ready(seen.value)) is not None:
            return Unknown(Failure.FAULT, f"while moving: {why.detail}")
        self._possible = frozenset({position})
        return Done(_status(seen.value))

    async def _activated(self) -> Outcome[GripperStatus]:
        """Poll the first status register alone, as the maker's manual does, then read all."""
        deadline = self._deadline(self._times.activate_s)
        await self._clock.sleep(self._times.activate_s)
        last = "still activating"
        while True:
            outcome = await self._link.read(codec.ACTIVATION)
            if isinstance(outcome, Done) and _is_active(outcome.value):
                return await self._activation_end()
            if isinstance(outcome, NotDone):
                last = outcome.detail
            if self._clock.process() >= deadline:
                return Unknown(Failure.TIMED_OUT, f"activation: {last}")
            await self._pause()

    async def _activation_end(self) -> Outcome[GripperStatus]:
        seen = await self._report()
        if not isinstance(seen, Done):
            return Unknown(Failure.NO_REPLY, "activated, but its status cannot be read")
        why = _ready(seen.value)
        return Done(_status(seen.value)) if why is None else why

    async def _until_over(self, position: int) -> Outcome[Report]:
        deadline = self._deadline(self._times.move_s)
        await self._clock.sleep(self._times.move_s)
        while True:
            seen = await self._report()
            if isinstance(seen, Done) and _over(seen.value, position):
                return seen
            if self._clock.process() >= deadline:
                return self._not_seen(seen, position)
            await self._pause()

    def _not_seen(self, seen: Outcome[Report], position: int) -> Unknown:
        if not isinstance(seen, Done):
            return Unknown(seen.reason, f"the end of the motion was not seen: {seen.detail}")
        if seen.value.requested != position:
            echo = f"it echoes {seen.value.requested} instead of {position}"
            return Unknown(Failure.NO_REPLY, f"{self._link.url}: not acknowledged: {echo}")
        return Unknown(Failure.TIMED_OUT, f"{self._link.url}: still moving")

    async def _report(self) -> Outcome[Report]:
        outcome = await self._link.read(codec.STATUS)
        if not isinstance(outcome, Done):
            return outcome
        try:
            return Done(codec.report(outcome.value))
        except ValueError as error:
            detail = f"{self._link.url}: {error}; is it a Robotiq 2F gripper?"
            return NotDone(Failure.BAD_REPLY, detail)

    def _deadline(self, expected_s: float) -> float:
        return self._clock.process() + 1.5 * expected_s + self._times.patience_s

    async def _pause(self) -> None:
        # Scaled process time must not turn the pause into a busy loop on a real wire.
        await self._clock.sleep_link(max(self._times.poll_s / self._clock.speed, 0.005))


def _is_active(registers: list[int]) -> bool:
    try:
        return codec.activation(registers) is Activation.ACTIVE
    except ValueError:
        return False


def _over(seen: Report, position: int) -> bool:
    """Return whether this report ends the waiting for a motion, well or badly."""
    if _ready(seen) is not None:
        return True
    return seen.requested == position and seen.going and seen.contact is not Contact.MOVING


def _ready(seen: Report) -> NotDone | None:
    """Return why the gripper takes no motion, or None."""
    fault = codec.FAULTS.get(seen.fault, "unknown")
    if codec.severity(seen.fault) is Severity.MAJOR:
        return NotDone(Failure.FAULT, f"gripper fault {seen.fault:#04x}: {fault}")
    if seen.activation is not Activation.ACTIVE or not seen.activated:
        return NotDone(Failure.NOT_READY, f"the gripper is not active ({fault})")
    return None


def _status(seen: Report) -> GripperStatus:
    grip = Grip.INACTIVE
    if seen.activation is Activation.ACTIVE:
        # Without a motion asked for since activation, contact means nothing.
        grip = _GRIPS[seen.contact] if seen.going else Grip.EMPTY
    return GripperStatus(grip, seen.position, seen.requested, seen.current_ma, seen.fault)
