"""The gremlin: puts the faults of a profile on a running lab, by chance or at its moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from controller.events import AnyEvent
from hil_sim.faults import Direction, Fault, Faults, Injection
from hil_sim.scenario.campaign.menu import CRASH, DEVICES, MENU, Release
from hil_sim.scenario.campaign.notes import Notes
from hil_sim.scenario.campaign.profile import Moment, Profile
from hil_sim.scenario.lab import SimulatedLab
from hil_sim.scenario.run import Killed
from runtime import Clock, stream

SOON = 40
"""A daemon that is to crash dies at one of so many next boundaries."""
HOUR_S = 3600.0
LASTS_S = 30.0
"""What lasts at a moment that does not say how long."""


class Gremlin:
    """Plays one profile. ``boundary`` goes into the daemon, ``heard`` into its ledger.

    ``crash_recorder`` is called with the seconds for which the recorder is away.
    """

    def __init__(
        self,
        profile: Profile,
        lab: SimulatedLab,
        clock: Clock,
        notes: Notes,
        seed: int,
        crash_recorder: Callable[[float], None],
    ) -> None:
        self._profile, self._lab, self._clock, self._notes = profile, lab, clock, notes
        self._rng = stream(seed, "gremlin")
        self._crash_recorder = crash_recorder
        self._doomed: int | None = None
        self._passed: Counter[str] = Counter()
        self._lying = False
        self._faults: dict[str, Faults] = {}
        self.chances = [c for c in profile.chances if self._is_there(c.device)]
        for name in DEVICES:
            if self._is_there(name):
                faults = Faults(getattr(lab.cell, name), stream(seed, "faults", name))
                faults.struck = self._told(name)
                self._faults[name] = faults

    def absence(self) -> float:
        """Return how long the daemon that just died is missed, s."""
        return self._rng.choice(self._profile.absent_s)

    async def play(self) -> None:
        """Play the chances and the moments that are given in seconds, until cancelled."""
        timed = [self._at(m) for m in self._profile.moments if _seconds(m.when) is not None]
        await asyncio.gather(self._by_chance(), *timed)

    async def _by_chance(self) -> None:
        total = sum(chance.per_hour for chance in self.chances)
        while total > 0:
            await self._clock.sleep(self._rng.expovariate(total / HOUR_S))
            weights = [chance.per_hour for chance in self.chances]
            (chance,) = self._rng.choices(self.chances, weights)
            lasts_s = self._rng.uniform(*self._profile.lasts_s)
            on_the_wire = MENU[chance.device][chance.fault] is None
            self.inject(chance.device, chance.fault, None if on_the_wire else lasts_s)

    async def _at(self, moment: Moment) -> None:
        await self._clock.sleep(_seconds(moment.when) or 0.0)
        self.inject(moment.device, moment.fault, moment.seconds, times=moment.times)

    # -- moments -----------------------------------------------------------------

    def heard(self, seq: int, event: AnyEvent) -> None:
        """Hear of an event; some moment may have waited for it."""
        self._pass(type(event).__name__)

    def boundary(self, name: str) -> None:
        """Pass a boundary of the daemon, or let it die there."""
        self._pass(name)
        if self._doomed is None:
            return
        self._doomed -= 1
        if self._doomed < 0:
            self._doomed = None
            self._notes.deaths.append((self._clock.process(), name))
            self._notes.struck(self._clock.process(), "daemon", CRASH)
            raise Killed

    def _pass(self, name: str) -> None:
        self._passed[name] += 1
        for moment in self._profile.moments:
            if moment.when == name and moment.nth == self._passed[name]:
                self.inject(moment.device, moment.fault, moment.seconds, times=moment.times, soon=0)

    # -- faults ------------------------------------------------------------------

    def inject(
        self,
        device: str,
        fault: str,
        seconds: float | None,
        *,
        times: int | None = None,
        soon: int = SOON,
    ) -> None:
        """Begin a fault now; what lasts ends after so many seconds of process time.

        A fault of the wire strikes so many packets; by chance if neither is told.
        """
        if not self._is_there(device):
            return
        switched = MENU[device][fault]
        if switched is None:
            self._on_the_wire(device, Fault(fault), seconds, times)
            return
        seconds = LASTS_S if seconds is None else seconds
        if switched.lies and self._lying:
            return  # one liar at a time: two that agree are believed, by anybody
        release = switched.act(self._lab.cell, self._rng)
        if device == "recorder":
            self._crash_recorder(seconds)
        if device == "daemon" or (device, fault) == ("cell", Fault.POWER_LOSS):
            self._doomed = self._rng.randint(0, soon) if device == "daemon" else 0
        if device != "daemon":
            self._notes.struck(self._clock.process(), device, fault)
        if release is not None:
            self._lying = self._lying or switched.lies
            loop = asyncio.get_running_loop()
            loop.call_later(seconds / self._clock.speed, self._over, release, switched.lies)

    def _over(self, release: Release, lied: bool) -> None:
        release()
        if lied:
            self._lying = False

    def _on_the_wire(
        self, device: str, fault: Fault, seconds: float | None, times: int | None
    ) -> None:
        direction: Direction | None = "to_client" if device == "results" else None
        by_chance = seconds is None and times is None
        if by_chance and self._faults[device].waiting:
            return  # a line that says little would collect faults until nothing passes any more
        if seconds is None:
            seconds = self._rng.choice((0.3, 1.0, 3.0, 9.0))
        if by_chance:
            times = self._rng.choice((1, 1, 1, 2, 4))
        self._faults[device].inject(fault, count=times or 1, seconds=seconds, direction=direction)

    def _told(self, device: str) -> Callable[[Injection], None]:
        def told(injection: Injection) -> None:
            self._notes.struck(self._clock.process(), device, injection.fault)

        return told

    def _is_there(self, device: str) -> bool:
        if device not in DEVICES:
            return True
        return getattr(self._lab.cell, device).port is not None


def _seconds(when: str) -> float | None:
    """Return the seconds that a moment names, None if it names something else."""
    try:
        return float(when)
    except ValueError:
        return None
