"""Devices that a cell may have besides the station PLC, which otherwise does their work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from controller.config.by_hand import Attended
from controller.config.device import Device
from controller.config.fields import Finding, Number, Whole, refuse_all
from drivers.codecs.hygrometer import HygrometerMap
from drivers.codecs.pilz import PRODUCT

Patient = Annotated[Number, Field(gt=0, le=60)]
Unit = Annotated[Whole, Field(ge=1, le=247)]
Register = Annotated[Whole, Field(ge=0, le=65_535)]


class GaugeDevice(Attended):
    """The digital gauge of the sizing stage: indicators for thickness, width, depth on 1, 2, 3."""

    driver: Literal["mux10", "manual"] = "mux10"
    """Who is asked: a MUX-10 multiplexer, or a person with a caliper."""
    timeout_s: Patient = 1.0
    """How long one answer may take, the indicator's own time included, s of link time."""


class ReaderDevice(Attended):
    """The code reader of the sizing stage."""

    driver: Literal["dmcc", "manual"] = "dmcc"
    """Who is asked: a DataMan reader, by DMCC, or a person."""
    timeout_s: Patient = 3.0
    """How long one answer may take, the reading included, s of link time."""


class ClimateDevice(Attended):
    """A thermo-hygrometer on Modbus RTU; the registers are those of its manual."""

    driver: Literal["modbus", "manual"] = "modbus"
    """Who is asked: two registers over Modbus RTU, or a person at the wall instrument."""
    unit: Unit = 1
    """Its address on the line."""
    area: Literal["input", "holding"] = "input"
    """Which registers show the numbers: input (FC04) or holding (FC03)."""
    temperature_register: Register = 0
    """Address of the temperature, counted from 0."""
    humidity_register: Register = 1
    """Address of the relative humidity, counted from 0."""
    places: Annotated[Whole, Field(ge=0, le=3)] = 1
    """Decimal places that the numbers carry: 1 for tenths."""

    @property
    def registers(self) -> HygrometerMap:
        """The register map. Raises ValueError for one that cannot be read at once."""
        return HygrometerMap(self.temperature_register, self.humidity_register, self.places)

    @model_validator(mode="after")
    def _readable(self) -> ClimateDevice:
        try:
            _ = self.registers
        except ValueError:
            text = (
                f"{self.humidity_register} cannot be read together with temperature_register "
                f"{self.temperature_register}; take two addresses less than 125 apart"
            )
            refuse_all([Finding(("humidity_register",), text)])
        return self


class SafetyDevice(Device):
    """A safety controller whose chain forbids motion, besides the inputs of the station PLC."""

    driver: Literal["pilz"] = "pilz"
    """Who is asked: a PNOZmulti 2, over Modbus/TCP."""
    unit: Unit = 1
    """Its address."""
    product: Annotated[Whole, Field(ge=1, le=0xFFFF_FFFF)] = PRODUCT
    """Its order number: another product at this line is not believed."""
    watchdog_ms: Literal[3000, 5000, 10_000] = 5000
    """So long it waits for the daemon before it opens the chain, ms; fed every second."""
