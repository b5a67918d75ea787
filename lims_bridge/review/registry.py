"""The register of persons: entering, authorising, and telling who is who by passphrase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lims_bridge.exact import canonical
from lims_bridge.keeping.files import FileMissingError, FileStore
from lims_bridge.office import append
from lims_bridge.office.events import (
    AboutPerson,
    AuthorisationEnded,
    AuthorisationGranted,
    Duty,
    PassphraseSet,
    PersonEntered,
)
from lims_bridge.office.log import OfficeRow
from lims_bridge.review.passphrase import recognises, verifier_of
from lims_bridge.review.people import Person, Signature, fold_people
from lims_bridge.review.refusal import Refusal
from records.database import reading, writing
from records.tables import OfficeEvent
from runtime import unique_id, utc_now


@dataclass(frozen=True, slots=True)
class Registry:
    """Who works here. ``now`` returns the date and time in UTC."""

    engine: Engine
    files: FileStore
    now: Callable[[], datetime] = utc_now

    def people(self) -> dict[str, Person]:
        """Return everybody by short name."""
        with reading(self.engine) as session:
            return everybody(session)

    def enter(self, person: str, names: dict[str, str], by: str) -> None:
        """Make a person known, or write a new card: full name, title, contact.

        The card holds a random salt, so that its digest in the chain tells nothing once the card
        is erased.
        """
        card = self.files.put(canonical({**names, "salt": unique_id()}))
        self._write(PersonEntered(person, card, by))

    def set_passphrase(self, person: str, passphrase: str, by: str) -> Refusal | None:
        """Give a person a (new) passphrase to sign with."""
        if person not in self.people():
            return _nobody(person)
        try:
            verifier = self.files.put(verifier_of(passphrase, unique_id()))
        except ValueError as error:
            return Refusal(str(error))
        self._write(PassphraseSet(person, verifier, by))
        return None

    def authorise(
        self, person: str, duty: Duty, scale: str, first: date, last: date, by: str
    ) -> Refusal | None:
        """Allow a person a duty for a scale ("*": all) on the days from first to last."""
        if person not in self.people():
            return _nobody(person)
        if last < first:
            return Refusal(f"the last day {last} is before the first {first}")
        self._write(AuthorisationGranted(person, duty, scale, first, last, by))
        return None

    def end(
        self, person: str, duty: Duty, scale: str, day: date, by: str, reason: str
    ) -> Refusal | None:
        """From a day on, allow it no longer. What was signed before stays signed."""
        if person not in self.people():
            return _nobody(person)
        self._write(AuthorisationEnded(person, duty, scale, day, by, reason))
        return None

    def sign_in(self, person: str, passphrase: str) -> Signature | Refusal:
        """Return a signature if this is the person's passphrase."""
        known = self.people().get(person)
        if known is None or not known.verifier:
            return Refusal(f"{person} cannot sign: nobody of that name has a passphrase here")
        try:
            verifier = self.files.get(known.verifier)
        except FileMissingError:
            return Refusal(f"the passphrase of {person} was erased; set a new one")
        if not recognises(verifier, passphrase):
            return Refusal(f"this is not the passphrase of {person}")
        return Signature(known)

    def _write(self, event: AboutPerson) -> None:
        with writing(self.engine) as session, session.begin():
            append(session, self.now(), event)


def everybody(session: Session) -> dict[str, Person]:
    """Return everybody by short name, within a session."""
    found = (
        select(OfficeEvent)
        .where(col(OfficeEvent.subject).startswith("person:", autoescape=True))
        .order_by(col(OfficeEvent.seq))
    )
    return fold_people(_row(kept).event() for kept in session.exec(found))


def _row(kept: OfficeEvent) -> OfficeRow:
    return OfficeRow(kept.seq, kept.at, kept.subject, kept.kind, kept.version, kept.body, kept.hash)


def _nobody(person: str) -> Refusal:
    return Refusal(f"nobody called {person} is known; enter the person first")
