"""`laboratory.toml`: what documents must say and the journal of a cell does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lims_bridge.exact import Digest, Name, Text
from lims_bridge.record_parts import (
    Equipment,
    Laboratory,
    Order,
    Party,
    Person,
    Role,
    Service,
)

Patterns = Annotated[tuple[Name, ...], Field(min_length=1)]


class LaboratoryError(ValueError):
    """The file cannot be used; ``problems`` are lines "FILE key: what"."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """The root of all sections: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LaboratorySection(Section):
    """[laboratory]: the verifying body."""

    name_zh: Name
    name_en: str = ""
    address_zh: Name
    address_en: str = ""
    place_zh: Name
    place_en: str = ""
    city: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    authorisation: str = ""
    phone: str = ""
    postcode: str = ""
    fax: str = ""
    email: str = ""
    website: str = ""

    def laboratory(self) -> Laboratory:
        """Return it as a record has it."""
        return Laboratory(
            name=Text(zh=self.name_zh, en=self.name_en),
            address=Text(zh=self.address_zh, en=self.address_en),
            place=Text(zh=self.place_zh, en=self.place_en),
            **self.model_dump(exclude=_WORDS),
        )


_WORDS = {f"{key}_{tongue}" for key in ("name", "address", "place") for tongue in ("zh", "en")}


class NumbersSection(Section):
    """[numbers]: how certificate numbers are written, and the series of each kind."""

    pattern: Annotated[str, Field(pattern=r"\{sequence(:0?\d+d)?\}")] = (
        "{series}{year}-{sequence:05d}"
    )
    verification: Name = "J"
    notice: Name = "T"
    calibration: Name = "X"


class PageSection(Section):
    """[verification_page]: what the QR code opens."""

    url: Annotated[str, Field(pattern=r"^https://.*\{number\}.*\{digest\}")]


class PersonSection(Section):
    """[tester]: 检定员."""

    name: Name
    authorisation: str = ""

    def person(self) -> Person:
        """Return the person as a record has it."""
        return Person(name=self.name, authorisation=self.authorisation)


class EquipmentSection(Section):
    """[[equipment]]: something results on some scales ("*": all) rest on."""

    role: Role
    scales: Patterns
    identity: Name
    name_zh: Name
    name_en: str = ""
    model: str = ""
    measuring_range: str = ""
    uncertainty: str = ""
    certificate: Name
    issued_by_zh: Name
    issued_by_en: str = ""
    valid_until: date
    certificate_sha256: Digest | None = None

    def equipment(self) -> Equipment:
        """Return it as a record has it."""
        return Equipment(
            role=self.role,
            identity=self.identity,
            name=Text(zh=self.name_zh, en=self.name_en),
            model=self.model,
            measuring_range=self.measuring_range,
            uncertainty=self.uncertainty,
            certificate=self.certificate,
            issued_by=Text(zh=self.issued_by_zh, en=self.issued_by_en),
            valid_until=self.valid_until,
            certificate_sha256=self.certificate_sha256,
        )


class OrderSection(Section):
    """[[order]]: what a customer wants done with which blocks."""

    number: Name
    service: Service
    blocks: Patterns
    customer_zh: Name
    customer_en: str = ""
    address_zh: str = ""
    address_en: str = ""
    received_on: date | None = None
    item_zh: Name
    item_en: str = ""
    model: str = ""
    manufacturer_zh: Name
    manufacturer_en: str = ""

    def order(self) -> Order:
        """Return the order as a record has it."""
        address = Text(zh=self.address_zh, en=self.address_en) if self.address_zh else None
        customer = Party(name=Text(zh=self.customer_zh, en=self.customer_en), address=address)
        return Order(
            number=self.number,
            service=self.service,
            customer=customer,
            received_on=self.received_on,
        )

    def describe(self, block: str) -> Mapping[str, Any]:
        """Return what an `Item` takes from the order."""
        return {
            "number": block,
            "serial": block,
            "name": Text(zh=self.item_zh, en=self.item_en),
            "model": self.model,
            "manufacturer": Party(name=Text(zh=self.manufacturer_zh, en=self.manufacturer_en)),
        }


class LaboratoryFile(Section):
    """The whole file."""

    laboratory: LaboratorySection
    numbers: NumbersSection = NumbersSection()
    verification_page: PageSection
    tester: PersonSection
    equipment: tuple[EquipmentSection, ...] = ()
    order: tuple[OrderSection, ...] = ()

    def equipment_for(self, scale: str) -> tuple[Equipment, ...]:
        """Return what a result on a scale rests on, in the order of the file."""
        return tuple(
            each.equipment()
            for each in self.equipment
            if any(fnmatchcase(scale, pattern) for pattern in each.scales)
        )

    def order_for(self, block: str) -> OrderSection | None:
        """Return the first order whose patterns fit a block; None if none does."""
        for order in self.order:
            if any(fnmatchcase(block, pattern) for pattern in order.blocks):
                return order
        return None


def read_laboratory(path: Path) -> LaboratoryFile:
    """Read the file; raise `LaboratoryError` with every problem at once."""
    try:
        text = path.read_text(encoding="utf-8")
        return LaboratoryFile.model_validate(tomllib.loads(text))
    except OSError as error:
        raise LaboratoryError(
            (f"{path}: {error.strerror}; give the file with --laboratory",)
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LaboratoryError((f"{path}: not TOML: {error}",)) from None
    except ValidationError as error:
        raise LaboratoryError(tuple(_problems(path, error))) from None


def _problems(path: Path, error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        key = ".".join(str(step) for step in each["loc"])
        yield f"{path} {key}: {each['msg'][0].lower()}{each['msg'][1:]}"


__all__ = ["LaboratoryError", "LaboratoryFile", "OrderSection", "read_laboratory"]
