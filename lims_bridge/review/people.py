"""Persons and what they may do, folded from the office's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from lims_bridge.office.events import (
    AboutPerson,
    AnyEvent,
    AuthorisationEnded,
    AuthorisationGranted,
    Duty,
    PassphraseSet,
    PersonEntered,
)

DUTY_NAMES: dict[Duty, str] = {"test": "检定员", "check": "核验员", "approve": "批准人"}
EVERY_SCALE = "*"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A person may do a duty for a scale on the days from first to last, both included."""

    duty: Duty
    scale: str
    first: date
    last: date
    by: str

    def covers(self, duty: Duty, scale: str, day: date) -> bool:
        """Say whether it allows the duty for the scale on that day."""
        fits = self.duty == duty and self.scale in (scale, EVERY_SCALE)
        return fits and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody known to the office; ``card`` and ``verifier`` are digests of kept files."""

    name: str
    card: str = ""
    verifier: str = ""
    authorisations: tuple[Authorisation, ...] = ()

    def may(self, duty: Duty, scale: str, day: date) -> bool:
        """Say whether the person is authorised for the duty, for the scale, on that day."""
        return any(held.covers(duty, scale, day) for held in self.authorisations)


@dataclass(frozen=True, slots=True)
class Signature:
    """A known person who has just shown the passphrase. Only `desk` makes one."""

    person: Person = field(repr=False)

    @property
    def name(self) -> str:
        """Return who signs."""
        return self.person.name


People: TypeAlias = dict[str, Person]
"""Everybody by short name."""


def fold_people(events: Iterable[AnyEvent]) -> People:
    """Return everybody by name."""
    people: People = {}
    for event in events:
        if isinstance(event, AboutPerson):
            known = people.get(event.person, Person(event.person))
            people[event.person] = _after(known, event)
    return people


def _after(person: Person, event: AboutPerson) -> Person:
    match event:
        case PersonEntered():
            return replace(person, card=event.card)
        case PassphraseSet():
            return replace(person, verifier=event.verifier)
        case AuthorisationGranted():
            new = Authorisation(event.duty, event.scale, event.first, event.last, event.by)
            return replace(person, authorisations=(*person.authorisations, new))
        case AuthorisationEnded():
            kept = tuple(_ended(held, event) for held in person.authorisations)
            return replace(person, authorisations=tuple(held for held in kept if held))


def _ended(held: Authorisation, end: AuthorisationEnded) -> Authorisation | None:
    if (held.duty, held.scale) != (end.duty, end.scale) or held.last < end.day:
        return held
    # The days before stay: what was signed then was signed rightly.
    day_before = date.fromordinal(end.day.toordinal() - 1)
    return replace(held, last=day_before) if held.first <= day_before else None
