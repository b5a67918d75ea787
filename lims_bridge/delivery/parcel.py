"""What is handed to a receiver, and what a receiver must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lims_bridge.delivery.outcomes import Assurance, CannotTell, Finding, Outcome
from lims_bridge.office.events import Document


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message with all that belongs to it.

    ``notice`` says what became true, ``content`` is the canonical record as JSON, ``files`` are
    the documents by their SHA-256.
    """

    key: str
    kind: str
    notice: Mapping[str, Any]
    content: Mapping[str, Any]
    documents: tuple[Document, ...]
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Held:
    """Something the receiver has under one of our keys; ``digest`` is empty if it keeps none."""

    key: str
    digest: str = ""


class Receiver(Protocol):
    """Somebody who is told. It raises nothing foreseeable: trouble is an outcome."""

    @property
    def assurance(self) -> Assurance:
        """Return how a second sending is kept harmless."""
        ...

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Hand a parcel over; return what is known to have become of it."""
        ...

    async def look_up(self, parcel: Parcel) -> Finding:
        """Ask whether it is there already."""
        ...

    async def recent(self, limit: int) -> tuple[Held, ...] | CannotTell:
        """Return up to so many of the latest that the receiver has from us."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
