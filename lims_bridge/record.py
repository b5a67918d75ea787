"""The canonical record of one verified or calibrated block: `CalibrationRecord`, version 1.

Every document, message and look-up is made from it and names its digest. It holds what was
measured and by what; numbers, signers and dates of issue belong to the documents.
"""

from __future__ import annotations

from datetime import date, timedelta, timezone
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from lims_bridge.exact import Instant, Name, Part, canonical, sha256_hex
from lims_bridge.record_parts import (
    Duty,
    Environment,
    Equipment,
    Item,
    Judgement,
    Laboratory,
    Method,
    Order,
    Origin,
    Person,
    Picture,
    Reading,
    Result,
    ScaleFacts,
    Uncertainty,
    Versions,
)

SCHEMA: Final = "hardlab/calibration-record/1"
CHINA = timezone(timedelta(hours=8))


class RecordError(ValueError):
    """These bytes are no record of this version; the message says which field is wrong."""


class CalibrationRecord(Part):
    """One block, measured and judged. Equal content has equal bytes and so an equal digest."""

    schema_name: Literal["hardlab/calibration-record/1"] = Field(SCHEMA, alias="schema")
    number: Name
    """The number of the original record (原始记录号)."""
    laboratory: Laboratory
    order: Order
    item: Item
    scale: ScaleFacts
    method: Method
    began: Instant
    ended: Instant
    environment: Environment
    equipment: tuple[Equipment, ...]
    duties: tuple[Duty, ...]
    readings: tuple[Reading, ...]
    result: Result
    uncertainty: Uncertainty
    judgement: Judgement
    pictures: tuple[Picture, ...]
    tester: Person
    """检定员: the person in charge of the unattended run; the robot is equipment."""
    versions: Versions
    origin: Origin

    @property
    def valid_readings(self) -> tuple[Reading, ...]:
        """Return the readings that count, in the order they were made."""
        return tuple(reading for reading in self.readings if reading.valid)

    @property
    def measured_on(self) -> date:
        """Return the day of the measurement, in China Standard Time."""
        return in_china(self.ended)

    @property
    def draft(self) -> bool:
        """Say whether this supports drafts only, because its limits are unconfirmed."""
        return self.judgement.provisional or bool(self.method.unconfirmed)

    def content(self) -> dict[str, Any]:
        """Return the record as a JSON object; every number with decimals is text."""
        return self.model_dump(mode="json", by_alias=True)

    def payload(self) -> bytes:
        """Return the canonical bytes."""
        return canonical(self.content())

    def digest(self) -> str:
        """Return the SHA-256 of the canonical bytes, in hex."""
        return sha256_hex(self.payload())


def read_record(payload: bytes) -> CalibrationRecord:
    """Return the record in these bytes; raise `RecordError` if they are not its canonical ones."""
    try:
        record = CalibrationRecord.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "record"
        raise RecordError(f"{where}: {first['msg']}") from error
    if record.payload() != payload:
        raise RecordError("record: these bytes are not the canonical spelling of their content")
    return record


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of version 1."""
    schema = CalibrationRecord.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        **schema,
    }


def in_china(instant: Instant) -> date:
    """Return the calendar day of an instant in China Standard Time (UTC+8, no summer time)."""
    return instant.astimezone(CHINA).date()
