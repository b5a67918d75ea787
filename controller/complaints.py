"""Who complains of what: one cause, one alarm, until nobody complains of it any more."""

from __future__ import annotations

from controller.events import AlarmCleared, AlarmRaised, AnyEvent
from controller.ledger import Ledger
from controller.rig import Trouble
from controller.state import CellState


class Complaints:
    """Raises an alarm with its first complainer and clears it with its last.

    Several may complain, and be content, while an event is being written: what is
    raised or cleared follows from the state as it is when its turn comes.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # Alarms of the session before have lost their complainers: the first success clears them.
        self._complainers: dict[str, set[str]] = {key: set() for key in ledger.state.alarms}

    def made_by(self, who: str) -> bool:
        """Tell whether somebody complains of anything."""
        return any(who in complainers for complainers in self._complainers.values())

    async def make(self, who: str, trouble: Trouble) -> None:
        """Complain; raise the alarm unless it is open already."""
        key = f"{trouble.alarm}:{trouble.source}"
        self._complainers.setdefault(key, set()).add(who)
        raised = AlarmRaised(trouble.alarm, trouble.source, trouble.detail)
        await self._ledger.decide(lambda state: () if key in state.alarms else (raised,))

    async def withdraw(self, who: str) -> None:
        """Be content; clear the alarms that nobody complains of any more."""
        for complainers in self._complainers.values():
            complainers.discard(who)
        for key in [key for key, complainers in self._complainers.items() if not complainers]:
            await self._clear(key)

    async def _clear(self, key: str) -> None:
        alarm, _, source = key.partition(":")

        def cleared(state: CellState) -> tuple[AnyEvent, ...]:
            # Somebody may have complained anew, or cleared it, while this waited for its turn.
            if self._complainers.get(key) or key not in state.alarms:
                return ()
            return (AlarmCleared(alarm, source),)

        await self._ledger.decide(cleared, durable=False)
        if not self._complainers.get(key):
            self._complainers.pop(key, None)
