"""The tables of the information library.

Most are a projection of the journal, which alone writes them; those of the office are not.
"""

from records.tables.base import Base
from records.tables.certificates import Certificate
from records.tables.checks import CheckVerdict, Duty, HolderBlock
from records.tables.cursor import Cursor
from records.tables.measurements import Environment, Reading, SurfacePicture, Verdict
from records.tables.office import InboxOrder, OfficeEvent, OutboxMessage, ReviewState
from records.tables.people import Question
from records.tables.work import Block, LabSession, Run, Sizing, Tray

METADATA = Base.metadata

PROJECTED = tuple(t for t in METADATA.sorted_tables if not t.info.get("office"))
"""The tables that the journal can bring back, in an order in which they may be filled."""

__all__ = [
    "METADATA",
    "PROJECTED",
    "Block",
    "Certificate",
    "CheckVerdict",
    "Cursor",
    "Duty",
    "Environment",
    "HolderBlock",
    "InboxOrder",
    "LabSession",
    "OfficeEvent",
    "OutboxMessage",
    "Question",
    "Reading",
    "ReviewState",
    "Run",
    "Sizing",
    "SurfacePicture",
    "Tray",
    "Verdict",
]
