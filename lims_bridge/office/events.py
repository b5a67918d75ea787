"""Everything that can happen in the office, as frozen facts. The log keeps them, folds read them.

Each class carries ``VERSION``; a change of meaning raises it. What is large or personal is not in
an event but kept as a file by its SHA-256, so that it can be erased and the chain stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal, TypeAlias

Duty = Literal["test", "check", "approve"]
"""What a person may be authorised for: 检定员, 核验员, 批准人."""

Supersession = Literal["amends", "replaces"]
"""How a revision treats the one before: corrects a part of it, or stands in its place."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact."""

    VERSION: ClassVar[int] = 1


# -- people -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonEvent(Event):
    """Something that happened to a person, known by a short name."""

    person: str

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return f"person:{self.person}"


@dataclass(frozen=True, slots=True)
class PersonEntered(PersonEvent):
    """A person is known by a short name; ``card`` is the digest of the full names and contact."""

    card: str
    by: str


@dataclass(frozen=True, slots=True)
class PassphraseSet(PersonEvent):
    """A person signs with a passphrase; ``verifier`` is the digest of what tells a right one."""

    verifier: str
    by: str


@dataclass(frozen=True, slots=True)
class AuthorisationGranted(PersonEvent):
    """A person may do a duty for a scale ("*": for all) on the days from first to last."""

    duty: Duty
    scale: str
    first: date
    last: date
    by: str


@dataclass(frozen=True, slots=True)
class AuthorisationEnded(PersonEvent):
    """From ``day`` on a person may no longer do a duty for a scale."""

    duty: Duty
    scale: str
    day: date
    by: str
    reason: str


# -- review -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """A file that goes to the customer: what it is, its name, its SHA-256."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordEvent(Event):
    """Something that happened to one revision of a record."""

    record: str
    revision: int

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return f"record:{self.record}/{self.revision}"


@dataclass(frozen=True, slots=True)
class RecordMeasured(RecordEvent):
    """A record came from the laboratory; ``digest`` is the SHA-256 of its canonical text.

    ``equipment`` made the measurement: a robot is equipment, never a person. ``how`` and
    ``reason`` are empty for a first revision.
    """

    digest: str
    block: str
    scale: str
    equipment: str
    provisional: bool
    how: Supersession | Literal[""]
    reason: str


@dataclass(frozen=True, slots=True)
class Signed(RecordEvent):
    """A person signed for the text with this digest."""

    digest: str
    by: str


@dataclass(frozen=True, slots=True)
class RecordSubmitted(Signed):
    """检定员: I am responsible for this run, and this is its record."""


@dataclass(frozen=True, slots=True)
class RecordChecked(Signed):
    """核验员: data, calculation and the validity of the standards are right.

    ``checks`` is the digest of the list of checks that was shown.
    """

    checks: str


@dataclass(frozen=True, slots=True)
class RecordApproved(Signed):
    """批准人: the document may go out."""

    checks: str


@dataclass(frozen=True, slots=True)
class RecordReturned(RecordEvent):
    """A checker or approver sent the record back, with the reason."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordIssued(RecordEvent):
    """The sealed documents went out under a certificate number."""

    digest: str
    certificate: str
    documents: tuple[Document, ...]
    by: str


@dataclass(frozen=True, slots=True)
class RecordWithdrawn(RecordEvent):
    """The issued documents are no longer valid, and nothing takes their place."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordSuperseded(RecordEvent):
    """A later revision was issued that amends or replaces this one."""

    how: Supersession
    successor: int


# -- delivery, keeping --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageDecided(Event):
    """A person decided about a message that could not be delivered by itself."""

    key: str
    decision: Literal["resend", "arrived", "give-up"]
    by: str
    reason: str

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return f"message:{self.key}"


@dataclass(frozen=True, slots=True)
class OrderReceived(Event):
    """An order came in; ``digest`` names its text."""

    number: str
    source: str
    key: str
    digest: str

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return f"order:{self.number}"


@dataclass(frozen=True, slots=True)
class AnchorMade(Event):
    """The heads of all chains were signed; ``digest`` is that of the anchor's text."""

    name: str
    digest: str

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return "anchor"


@dataclass(frozen=True, slots=True)
class PayloadErased(Event):
    """A kept file was erased on purpose; its digest stays in the chain."""

    digest: str
    by: str
    reason: str

    @property
    def subject(self) -> str:
        """Say what this is about."""
        return "erasure"


AboutPerson: TypeAlias = PersonEntered | PassphraseSet | AuthorisationGranted | AuthorisationEnded
AboutRecord: TypeAlias = (
    RecordMeasured
    | RecordSubmitted
    | RecordChecked
    | RecordApproved
    | RecordReturned
    | RecordIssued
    | RecordWithdrawn
    | RecordSuperseded
)
AnyEvent: TypeAlias = (
    AboutPerson | AboutRecord | MessageDecided | OrderReceived | AnchorMade | PayloadErased
)
