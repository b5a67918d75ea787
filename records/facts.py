"""What the projection reads of each event, validated. Units as in the journal: mm, ms, N, °C, %.

Fields the library does not keep are not named here, so an event may gain fields freely; a change
of meaning shows as a new version and is refused by the rule of the event.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


def _written(value: object) -> Decimal:
    # A number that went through a binary float has lost the digits the device published.
    if not isinstance(value, str):
        raise ValueError("a reading is written as text")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None


def _or_never(value: object) -> datetime | None:
    if not isinstance(value, str):
        raise ValueError("an instant is written as text")
    return datetime.fromisoformat(value) if value else None


Number = Annotated[Decimal, BeforeValidator(_written)]
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]


class Facts(BaseModel):
    """The root: strict, frozen, indifferent to fields it does not know."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class SessionBegan(Facts):
    """The daemon started."""

    session: int
    program: str
    config: str
    seed: int


class Order(Facts):
    """One block of a manifest."""

    block: Name
    scale: Name
    slot: int
    shape: Literal["round", "rectangle"]
    width_mm: float
    depth_mm: float


class TrayAccepted(Facts):
    """A tray came with its blocks."""

    tray: Name
    regulation: Name
    blocks: tuple[Order, ...]


class TrayFinished(Facts):
    """A tray is done."""

    tray: Name
    passed: Count
    failed: Count
    refused: Count


class BlockSized(Facts):
    """Code and size of a block."""

    block: Name
    code: str | None
    thickness_mm: Number
    width_mm: Number
    depth_mm: Number


class BlockIdentified(Facts):
    """Whose word settles the identity."""

    block: Name
    by: str


class BlockRefused(Facts):
    """Why a block is not measured, and where it goes."""

    block: Name
    reason: str
    to: Literal["reject", "slot", "absent"]


class HolderStocked(Facts):
    """A block of the fixed holder; each position is one indentation it still offers."""

    block: Name
    role: Literal["seating", "check"]
    scale: Name
    place: str
    certified: Number | None
    limit: Number | None
    positions: tuple[Any, ...]


class DutyFell(Facts):
    """Indentations due on a block of the holder."""

    duty: Name
    kind: Literal["seating", "opening-check", "closing-check"]
    block: Name
    needed: Count
    cause: str


class CheckJudged(Facts):
    """How a check came out."""

    duty: str
    block: Name
    mean: Number
    certified: Number
    deviation: Number
    limit: Number
    good: bool


class IndentIntended(Facts):
    """An indentation about to be made; ``duty`` is empty for a customer's block."""

    op: Name
    block: Name
    position: Count
    x: float
    y: float
    scale: Name
    duty: str
    tag: int
    attempt: int


class IndentConfirmed(Facts):
    """A reading."""

    op: Name
    hardness: Number
    number: int
    raw: str
    received: AwareDatetime
    preliminary_dwell_ms: Count
    loading_ms: Count
    total_dwell_ms: Count
    total_force_n: Number
    recovered: bool


class Unread(Facts):
    """An indentation voided or doubted, with the record there may have been."""

    op: Name
    reason: Name
    number: int | None
    raw: str


class NotHappened(Facts):
    """An intended action that left no trace; it may be a transfer."""

    op: Name
    reason: Name


class SurfaceSeen(Facts):
    """A picture of the test face and the marks found on it."""

    block: Name
    purpose: Literal["before", "after", "doubt"]
    picture: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    marks: tuple[Any, ...]
    calibration: str = ""


class ClimateRead(Facts):
    """Climate at a block."""

    block: Name
    temperature_c: Number
    humidity_pct: Number


class Share(Facts):
    """One standard uncertainty (k = 1) of a budget, by its name in the standard."""

    symbol: Name
    value: Number


class Judged(Facts):
    """A verdict; journals of older programs do not tell its budget."""

    block: Name
    mean: Number
    value: Number
    uniformity: Number
    limit: Number
    passed: bool
    provisional: bool
    reason: str
    expanded_uncertainty: Number
    regulation: Name
    budget: tuple[Share, ...] = ()


class DecisionAsked(Facts):
    """A question to a person; ``block`` and ``op`` may be empty."""

    question: Name
    kind: str
    block: str
    op: str
    text: str
    options: tuple[str, ...]
    default: str
    deadline: Annotated[AwareDatetime | None, BeforeValidator(_or_never)]
    picture: str


class DecisionAnswered(Facts):
    """The answer to a question: an option, or what was typed."""

    question: Name
    option: str
    by: str


class DecisionWithdrawn(Facts):
    """A question that nobody waits for any more."""

    question: Name
    reason: str
