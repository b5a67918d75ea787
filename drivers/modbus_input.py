"""A Modbus link whose reads go to the input registers (FC04) instead of the holding ones."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from drivers.codecs.registers import Table
from drivers.modbus import ModbusLink


class InputRegisterLink(ModbusLink):
    """`ModbusLink` for devices that show their state in the input area.

    Reads use FC04, writes stay FC16; deadlines, silence and failures are those of
    `ModbusLink`. An answer to any other function is no answer.
    """

    read_function: ClassVar[int] = 4

    def _ask(self, client: AsyncModbusTcpClient, table: Table) -> Awaitable[ModbusPDU]:
        return client.read_input_registers(table.start, count=table.count, device_id=self._unit)
