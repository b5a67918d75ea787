"""A safety controller with a person beside it, who resets the chain once all is well."""

from __future__ import annotations

from drivers.codecs import pilz as codec
from hil_sim.devices.pilz_safety import SimPilzSafety
from runtime import Clock


class AttendedPilzSafety(SimPilzSafety):
    """A simulated PNOZmulti whose reset button somebody presses ``reset_after_s`` later.

    That is process time since the chain could have closed: E-stop and door good, the
    software's permission given. Without him an unattended run would never begin,
    since the unit comes up with an open chain.
    """

    def __init__(self, clock: Clock, reset_after_s: float, *, product: int = codec.PRODUCT) -> None:
        self.reset_after_s = reset_after_s
        self._good_from: float | None = None
        super().__init__(clock, product=product)

    def _scan(self) -> None:
        super()._scan()
        if not (self._latched and self._good()):
            self._good_from = None
            return
        now = self._clock.process()
        if self._good_from is None:
            self._good_from = now
        if now - self._good_from >= self.reset_after_s:
            self._latched = False
