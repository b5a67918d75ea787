"""What the cell is, what it must do before and after customers' blocks, and with which blocks."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from controller.config.fields import (
    Exact,
    Finding,
    Flag,
    Number,
    Section,
    Text,
    Whole,
    refuse,
    refuse_all,
)
from metrology import UnknownRegulationError, UnknownScaleError, find_scale, load_regulation

MAX_SLOTS = 48
"""Presence bits that the station PLC has for tray slots."""
MAX_REJECT_PLACES = 16
"""Presence bits that the station PLC has for the reject row."""


def _regulation(code: str) -> str:
    try:
        load_regulation(code)
    except UnknownRegulationError as error:
        raise refuse(f"{error}; write the code of a packaged regulation") from None
    return code


def _scale(symbol: str) -> str:
    try:
        return find_scale(symbol).symbol
    except UnknownScaleError as error:
        raise refuse(f"{error}; write the symbol of a scale, as in HRC") from None


def _label(name: str) -> str:
    if not name.isascii():
        raise refuse(f"{name!r} does not fit a DataMatrix; use ASCII letters, digits and signs")
    return name


Dwell = Annotated[Number, Field(gt=0, le=60)]
Percent = Annotated[Number, Field(gt=0, le=100)]
Celsius = Annotated[Number, Field(ge=-20, le=60)]
RegulationCode = Annotated[Text, AfterValidator(_regulation)]
ScaleSymbol = Annotated[Text, AfterValidator(_scale)]
Label = Annotated[Text, Field(max_length=24), AfterValidator(_label)]


class LabSection(Section):
    """The laboratory."""

    name: Text
    """How documents and the view call the laboratory."""


class CellSection(Section):
    """The cell and the tolerances it works to."""

    name: Text = "rockwell-1"
    """How the journal calls this cell."""
    regulation: RegulationCode = "jjg113-2013"
    """Code of the regulation that verdicts follow."""
    u_pos_mm: Annotated[Number, Field(gt=0, le=2)] = 0.15
    """Positioning error that nothing at the anvil would show, mm, k = 3: added to clearances."""
    slots: Annotated[Whole, Field(ge=1, le=MAX_SLOTS)] = 33
    """Places of the tray."""
    reject_places: Annotated[Whole, Field(ge=1, le=MAX_REJECT_PLACES)] = 8
    """Places of the reject row."""
    spares: Annotated[Whole, Field(ge=0, le=10)] = 2
    """Spare positions planned per block, for readings void for a technical reason."""
    preliminary_dwell_s: Dwell = 3.0
    """Time at the preliminary force before loading, s."""
    total_dwell_s: Dwell = 5.0
    """Time at the total force, s."""
    recovery_dwell_s: Dwell = 4.0
    """Time back at the preliminary force before the depth is read, s."""
    dwell_tolerance_s: Annotated[Number, Field(gt=0, le=5)] = 0.5
    """A dwell further off than this makes the reading void, s."""
    force_tolerance_pct: Annotated[Number, Field(gt=0, le=10)] = 0.5
    """A total force further off than this makes the reading void, % of nominal."""
    calibration: Annotated[str, Field(max_length=4096)] = ""
    """Calibration of the vision station's camera; empty: calibration.json in the run's folder."""
    mark_tolerance_mm: Annotated[Number, Field(gt=0, le=2)] = 0.35
    """A mark nearer than this to a planned place is that place's indentation, mm."""
    temperature_min_c: Celsius = 18.0
    """Colder than this the cell holds, °C."""
    temperature_max_c: Celsius = 28.0
    """Warmer than this the cell holds, °C."""
    humidity_max_pct: Percent = 80.0
    """Damper than this the cell holds, % relative humidity."""

    @model_validator(mode="after")
    def _ordered(self) -> CellSection:
        findings = []
        if self.temperature_min_c >= self.temperature_max_c:
            text = f"{self.temperature_min_c:g} is not below temperature_max_c; exchange the two"
            findings.append(Finding(("temperature_min_c",), text))
        if self.mark_tolerance_mm < self.u_pos_mm:
            text = (
                f"{self.mark_tolerance_mm:g} is less than u_pos_mm, so an indentation within "
                "the positioning error would count as somebody else's; raise it"
            )
            findings.append(Finding(("mark_tolerance_mm",), text))
        refuse_all(findings)
        return self


class DutiesSection(Section):
    """What the cell does besides customers' blocks."""

    seating_indentations: Annotated[Whole, Field(ge=2, le=20)] = 2
    """Uncounted indentations after a change of indenter, anvil or force."""
    check_indentations: Annotated[Whole, Field(ge=2, le=20)] = 3
    """Indentations of one check."""
    daily_checks: Flag = True
    """Whether the check block is measured before the first and after the last block."""


class HolderBlock(Section):
    """A block that stands in the fixed holder."""

    name: Label
    """What its label shows: printable ASCII, 24 characters at most."""
    index: Annotated[Whole, Field(ge=1, le=2)]
    """Its place in the holder."""
    scale: ScaleSymbol = "HRC"
    """Symbol of its scale."""
    width_mm: Annotated[Number, Field(ge=20, le=150)] = 64.0
    """Diameter of a round face or side of a square one, mm."""
    shape: Literal["round", "rectangle"] = "round"
    """Outline of the test face."""
    certified: Exact | None = None
    """Its certified hardness, in the unit of its scale."""
    limit: Annotated[Exact, Field(gt=0, le=10)] | None = None
    """How far the mean of a check may lie from the certified value."""
    first_free: Annotated[Whole, Field(ge=0, le=10_000)] = 0
    """Positions of its surface plan that were used before the journal began."""

    @model_validator(mode="after")
    def _in_range(self) -> HolderBlock:
        scale = find_scale(self.scale)
        if self.certified is not None and not scale.contains(self.certified):
            text = (
                f"{self.certified} lies outside {scale.symbol} ({scale.low} to {scale.high}); "
                "take it from the certificate"
            )
            refuse_all([Finding(("certified",), text)])
        return self

    @property
    def known(self) -> tuple[Decimal, Decimal] | None:
        """Certified value and limit; None unless both are given."""
        if self.certified is None or self.limit is None:
            return None
        return self.certified, self.limit


class HolderSection(Section):
    """The seating and the check block."""

    seating: HolderBlock
    """Takes the uncounted indentations after a change of set-up."""
    check: HolderBlock
    """Shows whether the tester still measures right."""

    @model_validator(mode="after")
    def _apart(self) -> HolderSection:
        findings = []
        if self.seating.index == self.check.index:
            text = f"{self.check.index} is also the place of the seating block; use the other one"
            findings.append(Finding(("check", "index"), text))
        if self.seating.name == self.check.name:
            text = f"{self.check.name!r} is also the seating block; every block needs its own"
            findings.append(Finding(("check", "name"), text))
        refuse_all(findings)
        return self
