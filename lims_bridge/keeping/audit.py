"""The audit: does everything kept here still say what it said? Edits, deletions and a cut tail.

It compares four things that would all have to be forged alike: the chain of the journal, the
library made from it, the chain of the office with the files it names, and the signed anchors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine
from sqlmodel import select

from lims_bridge.exact import sha256_hex
from lims_bridge.keeping.anchors import AnchorFolder, anchored_rows, check_anchors
from lims_bridge.keeping.certificates import certificates, missing_numbers
from lims_bridge.keeping.erasure import erased, payloads_of
from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore
from lims_bridge.keeping.stamps import stamps_on
from lims_bridge.office import OfficeRow, broken_links, rows
from lims_bridge.office.events import AnchorMade, AnyEvent
from lims_bridge.office.log import OfficeLogError
from lims_bridge.review.state import RecordKey, Review, fold_reviews
from records.chain import GENESIS, JournalRow, ProjectionError, link
from records.database import reading
from records.projection import position
from records.tables import OutboxMessage, ReviewState
from records.verification import differences

JOURNAL, OFFICE = "journal", "office"
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the audit: whether it is good, and what was found."""

    part: str
    good: bool
    says: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is audited. ``journal`` yields the rows of the journal from the first on, each time."""

    engine: Engine
    files: FileStore
    journal: Callable[[], Iterable[JournalRow]]
    anchors: AnchorFolder
    key: Ed25519PublicKey | None


def audit(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found, part by part; each part is worked on when it is asked for."""
    wanted = anchored_rows(evidence.anchors)
    seq, cursor = position(evidence.engine)
    journal = _walk(evidence.journal(), wanted.get(JOURNAL, frozenset()) | {seq})
    yield _journal(journal)
    yield _library(evidence, journal, seq, cursor)
    office = _office_walk(evidence.engine, wanted.get(OFFICE, frozenset()))
    yield _office(office)
    reviews = _folded(office)
    yield _reviews(evidence.engine, reviews)
    yield _certificates(evidence, office, reviews)
    yield _outbox(evidence.engine)
    yield _payloads(evidence, office)
    yield _anchors(evidence, journal.hashes, office)
    yield _stamps(evidence)


@dataclass(slots=True)
class _Walk:
    count: int = 0
    broken: list[int] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _OfficeWalk(_Walk):
    events: list[tuple[OfficeRow, AnyEvent]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def _walk(kept: Iterable[JournalRow], wanted: Iterable[int]) -> _Walk:
    walk, previous, needed = _Walk(), GENESIS, frozenset(wanted)
    for row in kept:
        walk.count += 1
        if row.seq != walk.count or row.hash != link(previous, row):
            walk.broken.append(row.seq)
        previous = row.hash
        if row.seq in needed:
            walk.hashes[row.seq] = row.hash
    return walk


def _office_walk(engine: Engine, wanted: frozenset[int]) -> _OfficeWalk:
    walk = _OfficeWalk()
    with reading(engine) as session:
        kept = list(rows(session))
    walk.count, walk.broken = len(kept), list(broken_links(kept))
    walk.hashes = {row.seq: row.hash for row in kept if row.seq in wanted}
    for row in kept:
        try:
            walk.events.append((row, row.event()))
        except OfficeLogError as error:
            walk.unreadable.append(str(error))
    return walk


def _journal(walk: _Walk) -> Finding:
    if walk.broken:
        says = f"the chain is broken at rows {_some(walk.broken)}: rows were changed or taken out"
        return Finding(JOURNAL, good=False, says=says)
    return Finding(JOURNAL, good=True, says=f"{walk.count} rows, the chain is whole")


def _library(evidence: Evidence, journal: _Walk, seq: int, cursor: str) -> Finding:
    part = "library"
    if seq and seq not in journal.hashes:
        says = (
            f"the library knows {seq} rows of the journal, which now has {journal.count}: its end "
            "was cut off; take the journal from a backup"
        )
        return Finding(part, good=False, says=says)
    if seq and journal.hashes[seq] != cursor:
        says = f"row {seq} of the journal is not the one the library was made from"
        return Finding(part, good=False, says=says)
    try:
        found = differences(evidence.engine, evidence.journal())
    except ProjectionError as error:
        return Finding(part, good=False, says=str(error))
    if found:
        named = _some([f"{d.table} {d.key}" for d in found])
        says = f"{len(found)} rows differ from the journal: {named}"
        return Finding(part, good=False, says=says)
    return Finding(part, good=True, says=f"every row is as the journal has it, up to row {seq}")


def _office(walk: _OfficeWalk) -> Finding:
    if walk.broken:
        says = f"the chain is broken at rows {_some(walk.broken)}: rows were changed or taken out"
        return Finding(OFFICE, good=False, says=says)
    return Finding(OFFICE, good=True, says=f"{walk.count} rows, the chain is whole")


def _folded(office: _OfficeWalk) -> dict[RecordKey, Review] | str:
    """Return where each record stands by the events, or which one they contradict."""
    try:
        return fold_reviews((row.when, event) for row, event in office.events)
    except ValueError as error:
        return str(error)


def _reviews(engine: Engine, reviews: dict[RecordKey, Review] | str) -> Finding:
    if isinstance(reviews, str):
        return Finding("reviews", good=False, says=reviews)
    with reading(engine) as session:
        kept = {
            RecordKey(r.record, r.revision): (r.state, r.digest, r.block, r.scale)
            for r in session.exec(select(ReviewState))
        }
    told = {key: (r.state, r.digest, r.block, r.scale) for key, r in reviews.items()}
    odd = sorted(str(key) for key in kept.keys() | told.keys() if kept.get(key) != told.get(key))
    says = f"{_some(odd)} do not stand where the events say" if odd else f"{len(told)} reviews"
    return Finding("reviews", not odd, says)


def _certificates(
    evidence: Evidence, office: _OfficeWalk, reviews: dict[RecordKey, Review] | str
) -> Finding:
    if isinstance(reviews, str):
        return Finding("certificates", good=False, says="not to be judged without the reviews")
    struck = erased(evidence.engine) if not office.unreadable else frozenset()
    book = certificates(evidence.engine, evidence.files, reviews.values(), struck)
    odd = [f"{each.identity} ({each.trouble})" for each in book if not each.good]
    odd += missing_numbers(evidence.engine)
    out = Counter(each.state for each in book)
    counted = ", ".join(f"{number} {state}" for state, number in sorted(out.items()))
    good = f"{len(book)} revisions: {counted}" if book else "none yet"
    return Finding("certificates", not odd, _some(odd) if odd else good)


def _outbox(engine: Engine) -> Finding:
    with reading(engine) as session:
        kept = session.exec(select(OutboxMessage)).all()
    odd = [m.key for m in kept if sha256_hex(m.payload.encode()) != m.sha256]
    says = f"altered: {_some(odd)}" if odd else f"{len(kept)} messages as they were written"
    return Finding("outbox", not odd, says)


def _payloads(evidence: Evidence, office: _OfficeWalk) -> Finding:
    gone, wrong, count = [], [], 0
    struck = erased(evidence.engine) if not office.unreadable else frozenset()
    for digest in sorted({d for _, event in office.events for d in payloads_of(event)}):
        count += 1
        try:
            evidence.files.get(digest)
        except FileMissingError:
            gone += [digest[:12]] if digest not in struck else []
            continue
        except FileDamagedError:
            wrong.append(digest[:12])
        if digest in struck:
            wrong.append(f"{digest[:12]} (erased on record, still there)")
    if gone or wrong or office.unreadable:
        parts = (("missing", gone), ("altered", wrong), ("unreadable", office.unreadable))
        says = "; ".join(f"{name}: {_some(odd)}" for name, odd in parts if odd)
        return Finding("files", good=False, says=says)
    return Finding("files", good=True, says=f"{count} files as they were, {len(struck)} erased")


def _anchors(evidence: Evidence, journal: dict[int, str], office: _OfficeWalk) -> Finding:
    part = "anchors"
    names = evidence.anchors.names()
    made = {event.name: event.digest for _, event in office.events if isinstance(event, AnchorMade)}
    missing = sorted(set(made) - set(names))
    if missing:
        says = f"missing: {_some(missing)}; take them from whoever was given them"
        return Finding(part, good=False, says=says)
    if not names:
        return Finding(part, good=True, says="none yet: a cut-off end would not be seen by them")
    if evidence.key is None:
        return Finding(part, good=False, says="no public key: give it with --public-key")
    chains = {JOURNAL: journal, OFFICE: office.hashes}
    odd = list(check_anchors(evidence.anchors, evidence.key, chains))
    odd += [
        f"anchor {name}: another one was signed"
        for name in names
        if name in made and _digest(evidence.anchors, name) not in (made[name], "")
    ]
    return Finding(part, not odd, "; ".join(odd[:SHOWN]) or f"{len(names)} anchors hold")


def _stamps(evidence: Evidence) -> Finding:
    asked = list(stamps_on(evidence.engine, evidence.anchors))
    odd = [f"{each.anchor} by {each.authority}: {each.trouble}" for each in asked if each.trouble]
    had = sum(each.at is not None for each in asked)
    says = f"{had} of {len(asked)} asked for" if asked else "no time-stamping authority is asked"
    return Finding("stamps", not odd, _some(odd) if odd else says)


def _digest(anchors: AnchorFolder, name: str) -> str:
    try:
        return anchors.read(name)[0].digest
    except RuntimeError:
        return ""


def _some(found: list[int] | list[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(str(each) for each in found[:SHOWN]) + more
