"""What the review needs to know of a record; the rest it keeps as text it never looks into."""

from __future__ import annotations

from dataclasses import dataclass

from lims_bridge.exact import sha256_hex
from lims_bridge.office.events import Supersession
from lims_bridge.record import CalibrationRecord
from lims_bridge.review.state import RecordKey


@dataclass(frozen=True, slots=True)
class Dossier:
    """One revision of a record, about to be reviewed. ``payload`` is its canonical text."""

    key: RecordKey
    payload: bytes
    block: str
    scale: str
    equipment: str
    provisional: bool
    how: Supersession | None = None
    reason: str = ""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text, in hex."""
        return sha256_hex(self.payload)


def dossier_of(
    record: CalibrationRecord,
    revision: int = 1,
    how: Supersession | None = None,
    reason: str = "",
) -> Dossier:
    """Return the dossier of a canonical record."""
    machines = [e.identity for e in record.equipment if e.role == "standard machine"]
    return Dossier(
        key=RecordKey(record.number, revision),
        payload=record.payload(),
        block=record.item.number,
        scale=record.scale.symbol,
        equipment=", ".join([record.versions.program, *machines]),
        provisional=record.draft,
        how=how,
        reason=reason,
    )
