"""The certificates of the house, each with what became of it, checked against events and files.

The register of numbers is a plain table. What makes it trustworthy is that everything in it is
said once more elsewhere: in the chain of the office, in the review, and by the files themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore
from lims_bridge.numbering import identity_of
from lims_bridge.office.events import Document
from lims_bridge.review.state import RecordKey, Review
from records.database import reading
from records.tables import Certificate

PDF, DCC = "pdf", "dcc"


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a certificate and how it is found: "ok", "missing", "altered" or "erased"."""

    name: str
    sha256: str
    found: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One revision of one certificate. ``state`` is that of its review once it is out.

    ``kind`` and ``record`` are empty where the register has nothing. ``said`` tells what became of
    it, ``troubles`` what does not fit.
    """

    identity: str
    kind: str
    key: RecordKey | None
    state: str
    issued_at: datetime | None
    said: str
    files: tuple[Kept, ...]
    troubles: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Say whether everything fits and every file is as it was."""
        return not self.trouble

    @property
    def trouble(self) -> str:
        """Return what does not fit, the files too; empty if everything does."""
        lost = [f"{f.name} {f.found}" for f in self.files if f.found not in ("ok", "erased")]
        return "; ".join((*lost, *self.troubles))


def certificates(
    engine: Engine, files: FileStore, reviews: Iterable[Review], erased: frozenset[str]
) -> tuple[Listed, ...]:
    """Return every number given out and every document issued, by number and revision.

    ``reviews`` are folded from the office's events, ``erased`` the digests erased on record.
    """
    with reading(engine) as session:
        order = col(Certificate.series), col(Certificate.year), col(Certificate.sequence)
        rows = tuple(session.exec(select(Certificate).order_by(*order, col(Certificate.revision))))
    standing = {review.key: review for review in reviews}
    store = _Store(files, erased)
    listed = [_listed(row, standing, store) for row in rows]
    known = {RecordKey(row.record, row.revision) for row in rows}
    listed += [
        _unregistered(review, store)
        for key, review in standing.items()
        if review.public and key not in known
    ]
    return tuple(listed)


def gaps(listed_rows: Iterable[Certificate]) -> Iterator[str]:
    """Say which numbers are missing: each is given once, and none is left out."""
    taken: dict[tuple[str, int], set[int]] = {}
    for row in listed_rows:
        taken.setdefault((row.series, row.year), set()).add(row.sequence)
    for (series, year), numbers in sorted(taken.items()):
        gone = sorted(set(range(1, max(numbers) + 1)) - numbers)
        if gone:
            named = ", ".join(str(each) for each in gone[:5])
            yield f"{series} {year}: number {named} is gone from the register"


def missing_numbers(engine: Engine) -> tuple[str, ...]:
    """Return the gaps in the register."""
    with reading(engine) as session:
        return tuple(gaps(session.exec(select(Certificate))))


@dataclass(frozen=True, slots=True)
class _Store:
    files: FileStore
    erased: frozenset[str]

    def look(self, name: str, digest: str) -> Kept:
        try:
            self.files.get(digest)
        except FileMissingError:
            return Kept(name, digest, "erased" if digest in self.erased else "missing")
        except (FileDamagedError, ValueError):
            return Kept(name, digest, "altered")
        return Kept(name, digest, "ok")


def _listed(row: Certificate, standing: dict[RecordKey, Review], store: _Store) -> Listed:
    key = RecordKey(row.record, row.revision)
    review = standing.get(key)
    out = review is not None and review.public
    named = ((PDF, row.pdf_sha256), (DCC, row.dcc_sha256))
    return Listed(
        identity=identity_of(row),
        kind=row.kind,
        key=key,
        state=review.state if review is not None and out else row.state,
        issued_at=review.issued_at if review is not None else None,
        said=_said(review, f"{row.number}-R") if review is not None else "",
        files=tuple(store.look(name, digest) for name, digest in named if digest is not None),
        troubles=tuple(_troubles(row, review)),
    )


def _troubles(row: Certificate, review: Review | None) -> Iterator[str]:
    if review is None:
        yield f"no event tells of record {row.record}/{row.revision}"
        return
    if row.record_digest != review.digest:
        yield "the register names another record than was reviewed"
    if not review.public:
        return
    if review.certificate != identity_of(row):
        yield f"it was issued as {review.certificate}"
    told = {document.sha256 for document in review.documents}
    kept = {digest for digest in (row.pdf_sha256, row.dcc_sha256) if digest is not None}
    if told != kept:
        yield "the register names other files than were issued"


def _unregistered(review: Review, store: _Store) -> Listed:
    # Documents made elsewhere are issued by hand and have no row; ours always have one.
    ours = {document.kind for document in review.documents} == {PDF, DCC}
    return Listed(
        identity=review.certificate,
        kind="",
        key=review.key,
        state=review.state,
        issued_at=review.issued_at,
        said=_said(review, "revision "),
        files=tuple(_document(each, store) for each in review.documents),
        troubles=("it is gone from the register of numbers",) if ours else (),
    )


def _document(document: Document, store: _Store) -> Kept:
    return store.look(document.kind, document.sha256)


def _said(review: Review, prefix: str) -> str:
    if review.withdrawn:
        return f"withdrawn by {review.withdrawn}"
    if review.successor is not None:
        return f"{review.state} by {prefix}{review.successor}"
    before = review.key.revision - 1
    return f"{review.how} revision {before}: {review.reason}" if review.how else ""
