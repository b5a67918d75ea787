"""The far end of a command mailbox: epoch and number fence in retentive memory."""

from __future__ import annotations

from collections.abc import Callable

from drivers.codecs.station import Refusal, newer
from hil_sim.world import World

NOBODY = 0
"""The epoch of no session: what lies in the mailbox was not written since power-up."""


class FarEnd:
    """Decides which command is acted on; at most once per number, whatever the wire does.

    Under ``prefix`` the world retains ``boot`` (rises at every start), ``epoch``,
    ``accepted`` and ``handled``: the furthest number taken *or refused*. A refused
    command is burned, so that a late copy of it cannot run after the cause is gone.
    """

    def __init__(self, world: World, prefix: str) -> None:
        self.refused = 0
        self.refusal = Refusal.NONE
        self._world = world
        self._prefix = prefix
        self._shown = tuple((name, prefix + name) for name in ("boot", "epoch", "accepted"))
        self.start()

    def start(self) -> None:
        """Come up as after a power loss: a new boot id, the fence as it was."""
        self.refused, self.refusal = 0, Refusal.NONE
        self._retain(boot=self.boot + 1)

    @property
    def boot(self) -> int:
        """How often the device was switched on."""
        return self._kept("boot")

    @property
    def epoch(self) -> int:
        """The session that holds the device."""
        return self._kept("epoch")

    @property
    def accepted(self) -> int:
        """The number of the last accepted command."""
        return self._kept("accepted")

    def claim(self, epoch: int, sequence: int) -> None:
        """Take a higher epoch; leave everything as it is for the same one; refuse a lower."""
        if epoch == NOBODY:
            return
        if epoch > self.epoch:
            self._retain(epoch=epoch, accepted=sequence, handled=sequence)
            self.refused, self.refusal = 0, Refusal.NONE
        elif epoch < self.epoch:
            self.refused, self.refusal = sequence, Refusal.OLD_EPOCH

    def consider(self, epoch: int, sequence: int, act: Callable[[], Refusal]) -> None:
        """Act on a command if it is of the held epoch and ahead of all before it."""
        if epoch == NOBODY:
            return
        if epoch != self.epoch:
            self.refused, self.refusal = sequence, Refusal.OLD_EPOCH
        elif newer(sequence, self._kept("handled")):
            self.refusal = act()
            if self.refusal is Refusal.NONE:
                self.refused = 0
                self._retain(accepted=sequence, handled=sequence)
            else:
                self.refused = sequence
                self._retain(handled=sequence)

    def burn(self, epoch: int, sequence: int) -> None:
        """Refuse a command that lay in the mailbox while nobody was there to read it."""
        if epoch == self.epoch:
            self.consider(epoch, sequence, lambda: Refusal.BUSY)

    def registers(self) -> dict[str, int]:
        """Return the fields of the fence as every status table names them."""
        kept = self._world.retentive
        shown = {name: kept.get(key, 0) for name, key in self._shown}
        return {**shown, "refused": self.refused, "refusal": int(self.refusal)}

    def _kept(self, name: str) -> int:
        return self._world.retentive.get(self._prefix + name, 0)

    def _retain(self, **values: int) -> None:
        self._world.retain(**{self._prefix + name: value for name, value in values.items()})
