"""A register bank of which clients may write only some tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drivers.codecs.registers import Table
from hil_sim.modbus_server import ILLEGAL_ADDRESS, Refused, RegisterBank


class GuardedBank(RegisterBank):
    """Shows all tables, refuses writes to any register that is not in ``writable``.

    ``refresh`` is called before a write too: a write meets the device as it is by then.
    """

    def __init__(
        self,
        shown: Iterable[Table],
        writable: Iterable[Table],
        refresh: Callable[[], None],
        written: Callable[[], None],
    ) -> None:
        open_ = tuple(writable)
        super().__init__((*shown, *open_), refresh, written)
        self._open = {t.start + i for t in open_ for i in range(t.count)}

    def write(self, start: int, values: list[int]) -> None:
        """Set registers as a client writes them. Raises `Refused` outside the writable ones."""
        if not self._open.issuperset(range(start, start + len(values))):
            raise Refused(ILLEGAL_ADDRESS)
        self._refresh()
        super().write(start, values)
