"""The parts of a `CalibrationRecord`. Lengths in mm, forces in N, times in ms, °C, % RH.

Hardness is in the unit of the scale, instants are UTC.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from lims_bridge.exact import Digest, Exact, Instant, Name, Part, Text

Service = Literal["verification", "calibration"]
"""检定 (a verdict is given) or 校准 (none is)."""
Role = Literal["standard machine", "indenter", "primary block", "auxiliary"]
Measure = Literal["range", "hardness percent", "diameter percent"]
ReadingState = Literal["intended", "confirmed", "voided", "doubted", "not-happened"]


class Party(Part):
    """A customer or manufacturer; ``name`` is as it must stand on the document."""

    name: Text
    address: Text | None = None
    contact: str = ""


class Laboratory(Part):
    """The verifying body, as the cover of a document names it."""

    name: Text
    address: Text
    place: Text
    """Where the measurement was made."""
    city: Name
    country: Literal["CN"] | Name
    authorisation: str
    """Number of the authorisation (法定计量检定机构授权证书号); empty if there is none."""
    phone: str
    postcode: str
    fax: str
    email: str
    website: str


class Order(Part):
    """What the customer asked for."""

    number: Name
    service: Service
    customer: Party
    received_on: date | None


class Item(Part):
    """The block. ``number`` is the lab's name for it; ``code`` what its own mark was read as."""

    number: Name
    name: Text
    model: str
    serial: Name
    manufacturer: Party
    shape: Literal["round", "rectangle"]
    width_mm: Exact
    depth_mm: Exact
    thickness_mm: Exact | None
    code: str | None
    identified_by: Name


class ScaleFacts(Part):
    """The scale; a cone has no ball diameter, Brinell no preliminary force (0)."""

    symbol: Name
    family: Literal["rockwell", "superficial", "brinell"]
    ball_diameter_mm: Exact | None
    preliminary_force_n: Exact
    total_force_n: Exact
    low: Exact
    high: Exact


class Confirmation(Part):
    """A table of the regulation, and who compared it with the licensed text (empty: nobody)."""

    table: Name
    source: str
    clause: str
    confidence: str
    by: str
    on: date | None


class Method(Part):
    """The regulation as it was applied."""

    code: Name
    title: Text
    in_force: date | None
    indentations: int
    measure: Measure
    comparison: Literal["full value", "rounded value"]
    validity_months: int
    tables: tuple[Confirmation, ...]

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """Name the tables nobody has compared with the licensed text."""
        return tuple(table.table for table in self.tables if not (table.by and table.on))


class Climate(Part):
    """One reading of the air at the block."""

    at: Instant
    temperature_c: Exact
    humidity_pct: Exact


class Environment(Part):
    """The air during the measurement, and the temperature the regulation allows."""

    readings: tuple[Climate, ...]
    low_c: Exact
    high_c: Exact


class Equipment(Part):
    """Something the result rests on, with its certificate on the day of the measurement."""

    role: Role
    identity: Name
    name: Text
    model: str
    measuring_range: str
    uncertainty: str
    """Uncertainty, class or maximum permissible error, as its certificate gives it."""
    certificate: Name
    issued_by: Text
    valid_until: date
    certificate_sha256: Digest | None

    def valid_on(self, day: date) -> bool:
        """Say whether its certificate held on a day, the last one included."""
        return day <= self.valid_until


class DutyReading(Part):
    """An indentation on a block of the fixed holder."""

    at: Instant
    hardness: Exact | None
    state: ReadingState


class Duty(Part):
    """Seating indentations, or a check of the machine with what came out of it."""

    kind: Literal["seating", "opening-check", "closing-check"]
    block: Name
    at: Instant
    cause: str
    readings: tuple[DutyReading, ...]
    mean: Exact | None = None
    certified: Exact | None = None
    deviation: Exact | None = None
    limit: Exact | None = None
    good: bool | None = None


class Reading(Part):
    """One indentation. ``raw`` is the tester's record as published, escapes as Python's.

    ``position`` is its number on the plan; x and y lie in the frame of the block, from its centre.
    """

    op: Name
    position: int
    x_mm: Exact
    y_mm: Exact
    state: ReadingState
    at: Instant
    hardness: Exact | None
    number: int | None
    raw: str | None
    received: Instant | None
    preliminary_dwell_ms: int | None
    loading_ms: int | None
    total_dwell_ms: int | None
    total_force_n: Exact | None
    recovered: bool | None
    reason: str | None

    @property
    def valid(self) -> bool:
        """Say whether this reading counts."""
        return self.state == "confirmed" and self.hardness is not None


class Component(Part):
    """One standard uncertainty (k = 1) by its name in the standard."""

    symbol: Name
    value: Exact


class Uncertainty(Part):
    """The budget; ``expanded`` is U = k times the combined one, rounded as published."""

    components: tuple[Component, ...]
    combined: Exact
    coverage_factor: Exact
    coverage_probability: Exact
    expanded: Exact


class Result(Part):
    """``value`` is the mean rounded as a document shows it; the rest is unrounded.

    ``uniformity`` and ``limit`` are in HR for the measure "range", else in percent.
    """

    mean: Exact
    value: Exact
    uniformity: Exact
    limit: Exact


class Judgement(Part):
    """The verdict; ``provisional`` while the limits are not confirmed. Failed items by name."""

    passed: bool
    provisional: bool
    reason: Text
    failed_items: tuple[Text, ...]


class Picture(Part):
    """A picture of the test face, named by the SHA-256 of its pixels."""

    purpose: Literal["before", "after", "doubt"]
    sha256: Digest
    at: Instant


class Person(Part):
    """A person who answers for something; ``authorisation`` is the number of the paper."""

    name: Name
    authorisation: str


class Weights(Part):
    """A learned model that had a say, and the digest of its weights."""

    name: Name
    sha256: Digest


class Versions(Part):
    """What ran: program, digest of the configuration, models; and the daemon's session."""

    program: Name
    configuration: Name
    session: int
    models: tuple[Weights, ...] = ()


class Origin(Part):
    """Where in the journal this comes from: the tray's acceptance and the verdict."""

    tray: Name
    tray_seq: int
    slot: int
    verdict_seq: int
