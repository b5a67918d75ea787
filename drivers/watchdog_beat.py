"""The beat that keeps a safety controller's watchdog from opening the chain."""

from __future__ import annotations

from drivers.interfaces import Done, Failure, NotDone, Outcome, SafetyChain
from drivers.nod import Heard, Nod


class WatchdogBeat:
    """Implements `Heartbeat`: the first beat arms the watchdog, every later one feeds it.

    After a lapse it is armed again. That closes nothing: the chain stays open until
    a person resets it, and only an armed watchdog lets him. ``feed`` feeds it in passing.
    """

    def __init__(self, chain: SafetyChain, feed: Nod | None = None) -> None:
        self._chain = chain
        self._feed = feed
        self._armed = False

    async def beat(self) -> Outcome[None]:
        """Show that the daemon lives; `NotDone` with `FAULT` tells of a lapse, once."""
        if not self._armed:
            armed = await self._chain.arm()
            self._armed = isinstance(armed, Done)
            return Done(None) if isinstance(armed, Done) else armed
        fed = await self._chain.feed()
        if isinstance(fed, NotDone) and fed.reason in (Failure.FAULT, Failure.NOT_READY):
            self._armed = False
        return fed

    def nod(self, heard: Heard) -> bool:
        """Beat in passing while the watchdog is armed: a `Nod`."""
        return self._armed and self._feed is not None and self._feed(heard)
