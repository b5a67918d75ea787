"""From a record and its issue to the sealed document: certificate, page, seal, in that order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from lims_bridge.dcc.build import build
from lims_bridge.dcc.schema import schema_folder, violations
from lims_bridge.documents.photograph import NoPicture, photograph
from lims_bridge.documents.setting import Attachment, Typesetter, Unset
from lims_bridge.documents.sheet import compose
from lims_bridge.documents.words import TITLES
from lims_bridge.issue import Duty, Issue, kind_of
from lims_bridge.record import CalibrationRecord, in_china
from lims_bridge.sealing.pdf_seal import ALONE, seal_pdf
from lims_bridge.sealing.service import SealError, SealService
from lims_bridge.sealing.witness import Witness
from lims_bridge.sealing.xml_seal import seal_xml
from lims_bridge.verifying.verify import DCC_NAME, RECORD_NAME

DUTIES: tuple[Duty, ...] = ("tester", "checker", "approver")


@dataclass(frozen=True, slots=True)
class Stopped:
    """No document was made: every reason."""

    number: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """A document and the signed certificate inside it; ``sealed`` is false for a preview."""

    issue: Issue
    pdf: bytes
    dcc: bytes
    sealed: bool

    @property
    def name(self) -> str:
        """Return the name of its files, without an ending."""
        return self.issue.identity.replace("/", "-").replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Press:
    """Makes documents one after the other. Without a ``seal`` it makes previews.

    ``pictures`` is where photographs are kept. Blocks; not to be called from a running loop.
    """

    typesetter: Typesetter
    pictures: Path
    seal: SealService | None = None
    witness: Witness = ALONE

    def make(self, record: CalibrationRecord, issue: Issue) -> Printed | Stopped:
        """Return the document, or why there is none."""
        reasons = tuple(objections(record, issue, self.seal))
        if reasons:
            return Stopped(issue.identity, reasons)
        picture = photograph(record, self.pictures)
        if isinstance(picture, NoPicture):
            return Stopped(issue.identity, (picture.reason,))
        try:
            return self._printed(record, issue, *picture)
        except SealError as error:
            return Stopped(issue.identity, (str(error),))

    def _printed(
        self, record: CalibrationRecord, issue: Issue, name: str, picture: bytes
    ) -> Printed | Stopped:
        root = build(record, issue)
        folder = schema_folder()
        wrong = violations(root, folder) if folder else ()
        if wrong:
            return Stopped(issue.identity, wrong)
        seal = self.seal
        dcc = seal_xml(root, seal) if seal else etree.tostring(root, encoding="UTF-8")
        self.typesetter.bring(name, picture)
        pdf = self.typesetter.set(
            compose(record, issue, name), _attached(record, dcc), issue.issued_on
        )
        if isinstance(pdf, Unset):
            return Stopped(issue.identity, (pdf.reason,))
        if seal:
            pdf = seal_pdf(
                pdf,
                seal,
                reason=f"{TITLES[issue.kind][0]} {issue.identity}",
                place=record.laboratory.name.zh,
                witness=self.witness,
            )
        return Printed(issue, pdf, dcc, sealed=seal is not None)


def objections(record: CalibrationRecord, issue: Issue, seal: SealService | None) -> Iterator[str]:
    """Say what forbids this document, whatever its content."""
    if issue.kind != kind_of(record):
        yield f"this record leads to a {kind_of(record)} document, not to a {issue.kind} one"
    if issue.issued_on < record.measured_on:
        yield f"issued on {issue.issued_on}, before the measurement on {record.measured_on}"
    if record.draft and not issue.draft:
        open_tables = ", ".join(record.method.unconfirmed) or "the verdict"
        yield f"only a draft can come of unconfirmed limits: {open_tables}"
    if seal is not None and seal.demo != issue.demo:
        yield "a demonstration and a real document must not bear each other's seal"
    if seal is not None and issue.draft and not seal.demo:
        yield "a draft is not sealed; look at it with: hardlab certificate preview"
    if seal is not None:
        yield from _ended(seal, issue)
    if not issue.draft:
        yield from _unsigned(issue)
        yield from _other_tester(record, issue)


def _unsigned(issue: Issue) -> Iterator[str]:
    for duty in DUTIES:
        if issue.signer(duty) is None:
            yield f"no {duty} has signed"
    tester, checker = issue.signer("tester"), issue.signer("checker")
    if tester and checker and tester.name == checker.name:
        yield f"{tester.name} cannot check what the same person tested"


def _ended(seal: SealService, issue: Issue) -> Iterator[str]:
    own = seal.chain[0]
    first, last = in_china(own.not_valid_before_utc), in_china(own.not_valid_after_utc)
    if not first <= issue.issued_on <= last:
        yield (
            f"the certificate of the seal is good from {first} to {last}, not on "
            f"{issue.issued_on}: seal with a renewed one, or set the clock"
        )


def _other_tester(record: CalibrationRecord, issue: Issue) -> Iterator[str]:
    # The document says that the person named is in charge of the run; so does the record inside.
    signed = issue.signer("tester")
    if signed is not None and signed.name != record.tester.name:
        yield (
            f"{signed.name} signed as 检定员, but the record names {record.tester.name} as in "
            "charge of the run: put the right one into [tester] and take the record anew"
        )


def _attached(record: CalibrationRecord, dcc: bytes) -> tuple[Attachment, ...]:
    return (
        Attachment(DCC_NAME, dcc.decode(), "application/xml", "data", "DCC 3.3.0"),
        Attachment(
            RECORD_NAME, record.payload().decode(), "application/json", "source", record.schema_name
        ),
    )
