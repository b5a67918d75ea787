"""Everything that can happen in a cell, as frozen facts. The journal keeps them, `fold` reads them.

Each class carries ``VERSION``; a change of meaning raises it, and ``OLDEST`` tells the
first version that the class still reads: what it did not have takes its default. Lengths are mm in
the block frame, times are seconds, readings are `Decimal`. Places are written
as `drivers.interfaces.Place` prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from controller.event_parts import BlockOrder as BlockOrder
from controller.event_parts import Event as Event
from controller.event_parts import Evidence as Evidence
from controller.event_parts import Spot as Spot
from controller.record_events import DisplayRead as DisplayRead
from controller.record_events import NumberRead as NumberRead
from controller.record_events import Shown as Shown
from controller.record_events import StrayRecord as StrayRecord
from controller.surface_events import DoubtWaived as DoubtWaived
from controller.surface_events import IndentsSeen as IndentsSeen
from controller.surface_events import KindTold as KindTold
from controller.surface_events import Planned as Planned
from controller.surface_events import SurfaceSeen as SurfaceSeen

# -- session ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionBegan(Event):
    """The daemon started; every later event belongs to this session.

    ``at`` (UTC, ISO 8601) is when; ``crashed``: the session before had not ended in good order.
    """

    session: int
    program: str
    config: str
    seed: int
    at: str = ""
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class EpochClaimed(Event):
    """A device accepted our epoch: commands of older sessions are fenced out."""

    device: str
    epoch: int
    boot: int


@dataclass(frozen=True, slots=True)
class ModeChanged(Event):
    """The cell entered a PackML state."""

    mode: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandTaken(Event):
    """A person's command was accepted."""

    command: str
    verb: str
    by: str


@dataclass(frozen=True, slots=True)
class InterlockChanged(Event):
    """Door or safety chain opened or closed."""

    door_closed: bool
    safety_closed: bool


@dataclass(frozen=True, slots=True)
class AlarmRaised(Event):
    """Something needs a person's response. Raised once, until cleared."""

    alarm: str
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlarmCleared(Event):
    """The cause is gone."""

    alarm: str
    source: str


# -- what is in the cell ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrayAccepted(Event):
    """A tray was docked and its manifest found valid."""

    tray: str
    regulation: str
    blocks: tuple[BlockOrder, ...]


@dataclass(frozen=True, slots=True)
class HolderStocked(Event):
    """A seating or check block stands in the fixed holder, with the positions it still offers."""

    block: str
    role: Literal["seating", "check"]
    scale: str
    place: str
    certified: Decimal | None
    limit: Decimal | None
    positions: tuple[Spot, ...]
    pitch_mm: float


@dataclass(frozen=True, slots=True)
class DutyFell(Event):
    """A seating or check became due: so many indentations on a block of the holder."""

    duty: str
    kind: Literal["seating", "opening-check", "closing-check"]
    block: str
    needed: int
    cause: str


@dataclass(frozen=True, slots=True)
class SlotMapRead(Event):
    """Which tray slots are sensed occupied."""

    tray: str
    occupied: tuple[int, ...]


# -- intent and confirmation --------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransferIntended(Event):
    """The arm is about to pick at, or release at, a place. ``target`` ends the whole transfer."""

    op: str
    step: Literal["pick", "release"]
    block: str
    source: str
    target: str
    attempt: int
    before: Evidence


@dataclass(frozen=True, slots=True)
class IndentIntended(Event):
    """One indentation is about to be started. ``tag`` comes back in the cycle evidence."""

    op: str
    block: str
    position: int
    x: float
    y: float
    scale: str
    duty: str
    tag: int
    attempt: int
    before: Evidence


@dataclass(frozen=True, slots=True)
class TransferConfirmed(Event):
    """The step happened; sensors at both ends agree."""

    op: str
    after: Evidence
    recovered: bool


@dataclass(frozen=True, slots=True)
class IndentConfirmed(Event):
    """The indentation happened and its reading is here, as published and as a number."""

    op: str
    hardness: Decimal
    number: int
    raw: str
    received: str
    preliminary_dwell_ms: int
    loading_ms: int
    total_dwell_ms: int
    total_force_n: Decimal
    after: Evidence
    recovered: bool


@dataclass(frozen=True, slots=True)
class NotHappened(Event):
    """The intended action provably did not happen: its position is unspent."""

    op: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndentVoided(Event):
    """The position is spent, the reading void for a technical reason that is not its value.

    ``records`` is how many records of the spool are accounted for by now. ``made`` is how
    many cycles the tester made since the intent, ``counted`` how many records it counted for
    them, at least and at most, ``results`` how many the station has seen it show in all. In
    older journals ``owed`` says at least one instead, ``uncounted`` none.
    """

    op: str
    reason: str
    number: int | None
    raw: str
    records: int = 0
    owed: bool = False
    uncounted: bool = False
    made: int = 1
    counted: tuple[int, int] | None = None
    results: int | None = None


@dataclass(frozen=True, slots=True)
class IndentDoubted(Event):
    """The evidence is ambiguous: the block is photographed before anything else happens to it.

    ``made``, ``counted`` and ``results`` are as in `IndentVoided`, so is ``uncounted``.
    """

    op: str
    reason: str
    number: int | None
    raw: str
    records: int = 0
    made: int = 1
    uncounted: bool = False
    counted: tuple[int, int] | None = None
    results: int | None = None


@dataclass(frozen=True, slots=True)
class FaultReset(Event):
    """A latched fault of a device was cleared, its cause gone and its intents settled."""

    device: str
    fault: int


# -- a block's facts ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockSized(Event):
    """Identity and dimensions read at the sizing stage; ``code`` is None when unreadable."""

    block: str
    code: str | None
    thickness_mm: Decimal
    width_mm: Decimal
    depth_mm: Decimal


@dataclass(frozen=True, slots=True)
class BlockIdentified(Event):
    """The identity is settled, by its code or by a person."""

    block: str
    by: str


@dataclass(frozen=True, slots=True)
class ClimateRead(Event):
    """Temperature (°C) and humidity (%) with a block."""

    block: str
    temperature_c: Decimal
    humidity_pct: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """One standard uncertainty (k = 1) of a budget, by its name in the standard."""

    symbol: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Judged(Event):
    """The verdict on a block, with what it rests on; older journals do not tell the budget."""

    block: str
    mean: Decimal
    value: Decimal
    uniformity: Decimal
    limit: Decimal
    passed: bool
    provisional: bool
    reason: str
    expanded_uncertainty: Decimal
    regulation: str
    budget: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckJudged(Event):
    """The check block was measured; a failed closing check holds the day's verdicts.

    ``day`` is the date in UTC, ISO 8601.
    """

    duty: str
    block: str
    mean: Decimal
    certified: Decimal
    deviation: Decimal
    limit: Decimal
    good: bool
    day: str = ""


@dataclass(frozen=True, slots=True)
class BlockRefused(Event):
    """The block is not measured (any further); ``to`` is where it goes."""

    block: str
    reason: str
    to: Literal["reject", "slot", "absent"]


@dataclass(frozen=True, slots=True)
class BlockTakenOut(Event):
    """A person took the block out of the cell: nothing more is to be done with it."""

    block: str
    by: str


@dataclass(frozen=True, slots=True)
class RejectRowEmptied(Event):
    """A person took the blocks of the reject row away."""

    by: str


# -- people -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecisionAsked(Event):
    """A person is asked; ``default`` is taken at ``deadline`` (UTC, ISO 8601; empty: never).

    Version 2: a ``device`` whose work a person does asks for itself alone. ``form`` tells
    what may be typed instead of an option; without an answer in time it asks again.
    """

    VERSION: ClassVar[int] = 2

    question: str
    kind: str
    block: str
    op: str
    text: str
    options: tuple[str, ...]
    default: str
    deadline: str
    picture: str
    device: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class DecisionAnswered(Event):
    """The question is settled by a person or by its default.

    Version 2: ``option`` may be what was typed, where the question has a form.
    """

    VERSION: ClassVar[int] = 2

    question: str
    option: str
    by: str


@dataclass(frozen=True, slots=True)
class DecisionWithdrawn(Event):
    """Nobody waits for the answer any more: it was late, or its asker is gone."""

    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArmMoved(Event):
    """The arm stands over a place. Told for the view and the choice of moves, never for safety."""

    at: str


@dataclass(frozen=True, slots=True)
class TrayFinished(Event):
    """Nothing is left to do for the tray."""

    tray: str
    passed: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True)
class JournalSealed(Event):
    """All before went into an archive: events ``first`` to ``last``, whose hash is ``head``.

    ``digest`` is the SHA-256 of the file, ``state`` what `controller.checkpoint` writes.
    """

    number: int
    tray: str
    archive: str
    digest: str
    first: int
    last: int
    head: str
    state_version: int
    state: str


AnyEvent: TypeAlias = (
    SessionBegan
    | EpochClaimed
    | ModeChanged
    | CommandTaken
    | InterlockChanged
    | AlarmRaised
    | AlarmCleared
    | TrayAccepted
    | HolderStocked
    | DutyFell
    | SlotMapRead
    | TransferIntended
    | IndentIntended
    | TransferConfirmed
    | IndentConfirmed
    | NotHappened
    | IndentVoided
    | IndentDoubted
    | DisplayRead
    | NumberRead
    | StrayRecord
    | FaultReset
    | BlockSized
    | BlockIdentified
    | SurfaceSeen
    | KindTold
    | DoubtWaived
    | Planned
    | IndentsSeen
    | ClimateRead
    | Judged
    | CheckJudged
    | BlockRefused
    | BlockTakenOut
    | RejectRowEmptied
    | DecisionAsked
    | DecisionAnswered
    | DecisionWithdrawn
    | ArmMoved
    | TrayFinished
    | JournalSealed
)
