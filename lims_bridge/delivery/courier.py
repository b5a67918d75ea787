"""The courier: takes what is due for one destination, hands it over, writes what became of it.

It may die at any instant. What it had claimed is uncertain then: it is sent again under the same
key, looked up first, or put before a person, as the receiver's assurance allows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine

from lims_bridge.delivery import outbox
from lims_bridge.delivery.backoff import Backoff
from lims_bridge.delivery.outbox import Message
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    CannotTell,
    NotSent,
    Outcome,
    Refused,
    Uncertain,
    Waiting,
)
from lims_bridge.delivery.packing import Unpackable, pack
from lims_bridge.delivery.parcel import Parcel, Receiver
from lims_bridge.keeping.files import FileStore
from runtime import Clock, DeadlineError, offload, within

log = logging.getLogger(__name__)

UNKNOWN_TEXT = (
    "it may have arrived, and this receiver can neither be asked nor recognise a second one: "
    "a person must look there and decide"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a destination is treated, in seconds of link time.

    ``send_s`` bounds one attempt; ``settle_s`` is how long a receiver may still be busy with a
    request whose answer was lost; ``look_s`` how often to look for an answer that may take days;
    ``idle_s`` how soon messages of other programs are seen.
    """

    backoff: Backoff = field(default_factory=Backoff)
    send_s: float = 60.0
    settle_s: float = 30.0
    look_s: float = 60.0
    idle_s: float = 10.0
    tired_after: int = 3

    @property
    def lease(self) -> timedelta:
        """Return how long a claim holds: no request of a dead sender is still being worked on."""
        return timedelta(seconds=self.send_s + self.settle_s)


class Courier:
    """Serves one destination."""

    def __init__(
        self,
        engine: Engine,
        files: FileStore,
        destination: str,
        receiver: Receiver,
        clock: Clock,
        *,
        holder: str,
        pace: Pace | None = None,
        told: Callable[[Message, str], None] = lambda message, state: None,
    ) -> None:
        """Make a courier; ``holder`` is unique to it, ``told`` hears each settled message."""
        self._engine = engine
        self._files = files
        self._name = destination
        self._receiver = receiver
        self._clock = clock
        self._holder = holder
        self._pace = pace or Pace()
        self._told = told
        self._nudge = asyncio.Event()
        self._failures = 0
        self._rests_until: datetime | None = None

    def nudge(self) -> None:
        """Say that there is something new."""
        self._nudge.set()

    async def run(self) -> None:
        """Serve for ever."""
        while True:
            self._nudge.clear()
            await self.drain()
            await self._wait()

    async def finish(self) -> None:
        """Serve until nothing is under way any more; what needs a person is left."""
        while True:
            self._nudge.clear()
            await self.drain()
            if await offload(outbox.next_due, self._engine, self._name) is None:
                return
            await self._wait()

    async def drain(self) -> int:
        """Deliver all that is due now; return how many attempts were made."""
        attempts = 0
        while not self._resting():
            message = await offload(
                outbox.claim,
                self._engine,
                self._name,
                self._holder,
                self._clock.utc(),
                self._pace.lease,
            )
            if message is None:
                break
            await self._serve(message)
            attempts += 1
        return attempts

    async def _wait(self) -> None:
        now = self._clock.utc()
        due = await offload(outbox.next_due, self._engine, self._name)
        until = max((at for at in (due, self._rests_until) if at is not None), default=None)
        if due is None:
            until = None
        idle = self._pace.idle_s
        seconds = idle if until is None else min(idle, max(0.0, (until - now).total_seconds()))
        try:
            async with within(max(seconds, 0.001), "something due"):
                await self._nudge.wait()
        except DeadlineError:
            pass

    async def _serve(self, message: Message) -> None:
        parcel = await offload(pack, message, self._files)
        outcome: Outcome
        if isinstance(parcel, Unpackable):
            outcome = Refused(parcel.why)
        elif self._receiver.assurance == "none" and message.uncertain:
            outcome = Uncertain(message.last_error or "an earlier attempt was not answered")
        else:
            outcome = await self._attempt(parcel)
        await self._settle(message, outcome)

    async def _attempt(self, parcel: Parcel) -> Outcome:
        try:
            async with within(self._pace.send_s, f"an answer of {self._name}"):
                if self._receiver.assurance == "look-up":
                    # Before the first sending too: after a restored backup it is not the first.
                    found = await self._receiver.look_up(parcel)
                    if isinstance(found, CannotTell):
                        return NotSent(found.why)
                    if not isinstance(found, Absent):
                        return found
                return await self._receiver.deliver(parcel)
        except DeadlineError as error:
            return Uncertain(str(error))

    async def _settle(self, message: Message, outcome: Outcome) -> None:
        now = self._clock.utc()
        self._note(outcome, now)
        state, error, receipt, uncertain, wait_s = self._ruling(message, outcome)
        kept = await offload(
            outbox.settle,
            self._engine,
            message,
            self._holder,
            state,
            now=now,
            next_at=now + timedelta(seconds=wait_s),
            error=error,
            receipt=receipt,
            uncertain=uncertain,
        )
        if not kept:
            log.warning("%s: the lease on %s ended before its answer", self._name, message.key)
            return
        if state in ("dead", "unknown"):
            log.error("%s: %s is %s: %s", self._name, message.key, state, error)
        self._told(message, state)

    def _ruling(
        self, message: Message, outcome: Outcome
    ) -> tuple[str, str, str | None, bool, float]:
        """Return state, error, receipt, uncertainty and the seconds to wait."""
        again = self._pace.backoff.delay_s(message.key, message.attempts)
        match outcome:
            case Arrived():
                return "done", "", outcome.receipt, False, 0.0
            case Refused():
                return "dead", outcome.why, None, False, 0.0
            case NotSent():
                wait = again if outcome.after_s is None else outcome.after_s
                return "pending", outcome.why, None, message.uncertain, wait
            case Waiting():
                return "pending", outcome.why, None, True, self._pace.look_s
            case Uncertain() if self._receiver.assurance == "none":
                return "unknown", f"{outcome.why}; {UNKNOWN_TEXT}", None, True, 0.0
            case Uncertain():
                return "pending", outcome.why, None, True, max(again, self._pace.settle_s)

    def _note(self, outcome: Outcome, now: datetime) -> None:
        """Let a destination rest that failed several times in a row."""
        if isinstance(outcome, Arrived | Refused | Waiting):
            self._failures, self._rests_until = 0, None
            return
        self._failures += 1
        if self._failures >= self._pace.tired_after:
            tries = self._failures - self._pace.tired_after + 1
            rest = self._pace.backoff.delay_s(f"rest of {self._name}", tries)
            self._rests_until = now + timedelta(seconds=rest)

    def _resting(self) -> bool:
        return self._rests_until is not None and self._clock.utc() < self._rests_until
