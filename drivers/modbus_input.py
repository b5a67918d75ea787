"""A Modbus link whose reads go to the input registers (FC04) instead of the holding ones."""

from __future__ import annotations

from typing import ClassVar

from drivers.codecs import modbus as codec
from drivers.modbus import ModbusLink


class InputRegisterLink(ModbusLink):
    """`ModbusLink` for devices that show their state in the input area.

    Reads use FC04, writes stay FC16; deadlines, silence and failures are those of
    `ModbusLink`. An answer to any other function is no answer.
    """

    read_function: ClassVar[int] = codec.READ_INPUT
