"""A register bank shows what its device is, however seldom the device encodes it."""

from __future__ import annotations

import pytest

from drivers.codecs.registers import Field, Table
from hil_sim.modbus_server import Refused, RegisterBank

SHOWN = Table((Field("level", 10), Field("ticks", 11)))


class Tank:
    """Encodes its level only when the bank says that it must."""

    def __init__(self) -> None:
        self.level = 7
        self.encoded = 0
        self.bank = RegisterBank((SHOWN,), self.show)

    def show(self) -> None:
        if self.bank.stale(SHOWN, self.level):
            self.encoded += 1
            self.bank.put(SHOWN, {"level": self.level})


def test_it_is_encoded_once_for_each_state() -> None:
    tank = Tank()
    assert [tank.bank.read(10, 1) for _ in range(3)] == [[7]] * 3
    assert tank.encoded == 1
    tank.level = 8
    assert tank.bank.read(10, 1) == [8]


def test_what_a_client_wrote_over_it_does_not_last() -> None:
    tank = Tank()
    tank.bank.read(10, 1)
    tank.bank.write(10, [99])
    assert tank.bank.read(10, 1) == [7]


def test_a_counter_is_set_beside_it() -> None:
    tank = Tank()
    tank.bank.read(10, 2)
    tank.bank.count(SHOWN, 11, 5)
    assert tank.bank.read(10, 2) == [7, 5]
    assert tank.bank.get(SHOWN)["ticks"] == 5


@pytest.mark.parametrize(("start", "count"), [(9, 1), (9, 2), (11, 2), (500, 1)])
def test_registers_that_there_are_not_are_refused(start: int, count: int) -> None:
    bank = Tank().bank
    with pytest.raises(Refused):
        bank.read(start, count)
    with pytest.raises(Refused):
        bank.write(start, [0] * count)
