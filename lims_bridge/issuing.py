"""Issuing what was approved: number, document, seal, release. Killed anywhere, it can be repeated.

A number is spent before anything bears it; what was printed is kept by its digest before the
review lets it go out. So a second attempt finds what the first left and goes on from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlmodel import select

from lims_bridge import numbering
from lims_bridge.issue import Duty, Issue, Language, Replaced, Signer, kind_of, page_url
from lims_bridge.keeping.files import FileMissingError, FileStore
from lims_bridge.laboratory import LaboratoryFile
from lims_bridge.office.events import Document
from lims_bridge.press import Press, Stopped
from lims_bridge.record import CHINA, CalibrationRecord, read_record
from lims_bridge.review.desk import Desk
from lims_bridge.review.refusal import Refusal
from lims_bridge.review.registry import Registry
from lims_bridge.review.rules import may_seal
from lims_bridge.review.state import RecordKey, Review, SignedAt
from records.database import reading, writing
from records.tables import Certificate


@dataclass(frozen=True, slots=True)
class Issued:
    """A document that went out."""

    number: str
    pdf: bytes
    dcc: bytes
    review: Review


@dataclass(frozen=True, slots=True)
class IssuingOffice:
    """Issues approved records. ``language`` is that of the documents."""

    desk: Desk
    registry: Registry
    laboratory: LaboratoryFile
    press: Press
    language: Language = "both"

    def issue(self, key: RecordKey, by: str) -> Issued | Stopped:
        """Print, seal, keep and release the documents of an approved record."""
        review = self.desk.review(key)
        if isinstance(review, Refusal):
            return Stopped(str(key), (str(review),))
        refusal = may_seal(review, review.digest)
        if refusal:
            return Stopped(str(key), (str(refusal),))
        record = read_record(self.desk.files.get(review.digest))
        day = self.desk.now().astimezone(CHINA).date()
        row = self._reserved(record, review, day)
        made = self._printed(record, review, row)
        if isinstance(made, Stopped):
            return made
        return self._released(review, row, made, by)

    def _reserved(self, record: CalibrationRecord, review: Review, day: date) -> Certificate:
        with writing(self.desk.engine) as session, session.begin():
            return numbering.reserve(
                session,
                self.laboratory.numbers,
                kind_of(record),
                review.key.record,
                review.key.revision,
                review.digest,
                day,
            )

    def _printed(
        self, record: CalibrationRecord, review: Review, row: Certificate
    ) -> tuple[bytes, bytes] | Stopped:
        kept = self._kept(row)
        if kept is not None:
            return kept
        made = self.press.make(record, self._issue(record, review, row))
        if isinstance(made, Stopped):
            return made
        files: FileStore = self.desk.files
        digests = files.put(made.pdf), files.put(made.dcc)
        with writing(self.desk.engine) as session, session.begin():
            numbering.printed(session, row, *digests)
        return made.pdf, made.dcc

    def _kept(self, row: Certificate) -> tuple[bytes, bytes] | None:
        if row.pdf_sha256 is None or row.dcc_sha256 is None:
            return None
        files = self.desk.files
        return files.get(row.pdf_sha256), files.get(row.dcc_sha256)

    def _released(
        self, review: Review, row: Certificate, made: tuple[bytes, bytes], by: str
    ) -> Issued | Stopped:
        pdf, dcc = made
        identity = numbering.identity_of(row)
        assert row.pdf_sha256 is not None and row.dcc_sha256 is not None
        documents = (
            Document("pdf", f"{identity}.pdf", row.pdf_sha256),
            Document("dcc", f"{identity}.xml", row.dcc_sha256),
        )
        gone = self.desk.issue(review.key, review.digest, identity, documents, by)
        if isinstance(gone, Refusal):
            return Stopped(identity, (str(gone),))
        return Issued(identity, pdf, dcc, gone)

    def _issue(self, record: CalibrationRecord, review: Review, row: Certificate) -> Issue:
        seal = self.press.seal
        return Issue(
            kind=kind_of(record),
            number=row.number,
            revision=row.revision,
            language=self.language,
            issued_on=row.issued_on,
            signers=tuple(self._signers(review)),
            page_url=page_url(self.laboratory.verification_page.url, row.number, record),
            replaces=self._replaced(review, row),
            demo=seal is not None and seal.demo,
        )

    def _signers(self, review: Review) -> list[Signer]:
        pairs: tuple[tuple[Duty, SignedAt | None], ...] = (
            ("tester", review.tester),
            ("checker", review.checker),
            ("approver", review.approver),
        )
        return [
            Signer(
                duty=duty,
                name=self._name(signed),
                signed_on=signed.at.astimezone(CHINA).date(),
            )
            for duty, signed in pairs
            if signed is not None
        ]

    def _name(self, signed: SignedAt) -> str:
        """Return the full name on a person's card; the short one if the card was erased."""
        person = self.registry.people().get(signed.by)
        if person is None or not person.card:
            return signed.by
        try:
            return str(json.loads(self.desk.files.get(person.card)).get("name", signed.by))
        except FileMissingError:
            return signed.by

    def _replaced(self, review: Review, row: Certificate) -> Replaced | None:
        with reading(self.desk.engine) as session:
            old = session.exec(
                select(Certificate).where(
                    Certificate.record == row.record, Certificate.revision == row.revision - 1
                )
            ).first()
        if old is None or old.pdf_sha256 is None:
            return None
        return Replaced(
            identity=numbering.identity_of(old),
            pdf_sha256=old.pdf_sha256,
            reason=review.reason or "–",
        )
