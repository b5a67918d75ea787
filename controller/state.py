"""The state of a cell: frozen, and nothing but what its events say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar

from controller.events import (
    BlockOrder,
    BlockSized,
    CheckJudged,
    DecisionAsked,
    DutyFell,
    HolderStocked,
    IndentIntended,
    Judged,
    KindTold,
    Shown,
    Spot,
    SurfaceSeen,
    TransferIntended,
)
from drivers.record_count import RecordCount

K = TypeVar("K")
V = TypeVar("V")

GRIPPER, OUTSIDE = "gripper", "outside"


class Use(StrEnum):
    """What has become of a planned position."""

    FREE = "free"
    INTENDED = "intended"
    DOUBTED = "doubted"
    MEASURED = "measured"
    VOID = "void"


class Stage(StrEnum):
    """How far a block has come."""

    WAITING = "waiting"
    SIZED = "sized"
    PLANNED = "planned"
    INDENTED = "indented"
    CONFIRMED = "confirmed"
    JUDGED = "judged"
    REFUSED = "refused"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Position:
    """One place on the test face where this verification may indent."""

    x: float
    y: float
    spare: bool
    use: Use = Use.FREE


@dataclass(frozen=True, slots=True)
class Reading:
    """A valid reading: which position, what the tester published."""

    op: str
    position: int
    hardness: Decimal
    number: int
    duty: str = ""


@dataclass(frozen=True)  # without slots: `controller.replacing`
class Block:
    """One block of the tray, of the fixed holder, or left in the reject row by an earlier tray.

    ``verdict_held``: the check block was off after it, so the verdict does not stand yet.
    ``waived`` are the kinds of doubt in spite of which it goes on, as was decided.
    """

    name: str
    role: Literal["customer", "seating", "check", "rejected"]
    scale: str
    home: str
    at: str
    stage: Stage
    order: BlockOrder | None = None
    stock: HolderStocked | None = None
    identified: bool = False
    sized: BlockSized | None = None
    before: SurfaceSeen | None = None
    latest: SurfaceSeen | None = None
    told: KindTold | None = None
    waived: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    pitch_mm: float = 0.0
    edge_mm: float = 0.0
    margin_mm: float = 0.0
    damage_mm: float = 0.0
    readings: tuple[Reading, ...] = ()
    climate: tuple[Decimal, Decimal] | None = None
    verdict: Judged | None = None
    verdict_held: bool = False
    refused_because: str = ""
    goes_to: Literal["reject", "slot", "absent", ""] = ""
    held_by: tuple[str, ...] = ()

    @property
    def doubted(self) -> int | None:
        """The position whose last indentation is in doubt, if any."""
        return next((i for i, p in enumerate(self.positions) if p.use is Use.DOUBTED), None)

    @property
    def voids(self) -> int:
        """How many positions were spent without a reading."""
        return sum(p.use is Use.VOID for p in self.positions)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A block on its way: the arm has intended, or done, the pick."""

    block: str
    source: str
    target: str


Intent: TypeAlias = TransferIntended | IndentIntended


@dataclass(frozen=True)  # without slots: `controller.replacing`
class CellState:
    """The whole cell, as folded from its journal.

    ``unchecked`` are the blocks judged since the last good check, ``closing_checked``
    whether the check after this tray's last block was made. ``doubts`` tells for
    each doubted intent how many cycles were counted since. ``records`` is how many
    records of the spool are accounted for, ``count`` what is known of the tester's numbers,
    ``cycles`` its cycle count when that was last accounted for (-1: never), ``results`` how
    many it had been seen to show by then (None: nobody sees it), ``shown`` what people found
    on its display, by intent. ``ops`` and ``asked`` are the highest numbers
    that intents and questions bear, ``commands`` the last orders obeyed. ``retired`` are
    blocks that stood in the holder and are to stay out of it. What grows is trimmed when a
    tray is accepted. ``crashes`` are the times of the last deaths of the program,
    ``void_series`` how many readings are void since the last good one, or since a person
    was asked about that.
    """

    session: int = 0
    crashes: tuple[str, ...] = ()
    void_series: int = 0
    mode: str = "STOPPED"
    mode_reason: str = ""
    epochs: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    tray: str = ""
    regulation: str = ""
    tray_finished: bool = False
    slots_occupied: frozenset[int] | None = None
    blocks: Mapping[str, Block] = field(default_factory=lambda: MappingProxyType({}))
    duties: tuple[DutyFell, ...] = ()
    duties_done: tuple[CheckJudged, ...] = ()
    unchecked: frozenset[str] = frozenset()
    closing_checked: bool = False
    set_up_for: str = ""
    transfer: Transfer | None = None
    intents: Mapping[str, Intent] = field(default_factory=lambda: MappingProxyType({}))
    attempts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    doubts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    ops: int = 0
    asked: int = 0
    records: int = 0
    count: RecordCount = field(default_factory=RecordCount)
    cycles: int = -1
    results: int | None = None
    shown: Mapping[str, Shown] = field(default_factory=lambda: MappingProxyType({}))
    door_closed: bool = True
    safety_closed: bool = True
    arm_at: str = ""
    questions: Mapping[str, DecisionAsked] = field(default_factory=lambda: MappingProxyType({}))
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    alarms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    commands: tuple[str, ...] = ()
    retired: frozenset[str] = frozenset()

    def block_at(self, place: str) -> Block | None:
        """Return the block that the evidence puts at a place, or in the `GRIPPER`."""
        return next((block for block in self.blocks.values() if block.at == place), None)

    @property
    def customers(self) -> tuple[Block, ...]:
        """The tray's blocks in slot order."""
        return tuple(block for block in self.blocks.values() if block.role == "customer")

    @property
    def interlocked(self) -> bool:
        """Whether door or safety chain forbids motion."""
        return not (self.door_closed and self.safety_closed)

    @property
    def cell_in_question(self) -> bool:
        """Whether a person was asked about the cell itself: nothing moves until the answer."""
        return any(not asked.block for asked in self.undecided)

    @property
    def undecided(self) -> tuple[DecisionAsked, ...]:
        """The questions about what to do. What a device asks holds up nobody but that device."""
        return tuple(asked for asked in self.questions.values() if not asked.device)


def with_item(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Return the mapping with one item put in or replaced."""
    return MappingProxyType({**mapping, key: value})


def without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """Return the mapping without one key."""
    if key not in mapping:
        return mapping
    return MappingProxyType({k: v for k, v in mapping.items() if k != key})


def planned(spots: tuple[Spot, ...], spares: tuple[Spot, ...]) -> tuple[Position, ...]:
    """Return positions in visiting order, spares last."""
    return (
        *(Position(s.x, s.y, spare=False) for s in spots),
        *(Position(s.x, s.y, spare=True) for s in spares),
    )
