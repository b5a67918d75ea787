"""Verifying a sealed PDF with what is inside it, or a digital certificate alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from lims_bridge.dcc.elements import NAMES, Element
from lims_bridge.record import CalibrationRecord, RecordError, read_record
from lims_bridge.sealing.xml_seal import BadXml, open_sealed_xml
from lims_bridge.verifying.agreement import disagreements, number_of
from lims_bridge.verifying.report import Check, Report
from lims_bridge.verifying.seals import Opened, open_pdf

DCC_NAME: Final = "dcc.xml"
RECORD_NAME: Final = "record.json"
DEMO_WARNING: Final = "the seal is that of a demonstration: no institution stands behind it"
DRAFT_WARNING: Final = "this is a draft: its limits are unconfirmed, it is no certificate"


def verify_pdf(file: str, data: bytes, roots: Path, moment: datetime | None = None) -> Report:
    """Check a sealed PDF: its seal, the certificate and the record inside, and that they agree.

    ``roots`` is a file with the certificates the verifier trusts (PEM). Nothing is fetched.
    ``moment`` is as of when, by default now.
    """
    opened = open_pdf(data, roots, moment)
    if isinstance(opened, Check):
        return Report(file, (opened,))
    # What the seal covers existed when the seal was stamped.
    certificate = _certificate(opened, roots, opened.proven_at or moment)
    record = _record(opened)
    checks = [*opened.checks]
    checks.append(_of_certificate(certificate))
    checks.append(_of_record(record))
    if not isinstance(certificate, BadXml) and isinstance(record, CalibrationRecord):
        checks += _agreement(certificate, record, opened.title)
    warnings = (*opened.warnings, *_warnings(opened.demo, certificate))
    return Report(file, tuple(checks), warnings)


def verify_xml(file: str, data: bytes, roots: Path, moment: datetime | None = None) -> Report:
    """Check a digital certificate that comes without its PDF."""
    certificate = open_sealed_xml(data, roots, moment)
    return Report(file, (_of_certificate(certificate),), tuple(_warnings(False, certificate)))


def _certificate(opened: Opened, roots: Path, moment: datetime | None) -> Element | BadXml:
    inside = opened.attached.get(DCC_NAME)
    if inside is None:
        return BadXml("it is not attached")
    return open_sealed_xml(inside, roots, moment)


def _record(opened: Opened) -> CalibrationRecord | str:
    inside = opened.attached.get(RECORD_NAME)
    if inside is None:
        return "it is not attached"
    try:
        return read_record(inside)
    except RecordError as error:
        return str(error)


def _of_certificate(certificate: Element | BadXml) -> Check:
    if isinstance(certificate, BadXml):
        return Check("digital certificate", False, certificate.reason)
    return Check("digital certificate", True, f"{number_of(certificate)}, its signature holds")


def _of_record(record: CalibrationRecord | str) -> Check:
    if isinstance(record, str):
        return Check("record", False, record)
    return Check("record", True, f"{record.number}, SHA-256 {record.digest()[:16]}…")


def _agreement(certificate: Element, record: CalibrationRecord, title: str) -> Iterator[Check]:
    wrong = disagreements(certificate, record)
    yield Check(
        "agreement",
        not wrong,
        "; ".join(wrong) or "the digital certificate says what the record says",
    )
    number = number_of(certificate)
    named = bool(number) and title.endswith(f" {number}")
    yield Check(
        "number",
        named,
        f"PDF and digital certificate bear {number}"
        if named
        else f"the PDF is called {title!r}, the digital certificate bears {number!r}",
    )


def _warnings(demo: bool, certificate: Element | BadXml) -> Iterator[str]:
    if isinstance(certificate, BadXml):
        return
    said = {each.get("id") for each in certificate.iterfind(".//dcc:statement", NAMES)}
    if demo or "demo" in said:
        yield DEMO_WARNING
    if "draft" in said:
        yield DRAFT_WARNING
