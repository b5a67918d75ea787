"""What a document adds to a record: its kind, number, language, signers and dates."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from lims_bridge.exact import Digest, Name, Part
from lims_bridge.record import CalibrationRecord

Kind = Literal["verification", "notice", "calibration"]
"""检定证书 (pass), 检定结果通知书 (fail), 校准证书 (no verdict)."""
Language = Literal["zh", "en", "both"]
Duty = Literal["tester", "checker", "approver"]

DRAFT_NUMBER: Final = "DRAFT"


class Signer(Part):
    """Who signed for what, and on which day; 检定员, 核验员 or 批准人."""

    duty: Duty
    name: Name
    authorisation: str = ""
    signed_on: date | None = None


class Replaced(Part):
    """The revision that this one replaces, by its number and the digest of its PDF, and why."""

    identity: Name
    pdf_sha256: Digest
    reason: Name


class Issue(Part):
    """One revision of one document. ``page_url`` is what its QR code opens.

    ``draft`` marks a document nobody may rely on; ``demo`` one that no laboratory stands behind.
    """

    kind: Kind
    number: Name
    revision: Annotated[int, Field(ge=1)] = 1
    language: Language = "both"
    issued_on: date
    signers: tuple[Signer, ...]
    page_url: str
    replaces: Replaced | None = None
    draft: bool = False
    demo: bool = False

    @property
    def identity(self) -> str:
        """Return the number as printed: an amended document bears one of its own."""
        return self.number if self.revision == 1 else f"{self.number}-R{self.revision}"

    def signer(self, duty: Duty) -> Signer | None:
        """Return who signed for a duty; None if nobody has (yet)."""
        return next((each for each in self.signers if each.duty == duty), None)


def kind_of(record: CalibrationRecord) -> Kind:
    """Return the kind of document that a record leads to."""
    if record.order.service == "calibration":
        return "calibration"
    return "verification" if record.judgement.passed else "notice"


def valid_until(record: CalibrationRecord, kind: Kind) -> date | None:
    """Return the last day of validity of a passed verification; nothing else has one.

    It ends the day before the anniversary (usual practice, confidence K-md; the length itself is
    the regulation's).
    """
    if kind != "verification":
        return None
    return _months_later(record.measured_on, record.method.validity_months) - timedelta(days=1)


def page_url(template: str, number: str, record: CalibrationRecord) -> str:
    """Return what a QR code opens: the number and 16 digits of the record's digest."""
    return template.format(number=number, digest=record.digest()[:16])


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
