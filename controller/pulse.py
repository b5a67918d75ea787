"""The pulse of a cell: beat for the PLC, and feel every second whether each device answers.

Asking the station PLC, and a safety controller, is at the same time the beat that its
watchdog waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from controller.devices import Sign
from controller.rig import Trouble
from drivers.interfaces import Done, Failure, NotDone, Outcome

PULSE_S = 1.0
"""Link time between two questions; with the patience of 0.9 s a dead peer is noticed in 2 s."""

_DEAD = (
    Failure.NO_LINK,
    Failure.NO_REPLY,
    Failure.BAD_REPLY,
    Failure.EXCEPTION_REPLY,
    Failure.TIMED_OUT,
)
"""What only a silent or foreign peer gives; whoever says that he is busy lives."""


class Feeler:
    """Asks one device again and again; ``lost`` is told of each trouble.

    A device that answered the time before and lets its patience pass is taken for
    lost there and then; its late answer is heard all the same.
    """

    def __init__(self, name: str, sign: Sign, lost: Callable[[Trouble], Awaitable[None]]) -> None:
        self.name = name
        self.silent: Trouble | None = None
        self._sign = sign
        self._lost = lost
        self._answered = False
        self._due_s = 0.0

    async def feel(self) -> None:
        """Ask once, a period after the last time; tell if it does not answer."""
        loop, complaint = asyncio.get_running_loop(), list[asyncio.Task[None]]()
        await asyncio.sleep(self._due_s - loop.time())
        self._due_s = loop.time() + PULSE_S

        def late() -> None:
            complaint.append(loop.create_task(self._take(self._late())))

        timer = loop.call_later(self._sign.patience_s, late) if self._answered else None
        try:
            answer = await self._sign.ask()
        finally:
            if timer is not None:
                timer.cancel()
        for told in complaint:
            await told
        await self._take(_trouble(self.name, answer))

    def _late(self) -> Trouble:
        where = f"{self._sign.line}: " if self._sign.line else ""
        said = f"{where}no answer within {self._sign.patience_s:g} s"
        return Trouble.of(self.name, NotDone(Failure.NO_REPLY, said))

    async def _take(self, trouble: Trouble | None) -> None:
        self.silent, self._answered = trouble, trouble is None
        if trouble is not None:
            await self._lost(trouble)


def _trouble(name: str, answer: Outcome[object]) -> Trouble | None:
    if isinstance(answer, Done) or answer.reason not in _DEAD:
        return None
    return Trouble.of(name, answer)
