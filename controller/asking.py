"""A person behind a device: its questions are journaled decisions, answered over the bus.

The question holds up nobody but its device, and nobody else's question is held up by it:
no block, no other resource, no reconciliation. It lives as long as its asker: an answer
that comes later is refused, and a new session withdraws what a dead one left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from controller.events import AnyEvent, DecisionAnswered, DecisionAsked, DecisionWithdrawn
from controller.journal_row import JournalError
from controller.ledger import Ledger
from controller.state import CellState

KIND = "by_hand"
"""What such a question is about: something that hands and eyes do instead of a device."""


class JournaledPerson:
    """Implements `drivers.person.Person` for one device."""

    def __init__(self, ledger: Ledger, device: str) -> None:
        self._ledger = ledger
        self._device = device

    async def ask(
        self, question: str, *, options: Sequence[str], form: str, seconds: float
    ) -> str | None:
        """Ask in the journal; return what was chosen or typed. Withdrawn when cancelled."""
        asked = self._asked(question, tuple(options), form, seconds)
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(seq: int, event: AnyEvent) -> None:
            if not isinstance(event, DecisionAnswered) or event.question != asked.question:
                return
            if not answered.done():
                answered.set_result(event.option)

        self._ledger.listeners.append(hear)
        try:
            # Cancelled in the middle of a commit, journal and state would part.
            await asyncio.shield(self._ledger.record(asked))
            return await answered
        except asyncio.CancelledError:
            await self._withdraw(asked.question)
            raise
        finally:
            self._ledger.listeners.remove(hear)

    def _asked(
        self, question: str, options: tuple[str, ...], form: str, seconds: float
    ) -> DecisionAsked:
        clock, ledger = self._ledger.clock, self._ledger
        # Patience is link time; what is shown is the lab's clock, which may run faster.
        until = clock.utc() + timedelta(seconds=seconds * clock.speed)
        return DecisionAsked(
            question=f"q-{ledger.asked.take(ledger.state.asked):04d}",
            kind=KIND,
            block="",
            op="",
            text=question,
            options=options,
            default="",
            deadline=until.isoformat(),
            picture="",
            device=self._device,
            form=form,
        )

    async def _withdraw(self, question: str) -> None:
        def step(state: CellState) -> tuple[AnyEvent, ...]:
            if question not in state.questions:
                return ()
            return (DecisionWithdrawn(question, "nobody waits for the answer any more"),)

        # A journal that is gone is the end of this process; the next session withdraws.
        with suppress(JournalError):
            await self._ledger.decide(step)
