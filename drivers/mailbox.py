"""The command mailbox: written once, acknowledged by number, fenced by epoch.

A device with a mailbox acts only on a command whose epoch is the claimed one
and whose number lies ahead of every number it has taken or refused. So a lost
reply, a duplicate or a late packet can at worst delay a command, never repeat
it (docs/decisions/0002-mailbox-and-epoch.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from drivers.codecs.registers import Table
from drivers.codecs.station import Refusal, following, newer
from drivers.interfaces import Activity, Done, Failure, Fence, NotDone, Outcome, Unknown
from drivers.modbus import ModbusLink
from runtime import Clock

S = TypeVar("S")
L = TypeVar("L", bound="Letter[Any]")

_FAILURES = {
    Refusal.OLD_EPOCH: Failure.OLD_EPOCH,
    Refusal.BAD_ARGUMENT: Failure.BAD_ARGUMENT,
    Refusal.INTERLOCK: Failure.INTERLOCK,
    Refusal.BUSY: Failure.BUSY,
    Refusal.FAULT: Failure.FAULT,
}


@dataclass(frozen=True, slots=True)
class Letter(Generic[S]):
    """What a device's status says of its mailbox, and the status itself."""

    fence: Fence
    activity: Activity
    refused: int
    refusal: int
    status: S

    @property
    def burned(self) -> int | None:
        """The number that the claimed epoch sent and the device refused last, if it shows.

        A refused number is never taken later. A refusal for an old epoch is none of
        ours: it burns nothing, and may bear the very number that is on its way.
        """
        return None if self.refusal in (Refusal.NONE, Refusal.OLD_EPOCH) else self.refused


@dataclass(frozen=True, slots=True)
class Pace:
    """Link deadline of an acknowledgement, and process time between two looks, in seconds."""

    acknowledge_s: float = 2.0
    poll_s: float = 0.05
    patience_s: float = 10.0


class Mailbox(Generic[S]):
    """Commands to one device: `claim` once a session, then `post` and `wait`."""

    def __init__(
        self,
        link: ModbusLink,
        clock: Clock,
        command: Table,
        look: Callable[[], Awaitable[Outcome[Letter[S]]]],
        pace: Pace,
        peek: Callable[[], Awaitable[Outcome[Letter[Any]]]] | None = None,
    ) -> None:
        """Keep ``peek`` for the acknowledgement: a look that is cheaper and has no status."""
        self.epoch: int | None = None
        self._link = link
        self._clock = clock
        self._command = command
        self._look = look
        self._peek: Callable[[], Awaitable[Outcome[Letter[Any]]]] = peek or look
        self._pace = pace
        self._burned: int | None = None

    async def look(self) -> Outcome[Letter[S]]:
        """Read the status; a refused number that shows there is not used again."""
        return self._noted(await self._look())

    def _noted(self, seen: Outcome[L]) -> Outcome[L]:
        if isinstance(seen, Done) and seen.value.burned is not None:
            self._burned = seen.value.burned
        return seen

    async def claim(self, epoch: int, values: Mapping[str, int]) -> Outcome[S]:
        """Write a CLAIM with ``values`` and wait until the device shows this epoch.

        `NotDone` with `OLD_EPOCH` when the device is already held by a later one.
        """
        seen = await self.look()
        if not isinstance(seen, Done):
            return seen
        if seen.value.fence.epoch < epoch:
            sequence = following(seen.value.fence.accepted)
            sent = await self._send({**values, "epoch": epoch, "sequence": sequence})
            if isinstance(sent, NotDone):
                return sent
            shown = await self._until(lambda letter: letter.fence.epoch >= epoch)
            if not isinstance(shown, Done):
                return shown
            seen = await self.look()
            if not isinstance(seen, Done):
                return seen
            # The device has forgotten what it refused to the session before.
            self._burned = None
        if seen.value.fence.epoch != epoch:
            held = seen.value.fence.epoch
            return NotDone(Failure.OLD_EPOCH, f"held by epoch {held}, which is past {epoch}")
        self.epoch = epoch
        return Done(seen.value.status)

    async def post(self, values: Mapping[str, int], after: Fence) -> Outcome[int]:
        """Send one command, once; done with its number when the device has accepted it.

        ``after`` is the fence read just before. `Unknown` when neither acceptance
        nor refusal was seen within the deadline: the command may still lie in a queue.
        """
        if self.epoch is None:
            return NotDone(Failure.OLD_EPOCH, "this session has not claimed the device")
        if after.epoch != self.epoch:
            return NotDone(Failure.OLD_EPOCH, f"epoch {after.epoch} holds it, not {self.epoch}")
        sequence = self._next(after.accepted)
        try:
            sent = await self._send({**values, "epoch": self.epoch, "sequence": sequence})
        except ValueError as error:
            return NotDone(Failure.BAD_ARGUMENT, str(error))
        if isinstance(sent, NotDone):
            return sent
        # An unanswered write is looked for all the same: the status tells whether it came.
        seen = await self._until(lambda letter: _settled(letter, sequence, after))
        match seen:
            case Done(value=letter):
                return self._verdict(letter, sequence, after)
            case NotDone(reason=reason, detail=detail) | Unknown(reason=reason, detail=detail):
                return Unknown(reason, f"command {sequence}: {detail}")

    async def wait(self, expected_s: float, sequence: int, boot: int) -> Outcome[S]:
        """Sleep to the expected end of an accepted command, then look until it rests.

        Seconds of process time. Unread looks do not end the wait; its deadline
        (`Unknown`) is half as much again plus the patience.
        """
        deadline = self._clock.process() + 1.5 * expected_s + self._pace.patience_s
        await self._clock.sleep(expected_s)
        last: Outcome[Letter[S]] = Unknown(Failure.TIMED_OUT)
        while True:
            last = await self.look()
            if isinstance(last, Done):
                letter = last.value
                if letter.fence.boot != boot:
                    return Unknown(Failure.FAULT, "it lost power meanwhile")
                if letter.activity is not Activity.RUNNING:
                    return self._ended(letter, sequence)
            if self._clock.process() >= deadline:
                break
            await self._pause()
        detail = "still running" if isinstance(last, Done) else last.detail
        return Unknown(Failure.TIMED_OUT, f"command {sequence}: {detail}")

    def _ended(self, letter: Letter[S], sequence: int) -> Outcome[S]:
        if letter.fence.accepted != sequence:
            taken = letter.fence.accepted
            return Unknown(Failure.BAD_REPLY, f"rests after {taken}, not after {sequence}")
        return Done(letter.status)

    def _next(self, accepted: int) -> int:
        """Return the first number ahead of all that were accepted or refused."""
        if self._burned is not None and newer(self._burned, accepted):
            return following(self._burned)
        return following(accepted)

    def _verdict(self, letter: Letter[Any], sequence: int, after: Fence) -> Outcome[int]:
        if letter.fence.boot != after.boot:
            return Unknown(Failure.FAULT, f"command {sequence}: it lost power meanwhile")
        if letter.fence.epoch != self.epoch:
            epoch = letter.fence.epoch
            return Unknown(Failure.OLD_EPOCH, f"command {sequence}: epoch {epoch} took over")
        if letter.fence.accepted == sequence:
            return Done(sequence)
        failure, name = _failure(letter.refusal)
        return NotDone(failure, f"command {sequence} refused: {name}")

    async def _send(self, values: Mapping[str, int]) -> Outcome[None]:
        return await self._link.write(self._command, self._command.encode(values))

    async def _until(self, enough: Callable[[Letter[Any]], bool]) -> Outcome[Letter[Any]]:
        deadline = self._clock.link() + self._pace.acknowledge_s
        while True:
            seen = self._noted(await self._peek())
            if isinstance(seen, Done) and enough(seen.value):
                return seen
            if self._clock.link() >= deadline:
                detail = "not acknowledged" if isinstance(seen, Done) else seen.detail
                return Unknown(Failure.NO_REPLY, detail)
            await self._pause()

    async def _pause(self) -> None:
        # Scaled process time must not turn the pause into a busy loop on a real wire.
        await self._clock.sleep_link(max(self._pace.poll_s / self._clock.speed, 0.005))


def _settled(letter: Letter[Any], sequence: int, after: Fence) -> bool:
    """Return whether the fate of a command shows: taken, refused, or out of our hands."""
    fence = letter.fence
    refused = letter.burned == sequence
    return (
        fence.accepted == sequence
        or refused
        or (fence.boot, fence.epoch)
        != (
            after.boot,
            after.epoch,
        )
    )


def _failure(refusal: int) -> tuple[Failure, str]:
    try:
        code = Refusal(refusal)
    except ValueError:
        return Failure.FAULT, f"code {refusal}"
    return _FAILURES.get(code, Failure.FAULT), code.name
